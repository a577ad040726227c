package dataset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/folder"
)

var errCable = fault.New(fault.Offline, "The cable is out.", "", nil)

// plates makes a dataset with a folder, a file and a file in a folder, committed.
func plates(t *testing.T) *Repository {
	t.Helper()
	r := newRepo(t)
	for i := range 12 {
		put(t, r, fmt.Sprintf("plate 1/w%d/µ%d.tif", i%3, i), strings.Repeat(fmt.Sprint(i), 1000*i))
	}
	put(t, r, "vol.bin", "volume")
	put(t, r, "captures/sp8/a.tif", "capture")
	for _, rel := range []string{"plate 1", "vol.bin", "captures/sp8/a.tif"} {
		commit(t, r, "add", add(t, r, rel, nil).Changed...)
	}
	return r
}

// cloned is a fresh git clone of r: no cache, no data.
func cloned(t *testing.T, r *Repository) *Repository {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	gitHere(t, filepath.Dir(dir), "clone", "-q", r.dir, dir)
	c, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantSame compares every versioned byte.
func wantSame(t *testing.T, a, b *Repository) {
	t.Helper()
	outs, err := a.Outputs(t.Context())
	if err != nil || len(outs) == 0 {
		t.Fatalf("%v, %v", outs, err)
	}
	for _, o := range outs {
		files := []string{"."}
		if o.out.isDir() {
			if files, err = a.walk(t.Context(), o.Path); err != nil {
				t.Fatal(err)
			}
			if there, err := b.walk(t.Context(), o.Path); err != nil || len(there) != len(files) {
				t.Errorf("%s: %d files, %v; want %d", o.Path, len(there), err, len(files))
			}
		}
		for _, f := range files {
			rel := strings.TrimSuffix(o.Path+"/"+f, "/.")
			want, err := os.ReadFile(a.abs(rel))
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, b, rel, string(want))
		}
	}
}

func TestPushPull(t *testing.T) {
	r := plates(t)
	nas := folder.Open(t.TempDir())
	var p job.Progress
	done, err := r.Push(t.Context(), nas, &p)
	if err != nil || done.Moved != 15 || done.Present != 0 { // 12 + .dir + 2
		t.Fatalf("%+v, %v", done, err)
	}
	if done, err := r.Push(t.Context(), nas, nil); err != nil || done.Moved != 0 || done.Present != 15 {
		t.Errorf("again: %+v, %v", done, err)
	}
	c := cloned(t, r)
	if s, err := c.Status(t.Context()); err != nil || len(s.Changed) != 3 {
		t.Errorf("fresh clone: %+v, %v", s, err)
	}
	if done, err := c.Pull(t.Context(), nas, &p); err != nil || done.Moved != 15 {
		t.Fatalf("%+v, %v", done, err)
	}
	wantSame(t, r, c)
	if s, err := c.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("after pull: %+v, %v", s, err)
	}
	wantNoTemps(t, c)
}

// TestCableOutAtEveryCall is D2 and D3: whenever a push breaks off, each .dir on the
// remote has all its files, and the next push completes it.
func TestCableOutAtEveryCall(t *testing.T) {
	r := plates(t)
	count := &remote.Faulty{Remote: folder.Open(t.TempDir()), Fail: remote.FailAt(0, errCable)}
	if _, err := r.Push(t.Context(), count, nil); err != nil {
		t.Fatal(err)
	}
	for n := int64(1); n <= count.Calls(); n++ {
		for name, fail := range map[string]func(int64) error{"once": remote.FailAt(n, errCable), "for good": remote.FailFrom(n, errCable)} {
			nas := folder.Open(t.TempDir())
			_, err := r.Push(t.Context(), &remote.Faulty{Remote: nas, Fail: fail}, nil)
			wantKind(t, fmt.Sprintf("call %d %s", n, name), err, fault.Offline)
			wantWhole(t, nas)
			if _, err := r.Push(t.Context(), nas, nil); err != nil {
				t.Fatal(err)
			}
			wantWhole(t, nas)
		}
	}
	nas := folder.Open(t.TempDir())
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	c := cloned(t, r)
	for n := int64(1); ; n += 3 {
		f := &remote.Faulty{Remote: nas, Fail: remote.FailFrom(n, errCable)}
		_, err := c.Pull(t.Context(), f, nil)
		if cached, err := folder.Create(c.cache.dir); err != nil {
			t.Fatal(err)
		} else {
			wantWhole(t, cached)
		}
		wantNoTemps(t, c)
		if err == nil {
			break
		}
		wantKind(t, fmt.Sprint("pull, call ", n), err, fault.Offline)
	}
	wantSame(t, r, c)
}

