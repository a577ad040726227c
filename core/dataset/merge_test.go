package dataset

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// benches are two datasets that each began on their own, with one git server.
func benches(t *testing.T) (a, b *Repository, exchange func(r *Repository) error) {
	t.Helper()
	address := gitServer(t)
	login := Login{"op", "op pass'\"$x"}
	a, b = newRepo(t), newRepo(t)
	for _, r := range []*Repository{a, b} {
		if err := r.AddGitServer(t.Context(), "lab", address); err != nil {
			t.Fatal(err)
		}
	}
	return a, b, func(r *Repository) error {
		if err := r.GitPull(t.Context(), operator, "lab", login); err != nil {
			return err
		}
		return r.GitPush(t.Context(), "lab", "HEAD", login)
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// TestTheNASMoves has one bench take in a remote's new address while it added another remote.
func TestTheNASMoves(t *testing.T) {
	a, b, exchange := benches(t)
	must(t, a.AddRemote("nas", "/mnt/nas", true))
	commit(t, a, "remote", ".dvc/config")
	must(t, exchange(a), exchange(b))
	text, err := os.ReadFile(a.abs(".dvc/config"))
	must(t, err)
	put(t, a, ".dvc/config", strings.ReplaceAll(string(text), "/mnt/nas", "/mnt/nas2"))
	commit(t, a, "moved", ".dvc/config")
	must(t, b.AddRemote("s3", "s3://images", false))
	commit(t, b, "another", ".dvc/config")
	must(t, exchange(a), exchange(b))
	have := map[string]string{}
	all, err := b.Remotes()
	must(t, err)
	for _, c := range all {
		have[c.Name] = c.URL
	}
	if have["nas"] != "/mnt/nas2" || have["s3"] != "s3://images" {
		t.Errorf("%v", have)
	}
}

// TestAPushEndsAtItsCommit has a commit come while the one before is pushed.
func TestAPushEndsAtItsCommit(t *testing.T) {
	a, b, _ := benches(t)
	login := Login{"op", "op pass'\"$x"}
	put(t, a, "a", "a")
	first := commit(t, a, "a", add(t, a, "a", nil).Changed...)
	put(t, a, "b", "b")
	commit(t, a, "b", add(t, a, "b", nil).Changed...)
	must(t, a.GitPush(t.Context(), "lab", first, login), b.GitPull(t.Context(), operator, "lab", login))
	if !exists(b.abs("a.dvc")) || exists(b.abs("b.dvc")) {
		t.Error("the server has not what it should have")
	}
	must(t, a.GitPush(t.Context(), "lab", "HEAD", login), b.GitPull(t.Context(), operator, "lab", login))
	if !exists(b.abs("b.dvc")) {
		t.Error("the second did not come")
	}
}

func TestTwoBenchesThatEachBegan(t *testing.T) {
	a, b, exchange := benches(t)
	must(t, a.AddRemote("nas", "/mnt/nas", true), b.AddRemote("nas", "/media/nas", true))
	commit(t, a, "remote", ".dvc/config")
	commit(t, b, "remote", ".dvc/config")
	for _, x := range []struct {
		r    *Repository
		name string
	}{{a, "captures/a.tif"}, {b, "captures/b.tif"}, {a, "captures/same.ome.tif"}, {b, "captures/same.ome.tif"}} {
		put(t, x.r, x.name, x.name+x.r.dir)
		commit(t, x.r, "capture", add(t, x.r, x.name, nil).Changed...)
	}
	must(t, exchange(a), exchange(b), exchange(a))
	for _, r := range []*Repository{a, b} {
		for _, name := range []string{"a.tif", "b.tif", "same.ome.tif", "same (2).ome.tif"} {
			if _, err := os.Stat(r.abs("captures/" + name + ".dvc")); err != nil {
				t.Error(err)
			}
		}
		list, err := os.ReadFile(r.abs("captures/.gitignore"))
		for _, line := range []string{"/a.tif\n", "/b.tif\n", "/same.ome.tif\n", "/same (2).ome.tif\n"} {
			if err != nil || strings.Count(string(list), line) != 1 {
				t.Errorf("ignored:\n%s, %v", list, err)
			}
		}
		if s, err := r.Status(t.Context()); err != nil || len(s.Uncommitted) != 0 {
			t.Errorf("%+v, %v", s, err)
		}
	}
	wantFile(t, a, "captures/same.ome.tif", "captures/same.ome.tif"+a.dir)
	wantFile(t, b, "captures/same (2).ome.tif", "captures/same.ome.tif"+b.dir)
	remotes, err := b.Remotes()
	if err != nil || len(remotes) != 1 || remotes[0].URL != "/media/nas" {
		t.Errorf("the bench's own place of the NAS: %+v, %v", remotes, err)
	}
	if at := gitHere(t, a.dir, "rev-parse", "HEAD"); at != gitHere(t, b.dir, "rev-parse", "HEAD") {
		t.Error("the benches are not at one commit")
	}
}

func TestAFolderThatGrewOnTwoBenches(t *testing.T) {
	a, b, exchange := benches(t)
	put(t, a, "plate/1.tif", "1")
	put(t, a, "plate/2.tif", "2")
	put(t, a, "plate/3.tif", "3")
	commit(t, a, "plate", add(t, a, "plate", nil).Changed...)
	must(t, exchange(a), exchange(b))
	for _, n := range []string{"1", "2", "3"} {
		put(t, b, "plate/"+n+".tif", n)
	}
	add(t, b, "plate", nil) // nothing new, but the objects are here now
	put(t, b, "plate/b.tif", "b")
	put(t, b, "plate/2.tif", "2 of b")
	put(t, b, "plate/3.tif", "3 of b")
	commit(t, b, "grows", add(t, b, "plate", nil).Changed...)
	for _, n := range []string{"a", "2 of a"} { // the objects of a that b has, as after a pull
		if _, err := b.cache.store(t.Context(), strings.NewReader(n), sum([]byte(n))); err != nil {
			t.Fatal(err)
		}
	}
	put(t, a, "plate/a.tif", "a")
	put(t, a, "plate/2.tif", "2 of a")
	must(t, os.Remove(a.abs("plate/1.tif")))
	o := add(t, a, "plate", nil)
	commit(t, a, "grows", o.Changed...)
	list, err := os.ReadFile(a.cache.path(o.MD5))
	must(t, err)
	if _, err := b.cache.storeTree(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	must(t, exchange(a), exchange(b))
	outs, err := b.Outputs(t.Context())
	if err != nil || len(outs) != 1 {
		t.Fatalf("%+v, %v", outs, err)
	}
	entries, err := b.cache.tree(outs[0].MD5)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Path)
	}
	want := []string{"2 (2).tif", "2.tif", "3.tif", "a.tif", "b.tif"}
	if !slices.Equal(names, want) {
		t.Errorf("joined %q, not %q", names, want)
	}
	wantFile(t, b, "plate/2.tif", "2 of a")
	wantFile(t, b, "plate/3.tif", "3 of b")
	wantFile(t, b, "plate/a.tif", "a")
}

func TestNoMergeWithSomethingElse(t *testing.T) {
	a, _, exchange := benches(t)
	other := t.TempDir()
	gitHere(t, other, "init", "-q", "-b", "main")
	must(t, os.WriteFile(filepath.Join(other, "README"), []byte("no dataset"), 0o644))
	gitHere(t, other, "add", ".")
	gitHere(t, other, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-q", "-m", "x")
	gitHere(t, a.dir, "remote", "set-url", "lab", other)
	wantKind(t, "another repository", exchange(a), fault.Invalid)
	if _, err := os.Stat(a.abs("README")); err == nil {
		t.Error("it was merged")
	}
}

func TestAMergeThatACrashLeft(t *testing.T) {
	a, b, exchange := benches(t)
	for _, r := range []*Repository{a, b} {
		put(t, r, "x.tif", r.dir)
		commit(t, r, "x", add(t, r, "x.tif", nil).Changed...)
	}
	must(t, exchange(a))
	gitHere(t, b.dir, "fetch", "-q", a.dir, "main")
	if _, err := (git{dir: b.dir}).run(t.Context(), "merge", "--allow-unrelated-histories", "FETCH_HEAD"); err == nil {
		t.Fatal("there is no conflict")
	}
	wantKind(t, "a person's merge", exchange(b), fault.Exists)
	must(t, os.WriteFile(b.abs(mergeMark), nil, 0o644))
	must(t, exchange(b))
	if _, err := os.Stat(b.abs("x (2).tif.dvc")); err != nil {
		t.Error(err)
	}
}

// TestTwoBenchesAtOnce is the 50 rounds of two benches on one git server.
func TestTwoBenchesAtOnce(t *testing.T) {
	rounds := 6
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		rounds = 50
	}
	a, b, exchange := benches(t)
	var g sync.WaitGroup
	for i, r := range []*Repository{a, b} {
		g.Go(func() {
			for n := range rounds {
				name := fmt.Sprintf("captures/%d-%d.tif", i, n)
				if n%5 == 0 {
					name = fmt.Sprintf("captures/same-%d.tif", n)
				}
				if _, err := os.Stat(r.abs(name + ".dvc")); err == nil { // the other's came already
					name = aside(name, func(string) bool { return false })
				}
				put(t, r, name, name+r.dir)
				o, err := r.Add(t.Context(), name, nil, nil)
				if err == nil {
					_, err = r.Commit(t.Context(), operator, "capture", o.Changed)
				}
				for tries := 0; err == nil && tries < 20; tries++ {
					if err = exchange(r); fault.KindOf(err) != fault.Busy {
						break
					}
					err = nil // someone pushed meanwhile: the line tries again
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	g.Wait()
	must(t, exchange(a), exchange(b), exchange(a))
	for _, r := range []*Repository{a, b} {
		outs, err := r.Outputs(t.Context())
		oids := map[string]bool{}
		for _, o := range outs {
			oids[o.MD5] = true
		}
		if err != nil || len(outs) != 2*rounds || len(oids) != 2*rounds {
			t.Errorf("%d captures, %d contents, %v; want %d", len(outs), len(oids), err, 2*rounds)
		}
	}
}

func TestPushDoesNotWaitForWhatOthersHave(t *testing.T) {
	a, b, exchange := benches(t)
	put(t, a, "a.tif", "a")
	put(t, a, "plate/1.tif", "1")
	for _, rel := range []string{"a.tif", "plate"} {
		commit(t, a, "capture", add(t, a, rel, nil).Changed...)
	}
	must(t, exchange(a), exchange(b))
	put(t, b, "b.tif", "b")
	o := add(t, b, "b.tif", nil)
	commit(t, b, "capture", o.Changed...)
	nas := folder.Open(t.TempDir())
	done, err := b.Push(t.Context(), nas, nil)
	if err != nil || done.Moved != 1 || done.Elsewhere != 2 {
		t.Errorf("%+v, %v", done, err)
	}
	if done, err := a.Push(t.Context(), nas, nil); err != nil || done.Moved != 3 {
		t.Errorf("%+v, %v", done, err)
	}
	put(t, b, "lost.tif", "lost")
	o = add(t, b, "lost.tif", nil)
	commit(t, b, "capture", o.Changed...)
	must(t, os.Remove(b.cache.path(o.MD5)))
	_, err = b.Push(t.Context(), nas, nil)
	wantKind(t, "its own is lost", err, fault.NotFound)
	if done, err := cloned(t, a).Pull(t.Context(), nas, nil); err != nil || done.Moved != 3 {
		t.Errorf("%+v, %v", done, err)
	}
}
