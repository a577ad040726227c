package dataset

import (
	"os"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote/folder"
)

func TestPullOfAPart(t *testing.T) {
	r := plates(t)
	nas := folder.Open(t.TempDir())
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	c := cloned(t, r)
	var p job.Progress
	for _, step := range []struct {
		paths []string
		moved int
		have  []string
	}{
		{[]string{"plate 1/w2/µ5.tif"}, 1, []string{"w2/µ5.tif"}},
		{[]string{"plate 1/w2"}, 3, []string{"w2/µ11.tif", "w2/µ2.tif", "w2/µ5.tif", "w2/µ8.tif"}},
		{[]string{"plate 1/w2", "captures"}, 1, []string{"w2/µ11.tif", "w2/µ2.tif", "w2/µ5.tif", "w2/µ8.tif"}},
	} {
		done, err := c.PullPaths(t.Context(), nas, step.paths, &p)
		if err != nil || done.Moved != step.moved {
			t.Errorf("%q: %+v, %v", step.paths, done, err)
		}
		have, err := c.walk(t.Context(), "plate 1")
		if slices.Sort(have); err != nil || !slices.Equal(have, step.have) {
			t.Errorf("%q: %q, %v", step.paths, have, err)
		}
		wantWhole(t, folder.Open(c.cache.dir))
	}
	wantFile(t, c, "captures/sp8/a.tif", "capture")
	if _, err := os.Stat(c.abs("vol.bin")); err == nil {
		t.Error("what nobody asked for is there")
	}
	put(t, c, "plate 1/w2/µ5.tif", "a person's own")
	_, err := c.PullPaths(t.Context(), nas, []string{"plate 1/w2"}, nil)
	wantKind(t, "a file that is not versioned", err, fault.Exists)
	wantFile(t, c, "plate 1/w2/µ5.tif", "a person's own")
	for _, bad := range []string{"plate 1/nothing", "plate", "../x", "/etc"} {
		if _, err := c.PullPaths(t.Context(), nas, []string{bad}, nil); err == nil {
			t.Errorf("%q was pulled", bad)
		}
	}
	if err := os.Remove(c.abs("plate 1/w2/µ5.tif")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.PullPaths(t.Context(), nas, []string{"plate 1.dvc", "vol.bin"}, nil); err != nil {
		t.Fatal(err)
	}
	wantSame(t, r, c)
}
