package dataset

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func changes(t *testing.T, r *Repository, from, to string) string {
	t.Helper()
	all, err := r.Diff(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, c := range all {
		b.WriteString(c.Kind[:1] + " " + c.Path + "\n")
	}
	return b.String()
}

func TestDiff(t *testing.T) {
	r := plates(t)
	put(t, r, "captures/sp8/a.tif.review.json", "{}")
	before := commit(t, r, "review", "captures/sp8/a.tif.review.json")
	put(t, r, "plate 1/w0/new.tif", "new")
	put(t, r, "plate 1/w1/µ1.tif", "changed")
	if err := os.Remove(r.abs("plate 1/w2/µ2.tif")); err != nil {
		t.Fatal(err)
	}
	put(t, r, "captures/sp8/a.tif.review.json", "{ }")
	commit(t, r, "more", append(add(t, r, "plate 1", nil).Changed, "captures/sp8/a.tif.review.json")...)
	want := "c captures/sp8/a.tif.review.json\na plate 1/w0/new.tif\nc plate 1/w1/µ1.tif\nr plate 1/w2/µ2.tif\n"
	if got := changes(t, r, before, "HEAD"); got != want {
		t.Errorf("got\n%s, want\n%s", got, want)
	}
	if got := changes(t, r, "HEAD", before); got != strings.NewReplacer("a plate", "r plate", "r plate", "a plate").Replace(want) {
		t.Errorf("the other way round\n%s", got)
	}
	if got := strings.Count(changes(t, r, "", "HEAD"), "a "); got != 15 {
		t.Errorf("%d files since ever", got)
	}
	put(t, r, "vol.bin", "other")
	put(t, r, "last.tif", "1")
	add(t, r, "vol.bin", nil)
	add(t, r, "last.tif", nil)
	if got := changes(t, r, "HEAD", ""); got != "a last.tif\nc vol.bin\n" {
		t.Errorf("not committed\n%s", got)
	}
	_, err := r.Diff(t.Context(), "nothing", "")
	wantKind(t, "no version", err, fault.NotFound)
	_, err = r.Diff(t.Context(), "--output=x", "")
	wantKind(t, "an option", err, fault.NotFound)
}

// TestDiffAsDVC compares files, not folders, which dvc lists as well.
func TestDiffAsDVC(t *testing.T) {
	run := dvc(t)
	r := plates(t)
	put(t, r, "plate 1/w0/new.tif", "new")
	put(t, r, "plate 1/w1/µ1.tif", "changed")
	if err := os.Remove(r.abs("plate 1/w2/µ2.tif")); err != nil {
		t.Fatal(err)
	}
	commit(t, r, "more", add(t, r, "plate 1", nil).Changed...)
	var theirs map[string][]struct{ Path string }
	if err := json.Unmarshal([]byte(run(r, "diff", "--json", "HEAD~1", "HEAD")), &theirs); err != nil {
		t.Fatal(err)
	}
	var want []string
	for k, list := range map[string][]struct{ Path string }{"a": theirs["added"], "c": theirs["modified"], "r": theirs["deleted"]} {
		for _, f := range list {
			if !strings.HasSuffix(f.Path, "/") {
				want = append(want, k+" "+f.Path)
			}
		}
	}
	slices.SortFunc(want, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
	if got := changes(t, r, "HEAD~1", "HEAD"); got != strings.Join(want, "\n")+"\n" || len(want) != 3 {
		t.Errorf("got\n%s, dvc says\n%s", got, strings.Join(want, "\n"))
	}
}

func TestRestoreAnOlderVersion(t *testing.T) {
	r := plates(t)
	first := strings.TrimSpace(gitHere(t, r.dir, "rev-parse", "HEAD"))
	put(t, r, "vol.bin", "second")
	put(t, r, "plate 1/w0/new.tif", "new")
	for _, rel := range []string{"vol.bin", "plate 1"} {
		commit(t, r, "second", add(t, r, rel, nil).Changed...)
	}
	put(t, r, "plate 1/w0/mine.tif", "not versioned")
	_, err := r.Restore(t.Context(), first, []string{"plate 1"}, nil)
	wantKind(t, "a file would be lost", err, fault.Exists)
	if err := os.Remove(r.abs("plate 1/w0/mine.tif")); err != nil {
		t.Fatal(err)
	}
	changed, err := r.Restore(t.Context(), first, []string{"vol.bin", "plate 1"}, nil)
	if err != nil || !slices.Equal(changed, []string{"vol.bin.dvc", "plate 1.dvc"}) {
		t.Fatalf("%v, %v", changed, err)
	}
	wantFile(t, r, "vol.bin", "volume")
	if _, err := os.Stat(r.abs("plate 1/w0/new.tif")); err == nil {
		t.Error("the newer file is still there")
	}
	s, err := r.Status(t.Context())
	if err != nil || len(s.Changed) != 0 || len(s.Uncommitted) != 2 {
		t.Errorf("status %+v, %v", s, err)
	}
	_, err = r.Restore(t.Context(), first, []string{"../x"}, nil)
	wantKind(t, "outside", err, fault.Invalid)
	_, err = r.Restore(t.Context(), first, []string{"none"}, nil)
	wantKind(t, "nothing", err, fault.NotFound)

	to := t.TempDir() + "/copy.bin"
	if err := r.Copy(t.Context(), sum([]byte("second")), to, nil); err != nil {
		t.Error(err)
	}
	if got, err := os.ReadFile(to); err != nil || string(got) != "second" {
		t.Errorf("copied %q, %v", got, err)
	}
	wantKind(t, "twice", r.Copy(t.Context(), sum([]byte("second")), to, nil), fault.Exists)
}

func TestCheckoutOfPaths(t *testing.T) {
	r := plates(t)
	for _, rel := range []string{"plate 1", "vol.bin", "captures/sp8/a.tif"} {
		if err := os.RemoveAll(r.abs(rel)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.CheckoutPaths(t.Context(), []string{"captures"}, nil); err != nil {
		t.Fatal(err)
	}
	wantFile(t, r, "captures/sp8/a.tif", "capture")
	if _, err := os.Stat(r.abs("vol.bin")); err == nil {
		t.Error("more than was asked for")
	}
	wantKind(t, "nothing", r.CheckoutPaths(t.Context(), []string{"capture"}, nil), fault.NotFound)
}
