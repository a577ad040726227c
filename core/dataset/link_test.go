package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// linked is a dataset with cache.type set.
func linked(t *testing.T, kind string) *Repository {
	t.Helper()
	r := newRepo(t)
	put(t, r, ".dvc/config", "[cache]\n    type = "+kind+"\n")
	return r
}

// isObject reports whether a file of the work tree and the object are one.
func isObject(t *testing.T, r *Repository, rel, content string) bool {
	t.Helper()
	wantFile(t, r, rel, content)
	a, err := os.Stat(r.abs(rel))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.Stat(r.cache.path(sum([]byte(content))))
	if err != nil || b.Mode().Perm() != wholeMode {
		t.Fatalf("%v, %v", b, err)
	}
	return os.SameFile(a, b)
}

func TestLinksAsDVC(t *testing.T) {
	for kind, links := range map[string]bool{"hardlink,copy": true, "symlink": true, "copy": false, "reflink,copy": false, "reflink,hardlink,symlink,copy": false} {
		t.Run(kind, func(t *testing.T) {
			run := dvc(t)
			r := linked(t, kind)
			files := map[string]string{"d/a": "one", "d/b/c": "two", "d/b/again": "one", "d/empty": "", "v": "three"}
			for rel, content := range files {
				put(t, r, rel, content)
			}
			add(t, r, "d", nil)
			add(t, r, "v", nil)
			for rel, content := range files {
				if is := isObject(t, r, rel, content); is != (links && content != "") {
					t.Errorf("%s is its object: %v", rel, is)
				}
			}
			if s, err := reopened(t, r).Status(t.Context()); err != nil || len(s.Changed) > 0 {
				t.Errorf("%+v, %v", s, err)
			}
			if got := run(r, "status", "--json"); got != "{}" {
				t.Errorf("dvc status: %s", got)
			}
			commit(t, r, "links", ".")
			nas := folder.Open(t.TempDir())
			if _, err := r.Push(t.Context(), nas, nil); err != nil {
				t.Fatal(err)
			}
			c := cloned(t, r)
			if _, err := c.Pull(t.Context(), nas, nil); err != nil {
				t.Fatal(err)
			}
			for rel, content := range files {
				if is := isObject(t, c, rel, content); is != (links && content != "") {
					t.Errorf("pulled %s is its object: %v", rel, is)
				}
			}
			if got := run(c, "status", "--json"); got != "{}" {
				t.Errorf("dvc status after our pull: %s", got)
			}
			if err := c.Checkout(t.Context(), nil); err != nil {
				t.Error(err)
			}
		})
	}
	r := linked(t, "magic")
	put(t, r, "v", "1")
	_, err := r.Add(t.Context(), "v", nil, nil)
	wantKind(t, "an unknown type", err, fault.Invalid)
}

// TestLinksSpareWhatIsElsewhere is D5: a folder or file of an instrument that is linked
// into the work tree is read, and neither linked to nor write-protected.
func TestLinksSpareWhatIsElsewhere(t *testing.T) {
	for _, kind := range []string{"hardlink", "symlink"} {
		r := linked(t, kind)
		src := instrument(t, "raw.tif", strings.Repeat("raw", 200_000))
		before, err := os.Stat(src)
		if err != nil {
			t.Fatal(err)
		}
		put(t, r, "d/own", "own")
		for name, to := range map[string]string{"d/file.tif": src, "d/folder": filepath.Dir(src)} {
			if err := os.Symlink(to, r.abs(name)); err != nil {
				t.Fatal(err)
			}
		}
		if o := add(t, r, "d", nil); o.Files != 3 {
			t.Errorf("%+v", o)
		}
		after, err := os.Stat(src)
		if err != nil || after.Mode() != before.Mode() || !os.SameFile(before, after) || !after.ModTime().Equal(before.ModTime()) {
			t.Errorf("%s: the instrument's file is %v, %v", kind, after, err)
		}
		if object, err := os.Stat(r.cache.path(sum([]byte(strings.Repeat("raw", 200_000))))); err != nil || os.SameFile(object, after) {
			t.Errorf("%s: the object is the instrument's file: %v", kind, err)
		}
		if s, err := r.Status(t.Context()); err != nil || len(s.Changed) > 0 {
			t.Errorf("%+v, %v", s, err)
		}
	}
}

// TestADetachedFileIsAnother replaces a hard-linked file, as an editor does.
func TestADetachedFileIsAnother(t *testing.T) {
	r := linked(t, "hardlink")
	put(t, r, "d/a", "one")
	commit(t, r, "one", add(t, r, "d", nil).Changed...)
	if err := os.Remove(r.abs("d/a")); err != nil {
		t.Fatal(err)
	}
	put(t, r, "d/a", "two")
	commit(t, r, "two", add(t, r, "d", nil).Changed...)
	if !isObject(t, r, "d/a", "two") {
		t.Error("the new one is not linked")
	}
	if got, err := os.ReadFile(r.cache.path(sum([]byte("one")))); err != nil || string(got) != "one" {
		t.Errorf("the old object is %q, %v", got, err)
	}
}