// wantWhole checks that every object fits its name and every .dir has its files.
func wantWhole(t *testing.T, in remote.Remote) {
	t.Helper()
	dir := cache{in.Name()}
	for info, err := range in.List(t.Context(), "files/md5/") {
		if err != nil {
			t.Fatal(err)
		}
		oid := strings.ReplaceAll(strings.TrimPrefix(info.Key, "files/md5/"), "/", "")
		b, err := os.ReadFile(dir.path(oid))
		if err != nil || sum(b) != strings.TrimSuffix(oid, dirSuffix) {
			t.Fatalf("half an object: %s, %v", oid, err)
		}
		if !strings.HasSuffix(oid, dirSuffix) {
			continue
		}
		entries, err := parseTree(b)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, err := os.Stat(dir.path(e.MD5)); err != nil {
				t.Fatalf("%s promises %s: %v", oid, e.Path, err)
			}
		}
	}
}

func TestPushMendsALostFile(t *testing.T) {
	r := plates(t)
	nas := folder.Open(t.TempDir())
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	o, err := r.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := r.cache.tree(o[1].MD5)
	if err != nil {
		t.Fatal(err)
	}
	if err := nas.Remove(t.Context(), key(entries[3].MD5)); err != nil {
		t.Fatal(err)
	}
	if done, err := r.Push(t.Context(), nas, nil); err != nil || done.Moved != 1 {
		t.Errorf("%+v, %v", done, err)
	}
}

func TestPushBringsOlderCommits(t *testing.T) {
	r := plates(t)
	old := r.cache.path(sum([]byte("volume")))
	put(t, r, "vol.bin", "volume, better")
	commit(t, r, "again", add(t, r, "vol.bin", nil).Changed...)
	nas := folder.Open(t.TempDir())
	if done, err := r.Push(t.Context(), nas, nil); err != nil || done.Moved != 16 {
		t.Errorf("%+v, %v", done, err)
	}
	if err := os.Remove(old); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Push(t.Context(), folder.Open(t.TempDir()), nil); err != nil {
		t.Errorf("an old version that is gone: %v", err)
	}
	if err := os.Remove(r.cache.path(sum([]byte("volume, better")))); err != nil {
		t.Fatal(err)
	}
	other := folder.Open(t.TempDir())
	done, err := r.Push(t.Context(), other, nil)
	wantKind(t, "this version's data is gone", err, fault.NotFound)
	if done.Moved != 14 {
		t.Errorf("the others wait for it: %+v", done)
	}
}

func TestPullRefusesDamage(t *testing.T) {
	r := plates(t)
	dir := t.TempDir()
	if _, err := r.Push(t.Context(), folder.Open(dir), nil); err != nil {
		t.Fatal(err)
	}
	oid := sum([]byte("volume"))
	name := filepath.Join(dir, filepath.FromSlash(key(oid)))
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte("VOLUME"), 0o644); err != nil {
		t.Fatal(err)
	}
	c := cloned(t, r)
	_, err := c.Pull(t.Context(), folder.Open(dir), nil)
	wantKind(t, "pull", err, fault.Corrupt)
	if _, err := os.Stat(c.cache.path(oid)); err == nil {
		t.Error("damaged bytes are in the cache")
	}
	if _, err := os.Stat(c.abs("vol.bin")); err == nil {
		t.Error("damaged bytes are in the work tree")
	}
	if _, err := os.Stat(c.cache.path(sum([]byte("capture")))); err != nil {
		t.Error("one damaged file holds up the others")
	}
}

func TestHostileTreeWritesNothingOutside(t *testing.T) {
	r := plates(t)
	dir := t.TempDir()
	nas := folder.Open(dir)
	text := `[{"md5": "` + sum([]byte("volume")) + `", "relpath": "../../evil"}]`
	oid := sum([]byte(text)) + dirSuffix
	if err := nas.Put(t.Context(), key(oid), strings.NewReader(text), int64(len(text))); err != nil {
		t.Fatal(err)
	}
	put(t, r, "evil.dvc", "outs:\n- md5: "+oid+"\n  size: 6\n  nfiles: 1\n  hash: md5\n  path: evil\n")
	_, err := r.Pull(t.Context(), nas, nil)
	wantKind(t, "pull", err, fault.Corrupt)
	if err := os.MkdirAll(filepath.Dir(r.cache.path(oid)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.cache.path(oid), []byte(text), 0o444); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "checkout", r.Checkout(t.Context(), nil), fault.Corrupt)
	if _, err := os.Stat(filepath.Join(r.dir, "..", "evil")); err == nil {
		t.Error("wrote outside")
	}
}

