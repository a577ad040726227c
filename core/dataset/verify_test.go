package dataset

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// damage changes a byte of a file that is marked as whole.
func damage(t *testing.T, name string) {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	data[0] ^= 1
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(name, wholeMode); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyFindsWhatDVCTrusts(t *testing.T) {
	r := plates(t)
	if c, err := r.Verify(t.Context(), AllCommits, nil); err != nil || c.Objects != 15 || len(c.Flaws) != 0 || c.Bytes == 0 {
		t.Fatalf("%+v, %v", c, err)
	}
	nas := folder.Open(t.TempDir())
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	damage(t, r.cache.path(sum([]byte("volume"))))
	if err := os.Remove(r.cache.path(sum([]byte("capture")))); err != nil {
		t.Fatal(err)
	}
	if n, err := r.Lacking(t.Context()); err != nil || n != 1 {
		t.Errorf("%d lacking, %v", n, err)
	}
	c, err := r.Verify(t.Context(), WorkTree, nil)
	if err != nil || len(c.Flaws) != 2 || c.Flaws[0].What != FlawMissing || c.Flaws[1].What != FlawDamaged || c.Flaws[1].Name != "vol.bin" {
		t.Fatalf("%+v, %v", c, err)
	}
	if _, err := os.Stat(filepath.Join(r.cache.tmp(), damagedDir, sum([]byte("volume")))); err != nil {
		t.Error(err)
	}
	if _, err := r.Fetch(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	if c, err := r.Verify(t.Context(), WorkTree, nil); err != nil || len(c.Flaws) != 0 {
		t.Errorf("after a fetch: %+v, %v", c, err)
	}
	all, err := r.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		entries, err := r.cache.tree(o.MD5)
		if err != nil || len(entries) < 2 {
			continue
		}
		for _, e := range entries[:2] {
			if err := os.Remove(r.cache.path(e.MD5)); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := r.Lacking(t.Context()); err != nil || n != 2 {
			t.Errorf("two files of a folder: %d lacking, %v", n, err)
		}
		if err := os.Remove(r.cache.path(o.MD5)); err != nil {
			t.Fatal(err)
		}
		if n, err := r.Lacking(t.Context()); err != nil || n != 1 {
			t.Errorf("a folder that nobody knows: %d lacking, %v", n, err)
		}
		return
	}
	t.Error("no folder in the dataset")
}

func TestAuditMendsWhatDVCNeverWould(t *testing.T) {
	r := plates(t)
	dir := t.TempDir()
	nas := folder.Open(dir)
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	at := func(s string) string { return filepath.Join(dir, filepath.FromSlash(key(sum([]byte(s))))) }
	damage(t, at("volume"))
	if err := os.Remove(at("capture")); err != nil {
		t.Fatal(err)
	}
	outs, err := r.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outs { // a folder's list and one of its files
		if o.out.isDir() {
			entries, err := r.cache.tree(o.MD5)
			if err != nil {
				t.Fatal(err)
			}
			for _, oid := range []string{o.MD5, entries[3].MD5} {
				if err := os.Remove(filepath.Join(dir, filepath.FromSlash(key(oid)))); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	stray := filepath.Join(dir, filepath.FromSlash(key(sum([]byte("stray")))))
	if err := os.MkdirAll(filepath.Dir(stray), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stray, []byte("stray"), wholeMode); err != nil {
		t.Fatal(err)
	}
	flat, err := r.Audit(t.Context(), nas, AuditOptions{}, nil)
	if err != nil || len(flat.Flaws) != 3 || flat.Unknown != 1 {
		t.Fatalf("sizes alone: %+v, %v", flat, err)
	}
	deep, err := r.Audit(t.Context(), nas, AuditOptions{Scope: AllCommits, Deep: true, Mend: true}, nil)
	if err != nil || deep.Mended != 4 || len(deep.Flaws) != 0 {
		t.Fatalf("mended: %+v, %v", deep, err)
	}
	wantWhole(t, nas)
	c := cloned(t, r)
	if _, err := c.Pull(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	wantSame(t, r, c)
}

func TestAuditDoesNotListAFolderBeforeItsFiles(t *testing.T) {
	r := plates(t)
	nas := folder.Open(t.TempDir())
	gone := ""
	outs, err := r.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outs {
		if o.out.isDir() {
			entries, err := r.cache.tree(o.MD5)
			if err != nil {
				t.Fatal(err)
			}
			gone = entries[2].MD5
		}
	}
	if err := os.Remove(r.cache.path(gone)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(nas.Name(), 0o755); err != nil {
		t.Fatal(err)
	}
	c, err := r.Audit(t.Context(), nas, AuditOptions{Mend: true}, nil)
	if err != nil || len(c.Flaws) != 2 || c.Mended != 13 { // the lost file, and the list that names it
		t.Errorf("%+v, %v", c, err)
	}
	wantWhole(t, nas)
}

// TestAuditKeepsTheOnlyGoodCopy cuts short what the cache marks as whole, so that the sizes
// differ, and damages another object at both places.
func TestAuditKeepsTheOnlyGoodCopy(t *testing.T) {
	r := plates(t)
	nas := folder.Open(t.TempDir())
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	cut, both := sum([]byte("volume")), sum([]byte("capture"))
	there := func(oid string) string { return filepath.Join(nas.Name(), filepath.FromSlash(key(oid))) }
	must(t, os.Chmod(r.cache.path(cut), 0o644), os.Truncate(r.cache.path(cut), 3), os.Chmod(r.cache.path(cut), wholeMode))
	damage(t, r.cache.path(both))
	must(t, os.Chmod(there(both), 0o644), os.Truncate(there(both), 3), os.Remove(there(sum([]byte(strings.Repeat("3", 3000))))))
	for _, deep := range []bool{false, true} {
		c, err := r.Audit(t.Context(), nas, AuditOptions{Deep: deep, Mend: true}, nil)
		want := []Flaw{{"captures/sp8/a.tif", both, FlawDamaged}, {"vol.bin", cut, FlawHere}}
		mended := 1
		if deep { // the remote's alone is asked
			want, mended = want[:1], 0
		}
		if err != nil || c.Mended != mended || !slices.Equal(c.Flaws, want) {
			t.Errorf("deep %v: %+v, %v", deep, c, err)
		}
	}
	if data, err := os.ReadFile(there(cut)); err != nil || string(data) != "volume" {
		t.Errorf("the only good one is %q, %v", data, err)
	}
	if _, err := os.Stat(there(both)); err != nil {
		t.Error(err)
	}
}

// age makes every object of the cache old enough to be garbage.
func age(t *testing.T, r *Repository) {
	t.Helper()
	old := time.Now().Add(-2 * young)
	err := filepath.WalkDir(r.cache.dir, func(name string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, old, old)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestGarbage(t *testing.T) {
	r := plates(t)
	put(t, r, "vol.bin", "second")
	commit(t, r, "second", add(t, r, "vol.bin", nil).Changed...)
	put(t, r, "stray", "stray")
	if _, err := r.Describe(t.Context(), "stray", true, nil); err != nil {
		t.Fatal(err)
	}
	if g, err := r.Garbage(t.Context(), AllCommits, nil, nil); err != nil || len(g.Objects) != 0 || g.Kept != 17 {
		t.Fatalf("just made: %+v, %v", g, err)
	}
	age(t, r)
	g, err := r.Garbage(t.Context(), AllCommits, nil, nil)
	if err != nil || len(g.Objects) != 1 || g.Objects[0] != sum([]byte("stray")) || g.Bytes != 5 {
		t.Fatalf("%+v, %v", g, err)
	}
	_, err = r.Garbage(t.Context(), WorkTree, nil, nil)
	wantKind(t, "no remote", err, fault.Invalid)
	nas := folder.Open(t.TempDir())
	if err := os.MkdirAll(nas.Name(), 0o755); err != nil {
		t.Fatal(err)
	}
	w, err := r.Garbage(t.Context(), WorkTree, nas, nil)
	if err != nil || len(w.Objects) != 1 || w.OnlyHere != 1 {
		t.Fatalf("only here: %+v, %v", w, err)
	}
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	if w, err = r.Garbage(t.Context(), WorkTree, nas, nil); err != nil || len(w.Objects) != 2 || w.OnlyHere != 0 {
		t.Fatalf("pushed: %+v, %v", w, err)
	}
	put(t, r, "vol.bin", "volume") // it comes to be named again before it is removed
	add(t, r, "vol.bin", nil)
	done, err := r.Collect(t.Context(), WorkTree, nas, w, nil)
	if err != nil || len(done.Objects) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if c, err := r.Verify(t.Context(), AllCommits, nil); err != nil || len(c.Flaws) != 0 {
		t.Errorf("after it: %+v, %v", c, err)
	}
}

// TestGarbageKeepsListsAndWhatTheyName has the remote lack a file of an older version, and this
// machine a list.
func TestGarbageKeepsListsAndWhatTheyName(t *testing.T) {
	r := plates(t)
	outs, err := r.Outputs(t.Context())
	must(t, err)
	list := outs[slices.IndexFunc(outs, func(o Output) bool { return o.Path == "plate 1" })].MD5
	nas := folder.Open(t.TempDir())
	put(t, r, "plate 1/w0/µ0.tif", "another version of a well")
	_, err = r.Push(t.Context(), nas, nil)
	must(t, err)
	commit(t, r, "second", add(t, r, "plate 1", nil).Changed...)
	_, err = r.Push(t.Context(), nas, nil)
	must(t, err)
	lost := sum(nil) // the well of before, of no bytes
	must(t, os.Remove(filepath.Join(nas.Name(), filepath.FromSlash(key(lost)))))
	age(t, r)
	g, err := r.Garbage(t.Context(), WorkTree, nas, nil)
	if err != nil || g.OnlyHere != 2 || slices.Contains(g.Objects, lost) || slices.Contains(g.Objects, list) {
		t.Errorf("%+v, %v", g, err)
	}
	must(t, os.Remove(r.cache.path(list)))
	_, err = r.Garbage(t.Context(), AllCommits, nil, nil)
	wantKind(t, "a list that is not here", err, fault.Invalid)
	if g, err = r.Garbage(t.Context(), WorkTree, nas, nil); err != nil || slices.Contains(g.Objects, lost) {
		t.Errorf("%+v, %v", g, err)
	}
}

func TestGarbageKnowsLocksAndStashes(t *testing.T) {
	r := plates(t)
	put(t, r, "out.bin", "made by a stage")
	made, err := r.Describe(t.Context(), "out.bin", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	put(t, r, "dvc.lock", "schema: '2.0'\nstages:\n  s:\n    cmd: x\n    outs:\n    - path: out.bin\n      hash: md5\n      md5: "+made.MD5+"\n      size: 15\n")
	put(t, r, "vol.bin", "stashed")
	add(t, r, "vol.bin", nil)
	gitHere(t, r.dir, "-c", "user.name=a", "-c", "user.email=a@b", "stash", "-q")
	put(t, r, "vol.bin", "stashed after it")
	add(t, r, "vol.bin", nil)
	gitHere(t, r.dir, "-c", "user.name=a", "-c", "user.email=a@b", "stash", "-q")
	age(t, r)
	if g, err := r.Garbage(t.Context(), AllCommits, nil, nil); err != nil || len(g.Objects) != 0 {
		t.Errorf("%+v, %v", g, err)
	}
}

// TestGarbageOfASharedCache lets two datasets of dvc's have one cache.
func TestGarbageOfASharedCache(t *testing.T) {
	run := dvc(t)
	shared := t.TempDir()
	var all [2]*Repository
	for i := range all {
		r := newRepo(t)
		run(r, "cache", "dir", "-q", shared)
		put(t, r, "v", r.dir)
		run(r, "add", "-q", "v")
		all[i] = reopened(t, r)
	}
	age(t, all[0])
	_, err := all[0].Garbage(t.Context(), AllCommits, nil, nil)
	wantKind(t, "a shared cache", err, fault.Invalid)
	if _, what := fault.Explain(err); !strings.Contains(what, "--projects") {
		t.Error(what)
	}
	r := newRepo(t) // the same by a link
	must(t, os.RemoveAll(r.cache.dir), os.Symlink(shared, r.cache.dir))
	_, err = r.Garbage(t.Context(), AllCommits, nil, nil)
	wantKind(t, "a linked cache", err, fault.Invalid)
	run(all[0], "gc", "-w", "-f", "-q", "-p", all[1].dir)
	if c, err := all[1].Verify(t.Context(), WorkTree, nil); err != nil || len(c.Flaws) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestGarbageAsDVC removes no more than dvc would.
func TestGarbageAsDVC(t *testing.T) {
	run := dvc(t)
	r := plates(t)
	put(t, r, "stray", "stray")
	if _, err := r.Describe(t.Context(), "stray", true, nil); err != nil {
		t.Fatal(err)
	}
	age(t, r)
	g, err := r.Garbage(t.Context(), AllCommits, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if done, err := r.Collect(t.Context(), AllCommits, nil, g, nil); err != nil || len(done.Objects) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if got := run(r, "gc", "--all-commits", "--force"); !strings.Contains(got, "No unused 'repo' cache to remove.") {
		t.Errorf("dvc gc still removes: %s", got)
	}
	if got := run(r, "status", "--json"); got != "{}" {
		t.Errorf("dvc status: %s", got)
	}
}
