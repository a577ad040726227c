package dataset

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

// fill writes n files, some of which git has to be told of with care, and returns their names.
func fill(t *testing.T, r *Repository, n int) []Addition {
	t.Helper()
	var all []Addition
	for i := range n {
		name := fmt.Sprintf("captures/scope %d/trace [%d] with a long name so that a command line would be full.csv", i%2, i)
		path := r.abs(name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, fmt.Appendf(nil, "t;%d\n", i), 0o644); err != nil {
			t.Fatal(err)
		}
		all = append(all, Addition{Rel: name, Meta: map[string]any{"coverslip": map[string]any{"n": i}}})
	}
	return all
}

// TestManyAreAddedAsOneByOne compares what many files at once leave behind with what each
// alone does, and commits them beside what a person has staged.
func TestManyAreAddedAsOneByOne(t *testing.T) {
	const n = 200
	var texts [2]map[string]string
	for k := range texts {
		r, err := Init(t.Context(), t.TempDir(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		all := fill(t, r, n)
		var outs []Output
		if k == 0 {
			outs, err = r.AddAll(t.Context(), all, nil)
		}
		for _, a := range all[len(outs):] {
			out, aerr := r.Add(t.Context(), a.Rel, a.Meta, nil)
			outs, err = append(outs, out), aerr
		}
		if err != nil || len(outs) != n {
			t.Fatalf("%d added, %v", len(outs), err)
		}
		texts[k] = map[string]string{}
		for _, o := range outs {
			for _, name := range o.Changed {
				text, err := os.ReadFile(r.abs(name))
				if err != nil {
					t.Fatal(err)
				}
				texts[k][name] = string(text)
			}
		}
		if k == 0 {
			commitMany(t, r, outs)
		}
	}
	if len(texts[0]) != n+2 || len(texts[0]) != len(texts[1]) {
		t.Errorf("%d and %d files", len(texts[0]), len(texts[1]))
	}
	for name, text := range texts[1] {
		if texts[0][name] != text {
			t.Errorf("%s is\n%s\nand alone\n%s", name, texts[0][name], text)
		}
	}
}

func commitMany(t *testing.T, r *Repository, outs []Output) {
	t.Helper()
	var paths []string
	for _, o := range outs {
		for _, p := range o.Changed {
			if !slices.Contains(paths, p) {
				paths = append(paths, p)
			}
		}
	}
	if err := os.WriteFile(r.abs("notes.txt"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := r.git.run(t.Context(), "add", "notes.txt"); err != nil {
		t.Fatal(err)
	}
	who := Author{"Ada", "ada@example.org"}
	id, err := r.CommitAll(t.Context(), who, "Capture them\n\nall\n", paths)
	if err != nil {
		t.Fatal(err)
	}
	again, err := r.CommitAll(t.Context(), who, "Capture them again", paths)
	if err != nil || again != id {
		t.Errorf("a second time: %s, not %s, %v", again, id, err)
	}
	commits, err := r.Log(t.Context(), 0)
	if err != nil || len(commits) != 2 || commits[0].ID != id || commits[0].Author != who || commits[0].Subject != "Capture them" || commits[0].Body != "all" {
		t.Errorf("log %+v, %v", commits, err)
	}
	left, err := r.git.run(t.Context(), "status", "--porcelain", "-z")
	if err != nil || left != "A  notes.txt\x00" {
		t.Errorf("left to commit: %q, %v", left, err)
	}
	changed, err := r.git.run(t.Context(), "show", "--name-only", "--format=", "-z", id)
	if err != nil || len(strings.Split(strings.Trim(changed, "\x00"), "\x00")) != len(paths) {
		t.Errorf("in the commit: %q, %v", changed, err)
	}
}

func TestOneOfManyThatCannotBeAdded(t *testing.T) {
	r, err := Init(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := fill(t, r, 10)
	if _, err := r.git.run(t.Context(), "add", "-f", all[6].Rel); err != nil {
		t.Fatal(err)
	}
	outs, err := r.AddAll(t.Context(), all, nil)
	if len(outs) != 6 || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), all[6].Rel) {
		t.Errorf("%d added, %v", len(outs), err)
	}
}

func TestPathOf(t *testing.T) {
	r, err := Init(t.Context(), t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	src := filepath.Join(t.TempDir(), "a.csv")
	if err := os.WriteFile(src, []byte("one"), 0o644); err != nil {
		t.Fatal(err)
	}
	const rel = "captures/a.csv"
	done, err := r.Capture(t.Context(), []SourceFile{{src, rel}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	oid := done[0].MD5
	for _, c := range []struct {
		what string
		do   func() error
		want string // "" is missing
	}{
		{"as captured", func() error { return nil }, r.abs(rel)},
		{"replaced", func() error { return os.WriteFile(r.abs(rel), []byte("another"), 0o644) }, r.cache.path(oid)},
		{"removed", func() error { return os.Remove(r.abs(rel)) }, r.cache.path(oid)},
		{"removed there, too", func() error { return os.Remove(r.cache.path(oid)) }, ""},
		{"another alone", func() error { return os.WriteFile(r.abs(rel), []byte("another"), 0o644) }, ""},
		{"brought back", func() error { return os.WriteFile(r.abs(rel), []byte("one"), 0o644) }, r.abs(rel)},
	} {
		if err := c.do(); err != nil {
			t.Fatal(err)
		}
		got, err := r.PathOf(t.Context(), rel, oid)
		if got != c.want || (c.want == "") != (fault.KindOf(err) == fault.NotFound && err != nil) {
			t.Errorf("%s: %s, %v", c.what, got, err)
		}
	}
}
