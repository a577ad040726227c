package dataset

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

var operator = Author{Name: "Ana Köhler", Email: "ana@lab.example"}

// instrument writes a file as an instrument would and returns its path.
func instrument(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCaptureLeavesTheInstrumentAlone(t *testing.T) {
	r := newRepo(t)
	src := instrument(t, "img 1.tif", strings.Repeat("pixels", 500_000))
	before, err := os.Stat(src)
	if err != nil {
		t.Fatal(err)
	}
	files := []SourceFile{{src, "captures/sp8/img 1.tif"}}
	var p job.Progress
	var last []Stored
	for range 2 { // again changes nothing
		s, err := r.Capture(t.Context(), files, &p)
		if err != nil {
			t.Fatal(err)
		}
		if s[0].Size != 3_000_000 || s[0].MD5 != sum([]byte(strings.Repeat("pixels", 500_000))) || last != nil && last[0] != s[0] {
			t.Errorf("stored %+v", s)
		}
		last = s
	}
	after, err := os.Stat(src)
	if err != nil || after.Mode() != before.Mode() || !after.ModTime().Equal(before.ModTime()) || !os.SameFile(before, after) {
		t.Errorf("the instrument's file changed: %v, %v", after, err)
	}
	work, err := os.Stat(r.abs("captures/sp8/img 1.tif"))
	if err != nil || os.SameFile(work, after) {
		t.Errorf("the work tree's file is the instrument's own: %v", err)
	}
	object, err := os.Stat(r.cache.path(last[0].MD5))
	if err != nil || object.Mode().Perm() != 0o444 || os.SameFile(object, work) || os.SameFile(object, after) {
		t.Errorf("object: %v, %v", object, err)
	}
	wantNoTemps(t, r)
}

func wantNoTemps(t *testing.T, r *Repository) {
	t.Helper()
	err := filepath.WalkDir(r.dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), tempPrefix) {
			t.Errorf("left behind: %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCaptureNeverLosesAWorkFile(t *testing.T) {
	r := newRepo(t)
	put(t, r, "a.tif", "a person's own file")
	src := instrument(t, "a.tif", "from the instrument")
	_, err := r.Capture(t.Context(), []SourceFile{{src, "a.tif"}}, nil)
	wantKind(t, "capture over a file", err, fault.Exists)
	wantFile(t, r, "a.tif", "a person's own file")
	add(t, r, "a.tif", nil)
	if _, err := r.Capture(t.Context(), []SourceFile{{src, "a.tif"}}, nil); err != nil {
		t.Errorf("a versioned file may be replaced: %v", err)
	}
	wantFile(t, r, "a.tif", "from the instrument")
}

// TestCaptureTellsWhatIsInItsPlace has one of several files find something else where it goes.
func TestCaptureTellsWhatIsInItsPlace(t *testing.T) {
	r := newRepo(t)
	put(t, r, "c/b.tif", "a person's own file")
	var files []SourceFile
	for _, name := range []string{"a.tif", "b.tif", "c.tif"} {
		files = append(files, SourceFile{instrument(t, name, name), "c/" + name})
	}
	stored, err := r.Capture(t.Context(), files, nil)
	wantKind(t, "capture over a file", err, fault.Exists)
	for _, s := range stored {
		if s.Rel == "c/b.tif" {
			t.Error("it is said to be stored")
		}
		wantFile(t, r, s.Rel, filepath.Base(s.Rel))
	}
	wantFile(t, r, "c/b.tif", "a person's own file")
}

// TestWhatAPowerCutHasTorn empties the work tree's copy before and after it is versioned.
func TestWhatAPowerCutHasTorn(t *testing.T) {
	r := newRepo(t)
	stored, err := r.Capture(t.Context(), []SourceFile{{instrument(t, "a.tif", "from the instrument"), "a.tif"}}, nil)
	must(t, err)
	for _, torn := range []string{"", "from the"} {
		put(t, r, "a.tif", torn)
		outs, err := reopened(t, r).AddAll(t.Context(), []Addition{{Rel: "a.tif", MD5: stored[0].MD5}}, nil)
		must(t, err)
		if outs[0].MD5 != stored[0].MD5 {
			t.Errorf("%q was versioned", torn)
		}
		wantFile(t, r, "a.tif", "from the instrument")
		put(t, r, "a.tif", torn)
		must(t, r.Checkout(t.Context(), nil))
		wantFile(t, r, "a.tif", "from the instrument")
	}
	put(t, r, "a.tif", "from nobody")
	_, err = r.AddAll(t.Context(), []Addition{{Rel: "a.tif", MD5: stored[0].MD5}}, nil)
	wantKind(t, "something else", err, fault.Exists)
	wantFile(t, r, "a.tif", "from nobody")
}

func TestCaptureRefuses(t *testing.T) {
	r := newRepo(t)
	src := instrument(t, "a.tif", "x")
	for _, rel := range []string{"", ".", "../a", "/a", "a/../../b", ".git/config", ".dvc/config", "x/.GIT/y", "a\nb", "a\xff", "x/a.dvc", "dvc.yaml", "x/dvc.lock", "x/.dvcignore", "x/.gitignore"} {
		_, err := r.Capture(t.Context(), []SourceFile{{src, rel}}, nil)
		wantKind(t, rel, err, fault.Invalid)
		_, err = r.Add(t.Context(), rel, nil, nil)
		wantKind(t, rel, err, fault.Invalid)
	}
	if err := CheckName("a\xff"); err == nil || !strings.Contains(err.Error(), "is not UTF-8") {
		t.Errorf("told of a name that is not UTF-8: %v", err)
	}
	together, err := r.Capture(t.Context(), []SourceFile{{src, "x/notes.dvc"}, {src, "x/a.tif"}}, nil)
	wantKind(t, "one of two", err, fault.Invalid)
	if _, err := os.Lstat(r.abs("x/notes.dvc")); len(together) != 1 || together[0].Rel != "x/a.tif" || err == nil {
		t.Errorf("captured %+v, %v", together, err)
	}
	_, err = r.Capture(t.Context(), []SourceFile{{filepath.Dir(src), "a"}}, nil)
	wantKind(t, "a folder", err, fault.Invalid)
	_, err = r.Capture(t.Context(), []SourceFile{{src + "gone", "a"}}, nil)
	wantKind(t, "a file that is gone", err, fault.NotFound)
	if err := os.Symlink(t.TempDir(), r.abs("out")); err != nil {
		t.Fatal(err)
	}
	if _, err = r.Capture(t.Context(), []SourceFile{{src, "out/a"}}, nil); err == nil {
		t.Error("writes through a link that leads outside")
	}
}

func TestHashSeesAGrowingFile(t *testing.T) {
	r := newRepo(t)
	put(t, r, "a.tif", strings.Repeat("x", 3<<20))
	calls := 0
	_, err := r.hashWith(t.Context(), &hasher{}, "a.tif", adder(func(int64) {
		if calls++; calls == 1 {
			grow(t, r.abs("a.tif"))
		}
	}))
	wantKind(t, "hash", err, fault.Busy)
}

// grow appends to a file as an instrument does.
func grow(t *testing.T, name string) {
	t.Helper()
	f, err := os.OpenFile(name, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("more")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// adder is a progress that calls a function.
type adder func(int64)

func (a adder) Add(n int64) { a(n) }

func TestSweepTakesOnlyTheDead(t *testing.T) {
	r := newRepo(t)
	alive, err := createTemp(r.cache.tmp())
	if err != nil {
		t.Fatal(err)
	}
	defer alive.discard()
	dead := filepath.Join(r.cache.tmp(), tempPrefix+"123")
	folder := filepath.Join(r.tmp(), tempPrefix+"456")
	err = errors.Join(os.WriteFile(dead, []byte("half"), 0o600), os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "1"), nil, 0o600))
	if err != nil {
		t.Fatal(err)
	}
	busy, err := newTempDir(r.tmp())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.close()
	old := time.Now().Add(-time.Minute)
	for _, name := range []string{dead, folder, busy.dir, alive.Name()} {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(t.Context(), r.Dir(), Options{}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{dead, folder} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("a dead writer's %s is still there", name)
		}
	}
	for _, name := range []string{alive.Name(), busy.dir} {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("a live writer's file is gone: %v", err)
		}
	}
}

func TestAddKeepsAPersonsWords(t *testing.T) {
	r := newRepo(t)
	put(t, r, "v.bin", "one\n")
	const before = `# head comment
outs:
# before item
- md5: 5bbf5a52328e7439ae6e719dfe712200 # hash
  size: 4     # in bytes
  hash: md5
  path: v.bin # the file
  desc: a volume
  labels: [a, b]
  meta: {x: 1}
# tail of outs
meta:
  instrument: SP8     # which
  list:
  - 1
  - 2
`
	put(t, r, "v.bin.dvc", before)
	add(t, r, "v.bin", nil)
	wantFile(t, r, "v.bin.dvc", before)
	put(t, r, "v.bin", "two2\n")
	add(t, r, "v.bin", nil)
	after := strings.ReplaceAll(strings.ReplaceAll(before, "5bbf5a52328e7439ae6e719dfe712200", "9926db7599ee97d022c6344580a15342"), "size: 4", "size: 5")
	wantFile(t, r, "v.bin.dvc", after) // what dvc 3.67.1 makes of it
	if err := os.Chmod(r.abs("v.bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	add(t, r, "v.bin", nil)
	wantFile(t, r, "v.bin.dvc", strings.Replace(after, "  meta: {x: 1}\n", "  meta: {x: 1}\n  isexec: true\n", 1))
	add(t, r, "v.bin", map[string]any{"operator": "Ana", "instrument": "SP8"})
	b, err := os.ReadFile(r.abs("v.bin.dvc"))
	for _, s := range []string{"# head comment", "operator: Ana", "# which", "labels: [a, b]", "- 2", "# the file"} {
		if !bytes.Contains(b, []byte(s)) {
			t.Errorf("%q is lost, %v:\n%s", s, err, b)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	r := newRepo(t)
	put(t, r, "d/a", "1")
	add(t, r, "d", nil)
	_, err := r.Add(t.Context(), "d/b", nil, nil)
	wantKind(t, "no part of a folder", err, fault.NotFound)
	put(t, r, "code.py", "x")
	if _, err := r.Commit(t.Context(), operator, "code", []string{"code.py"}); err != nil {
		t.Fatal(err)
	}
	_, err = r.Add(t.Context(), "code.py", nil, nil)
	wantKind(t, "what git tracks", err, fault.Invalid)
	put(t, r, "e/x.dvc", "outs: []")
	_, err = r.Add(t.Context(), "e", nil, nil)
	wantKind(t, "a folder with .dvc files", err, fault.Invalid)
	_, err = r.Add(t.Context(), "none", nil, nil)
	wantKind(t, "nothing", err, fault.NotFound)
}

func TestDvcfileOnlyAfterItsObjects(t *testing.T) { // D1
	r := newRepo(t)
	put(t, r, "d/a", "1")
	if err := os.WriteFile(r.cache.dir, []byte("in the way"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Add(t.Context(), "d", nil, nil); err == nil {
		t.Error("added without a cache")
	}
	if _, err := os.Stat(r.abs("d.dvc")); err == nil {
		t.Error("a .dvc file names what is not in the cache")
	}
}

func TestLockKeepsOthersOut(t *testing.T) {
	r := newRepo(t)
	other, err := Open(t.Context(), r.dir, Options{}) // as another program
	if err != nil {
		t.Fatal(err)
	}
	unlock, err := other.lock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	put(t, r, "a", "1")
	start := time.Now()
	_, err = r.Add(t.Context(), "a", nil, nil)
	wantKind(t, "add", err, fault.Busy)
	if took := time.Since(start); took < lockWait {
		t.Errorf("took %v", took)
	}
	unlock()
	add(t, r, "a", nil)
}
