package dataset

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/remote/folder"
	"coverslip.dev/coverslip/core/servertest"
)

// long reports whether tests may take minutes.
func long() bool { return os.Getenv("COVERSLIP_TEST_LONG") == "1" }

// Parts of file names that programs get wrong. Line breaks are left out: Coverslip refuses
// them.
func oddNames() []string {
	return []string{
		"a", "B", "well 3", "it's", `say "x"`, "e\u0301NFD", "éNFC", "🔬", "日本", "\x01", "tab\t", "\x7f", "#1", "[x]", "*", "?", "!no", "\\", "~", "null",
		"0x1F", "1e5", "2026-11-24", "- x", ": y", "%41", "&amp;", "-", "..a", ".hidden", "a.dvc.tif", "\u2028", "\U000e0001", "ﬀ", "İ", "a-b", "a.b", "@", "`", "|", ">",
	}
}

// oddTree writes a random tree into the folder top: odd names, empty files, deep folders,
// content that repeats.
func oddTree(t *testing.T, rnd *rand.Rand, top string) {
	t.Helper()
	odd := oddNames()
	files := rnd.IntN(12)
	if err := os.MkdirAll(top, 0o755); err != nil {
		t.Fatal(err)
	}
	for range files {
		dir := top
		for range rnd.IntN(4) * rnd.IntN(3) {
			dir = filepath.Join(dir, odd[rnd.IntN(len(odd))]+fmt.Sprint(rnd.IntN(3)))
		}
		name := filepath.Join(dir, odd[rnd.IntN(len(odd))]+odd[rnd.IntN(len(odd))])
		content := bytes.Repeat([]byte{byte(rnd.IntN(4))}, rnd.IntN(3)*rnd.IntN(100_000))
		if os.MkdirAll(dir, 0o755) != nil { // a file is there
			continue
		}
		if st, err := os.Stat(name); err == nil && st.IsDir() {
			continue
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if rnd.IntN(4) == 0 {
		if err := os.MkdirAll(filepath.Join(top, "empty folder"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTreesAsDVC adds random trees with both programs and compares every byte that they
// write. Then each works on what the other has made.
func TestTreesAsDVC(t *testing.T) {
	run := dvc(t)
	ours, theirs := newRepo(t), newRepo(t)
	seed := servertest.Seed(t)
	n := 6
	if long() {
		n = 200
	}
	odd := oddNames()
	tops := make([]string, n)
	for i := range tops {
		// Dvc folds a path: at U+2028, Coverslip writes it as \u2028; each reads both.
		name := strings.ReplaceAll(odd[i%len(odd)], "\u2028", "\\u2028") + fmt.Sprint(i)
		tops[i] = path.Join([]string{".", "sub", "sub/µ x"}[i%3], name)
		for _, r := range []*Repository{ours, theirs} {
			oddTree(t, rand.New(rand.NewPCG(seed, uint64(i))), r.abs(tops[i])) //nolint:gosec // not a secret
		}
	}
	for _, top := range tops {
		add(t, ours, top, nil)
	}
	run(theirs, slices.Concat([]string{"add", "-q", "--"}, tops)...)
	for _, top := range tops {
		sameAsDVC(t, ours, theirs, top)
	}
	for _, r := range []*Repository{ours, theirs} {
		commit(t, r, "trees", ".")
		if got := run(r, "status", "--json"); got != "{}" {
			t.Errorf("dvc status: %s", got)
		}
		if got := run(r, "data", "status", "--json", "--granular"); strings.Contains(got, "uncommitted") || strings.Contains(got, "not_in_cache") {
			t.Errorf("dvc data status: %s", got)
		}
		if s, err := reopened(t, r).Status(t.Context()); err != nil || !s.Clean() {
			t.Errorf("%+v, %v", s, err)
		}
	}
	exchange(t, run, ours, theirs)
}

func sameAsDVC(t *testing.T, ours, theirs *Repository, top string) {
	t.Helper()
	want, err := os.ReadFile(theirs.abs(top + ".dvc"))
	if err != nil {
		t.Fatal(err)
	}
	wantFile(t, ours, top+".dvc", string(want))
	outs, err := outputs(top+".dvc", want)
	if err != nil || len(outs) != 1 || outs[0].Path != top {
		t.Fatalf("%q: %+v, %v", want, outs, err)
	}
	a, err := os.ReadFile(ours.cache.path(outs[0].MD5))
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(theirs.cache.path(outs[0].MD5))
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("%s: %v\nours   %s\ntheirs %s", top, err, a, b)
	}
}

// exchange lets each program push and the other one pull, and dvc check out what is gone.
func exchange(t *testing.T, run func(r *Repository, args ...string) string, ours, theirs *Repository) {
	t.Helper()
	places := []string{t.TempDir(), t.TempDir()}
	for i, r := range []*Repository{ours, theirs} {
		if err := r.AddRemote("nas", places[i], true); err != nil {
			t.Fatal(err)
		}
		commit(t, r, "remote", ".dvc/config")
	}
	if _, err := ours.Push(t.Context(), folder.Open(places[0]), nil); err != nil {
		t.Fatal(err)
	}
	if got := run(ours, "status", "-c", "--json"); got != "{}" {
		t.Errorf("dvc status -c: %s", got)
	}
	run(theirs, "push", "-q")
	a, b := cloned(t, ours), cloned(t, theirs)
	run(a, "pull", "-q")
	wantSame(t, ours, a)
	if s, err := a.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("after dvc pull: %+v, %v", s, err)
	}
	if _, err := b.Pull(t.Context(), folder.Open(places[1]), nil); err != nil {
		t.Fatal(err)
	}
	wantSame(t, theirs, b)
	if got := run(b, "status", "--json"); got != "{}" {
		t.Errorf("dvc status after our pull: %s", got)
	}
	outs, err := b.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outs {
		if err := os.RemoveAll(b.abs(o.Path)); err != nil {
			t.Fatal(err)
		}
	}
	run(b, "checkout", "-q")
	wantSame(t, theirs, b)
}
