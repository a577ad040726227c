package dataset

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

// TestAddIntoAFolderAsDVC does the same with dvc on a copy, and compares what both wrote.
func TestAddIntoAFolderAsDVC(t *testing.T) {
	run := dvc(t)
	ours, theirs := newRepo(t), newRepo(t)
	for _, r := range []*Repository{ours, theirs} {
		for _, f := range []string{"a.tif", "b.tif", "sub/1.tif", "sub/2.tif"} {
			put(t, r, "plate/"+f, f)
		}
		add(t, r, "plate", nil)
		put(t, r, "plate/a.tif", "changed, and not added")
	}
	same := func(what string) {
		t.Helper()
		a, err := os.ReadFile(ours.abs("plate.dvc"))
		must(t, err)
		b, err := os.ReadFile(theirs.abs("plate.dvc"))
		must(t, err)
		if string(a) != string(b) {
			t.Errorf("%s\n%s, dvc wrote\n%s", what, a, b)
		}
		outs, err := ours.Outputs(t.Context())
		must(t, err)
		list, err := os.ReadFile(ours.cache.path(outs[0].MD5))
		must(t, err)
		wantFile(t, &Repository{dir: theirs.cache.dir}, filepath.ToSlash(key(outs[0].MD5)), string(list))
	}
	for _, r := range []*Repository{ours, theirs} {
		put(t, r, "plate/new file.tif", "new")
		put(t, r, "plate/b.tif", "b has changed")
	}
	for _, f := range []string{"plate/new file.tif", "plate/b.tif"} {
		if o := add(t, ours, f, nil); o.Path != "plate" || o.File != "plate.dvc" {
			t.Errorf("%+v", o)
		}
		run(theirs, "add", "-q", f)
		same(f)
	}
	for _, r := range []*Repository{ours, theirs} {
		put(t, r, "plate/sub/3.tif", "3")
		must(t, os.Remove(r.abs("plate/sub/1.tif")))
	}
	add(t, ours, "plate/sub", nil)
	run(theirs, "add", "-q", "plate/sub")
	same("a folder inside")
	if s, err := ours.Status(t.Context()); err != nil || len(s.Changed) != 1 || s.Changed[0].State != Modified {
		t.Errorf("what was not added: %+v, %v", s, err)
	}
	if got := run(ours, "status", "--json"); got != `{"plate.dvc": [{"changed outs": {"plate": "modified"}}]}` {
		t.Errorf("dvc status: %s", got)
	}
}

func TestAddIntoAFolderThatIsNotHere(t *testing.T) {
	r := newRepo(t)
	put(t, r, "plate/a.tif", "a")
	o := add(t, r, "plate", nil)
	must(t, os.Remove(r.cache.path(o.MD5)))
	put(t, r, "plate/b.tif", "b")
	_, err := r.Add(t.Context(), "plate/b.tif", nil, nil)
	wantKind(t, "no list", err, fault.NotFound)
	put(t, r, "single.tif", "s")
	add(t, r, "single.tif", nil)
}