func TestCheckoutGoesBackAndLosesNothing(t *testing.T) {
	r := plates(t)
	put(t, r, "plate 1/new.tif", "new")
	if err := os.Remove(r.abs("plate 1/w0/µ0.tif")); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "an unversioned file is in the way", r.Checkout(t.Context(), nil), fault.Exists)
	wantFile(t, r, "plate 1/new.tif", "new")
	before := gitHere(t, r.dir, "rev-parse", "HEAD")
	commit(t, r, "new", add(t, r, "plate 1", nil).Changed...)
	gitHere(t, r.dir, "checkout", "-q", strings.TrimSpace(before))
	if err := r.Checkout(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.abs("plate 1/new.tif")); err == nil {
		t.Error("the later file is still there")
	}
	wantFile(t, r, "plate 1/w0/µ0.tif", "")
	if s, err := r.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestStopAnywhereLeavesNoHalf(t *testing.T) {
	r := newRepo(t)
	src := instrument(t, "big.tif", strings.Repeat("0123456789abcdef", 1<<19))
	oid := sum([]byte(strings.Repeat("0123456789abcdef", 1<<19)))
	for range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		left := rand.IntN(12)
		_, err := r.cache.store(ctx, &stopper{cancel, left, src, nil}, oid)
		cancel()
		if left < 8 {
			wantKind(t, "store", err, fault.Canceled)
		}
		wantNoTemps(t, r)
		wantWhole(t, folder.Open(r.cache.dir))
	}
}

// stopper cancels after so many reads.
type stopper struct {
	cancel func()
	left   int
	path   string
	f      *os.File
}

func (s *stopper) Read(p []byte) (n int, err error) {
	if s.left == 0 {
		s.cancel()
	}
	s.left--
	if s.f == nil {
		if s.f, err = os.Open(s.path); err != nil {
			return 0, err
		}
	}
	if n, err = s.f.Read(p); err != nil {
		_ = s.f.Close()
	}
	return n, err
}

func TestRemotesOfTheSettings(t *testing.T) {
	r := newRepo(t)
	for _, c := range []struct {
		name, url string
		def       bool
	}{{"nas", "/mnt/nas/store", true}, {"cloud", "s3://lab/data", false}, {"nas", "/mnt/nas/store", true}} {
		if err := r.AddRemote(c.name, c.url, c.def); err != nil {
			t.Fatal(err)
		}
	}
	wantFile(t, r, ".dvc/config", "[core]\n    remote = nas\n['remote \"nas\"']\n    url = /mnt/nas/store\n['remote \"cloud\"']\n    url = s3://lab/data\n")
	must(t, r.SetRemote("cloud", map[string]string{"endpointurl": "http://h:9", "region": "eu-1"}))
	must(t, r.SetRemote("cloud", map[string]string{"endpointurl": ""}))
	wantFile(t, r, ".dvc/config", "[core]\n    remote = nas\n['remote \"nas\"']\n    url = /mnt/nas/store\n['remote \"cloud\"']\n    url = s3://lab/data\n    region = eu-1\n")
	put(t, r, ".dvc/config.local", "['remote \"cloud\"']\n    endpointurl = http://h:9\n['remote \"rel\"']\n    url = ../../rem\n")
	all, err := r.Remotes()
	if err != nil || len(all) != 3 {
		t.Fatalf("%+v, %v", all, err)
	}
	if all[0].Options["endpointurl"] != "http://h:9" || all[0].Local || !all[1].Default || !all[1].Local || all[2].URL != filepath.Join(r.dir, "..", "rem") {
		t.Errorf("%+v", all)
	}
	wantKind(t, "other address", r.AddRemote("nas", "/elsewhere", false), fault.Exists)
	wantKind(t, "password", r.AddRemote("x", "https://u:p@h/x", false), fault.Invalid)
	wantKind(t, "option of no remote", r.SetRemote("none", nil), fault.NotFound)
	wantKind(t, "option that is secret", r.SetRemote("nas", map[string]string{"secret_access_key": "x"}), fault.Invalid)
	wantKind(t, "unknown option", r.SetRemote("nas", map[string]string{"endpointurl": "http://x"}), fault.Invalid)
	wantKind(t, "line break", r.AddRemote("x", "/a\n[core]", false), fault.Invalid)
}
