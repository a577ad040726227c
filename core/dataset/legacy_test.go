package dataset

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// old opens a copy of a repository that DVC 2.58.2 made.
func old(t *testing.T) *Repository {
	t.Helper()
	dir := t.TempDir()
	archive, err := filepath.Abs("testdata/v2.tgz")
	must(t, err)
	if out, err := exec.CommandContext(t.Context(), "tar", "xzf", archive, "-C", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	gitHere(t, dir, "init", "-q", "-b", "main")
	gitHere(t, dir, "add", "-A")
	gitHere(t, dir, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "by DVC 2")
	r, err := Open(t.Context(), dir, Options{})
	must(t, err)
	return r
}

func TestARepositoryOfDVC2(t *testing.T) {
	r := old(t)
	ctx := t.Context()
	if s, err := r.Status(ctx); err != nil || !s.Clean() {
		t.Fatalf("%+v, %v", s, err)
	}
	want := map[string]string{}
	for _, name := range []string{"t.csv", "plate/crlf.txt", "plate/lf.txt", "plate/img.bin", "plate/bin.dat"} {
		data, err := os.ReadFile(r.abs(name))
		must(t, err)
		want[name] = string(data)
	}
	nas := folder.Open(t.TempDir())
	done, err := r.Push(ctx, nas, nil)
	if err != nil || done.Moved != 5 || done.Legacy != 2 {
		t.Fatalf("%+v, %v", done, err)
	}
	if c, err := r.Audit(ctx, nas, AuditOptions{Scope: AllCommits}, nil); err != nil || len(c.Flaws) != 0 {
		t.Errorf("audit: %+v, %v", c, err)
	}
	if c, err := r.Verify(ctx, WorkTree, nil); err != nil || len(c.Flaws) != 0 {
		t.Errorf("verify: %+v, %v", c, err)
	}
	must(t, os.RemoveAll(r.cache.dir), os.RemoveAll(r.abs("plate")), os.Remove(r.abs("t.csv")))
	s, err := r.Status(ctx)
	must(t, err)
	if len(s.Changed) != 2 || s.Changed[0].State != Deleted {
		t.Errorf("without data: %+v", s)
	}
	if _, err := r.Pull(ctx, nas, nil); err != nil {
		t.Fatal(err)
	}
	for name, content := range want {
		got, err := os.ReadFile(r.abs(name))
		if err != nil || strings.ReplaceAll(string(got), "\r\n", "\n") != strings.ReplaceAll(content, "\r\n", "\n") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if s, err := r.Status(ctx); err != nil || !s.Clean() {
		t.Errorf("after the pull: %+v, %v", s, err)
	}
	must(t, os.RemoveAll(r.cache.dir), os.RemoveAll(r.abs("plate")), os.Remove(r.abs("t.csv")))
	for _, name := range []string{"t.csv", "plate/bin.dat"} {
		if _, err := r.PullPaths(ctx, nas, []string{name}, nil); err != nil {
			t.Error(err)
		}
		wantFile(t, r, name, want[name])
	}
	put(t, r, "t.csv", "mine")
	if s, err := r.Status(ctx); err != nil || len(s.Changed) != 1 || s.Changed[0].State != Modified {
		t.Errorf("%+v, %v", s, err)
	}
	wantKind(t, "a person's file", r.Checkout(ctx, nil), fault.Exists)
	wantFile(t, r, "t.csv", "mine")
	if o := add(t, r, "t.csv", nil); o.out.legacy {
		t.Error("added again as DVC 2 did")
	}
}

// TestWhatOthersHaveOfDVC2 pushes while two objects are not here: first they are lost, then
// someone else's who has published them. Nothing else waits for them.
func TestWhatOthersHaveOfDVC2(t *testing.T) {
	r := old(t)
	outs, err := r.Outputs(t.Context())
	must(t, err)
	for _, o := range outs {
		gone := o.MD5
		if o.out.isDir() {
			list, err := r.oldTree(o)
			must(t, err)
			gone = list[0].MD5
		}
		must(t, os.Remove(r.cache.oldPath(gone)))
	}
	put(t, r, "new.tif", "new")
	commit(t, r, "capture", add(t, r, "new.tif", nil).Changed...)
	nas := folder.Open(t.TempDir())
	done, err := r.Push(t.Context(), nas, nil)
	wantKind(t, "lost", err, fault.NotFound)
	if done.Moved != 3 || done.Elsewhere != 0 { // the list of a folder does not go without its files
		t.Errorf("%+v", done)
	}
	server := t.TempDir()
	gitHere(t, server, "init", "-q", "--bare", "-b", "main")
	must(t, r.AddGitServer(t.Context(), "lab", server), r.GitPush(t.Context(), "lab", "HEAD", Login{}))
	if done, err := r.Push(t.Context(), nas, nil); err != nil || done.Elsewhere != 2 || done.Present != 4 { // two files of one content among them
		t.Errorf("%+v, %v", done, err)
	}
}

func TestDVC3AgreesOnDVC2(t *testing.T) {
	run := dvc(t)
	r := old(t)
	nas := t.TempDir()
	must(t, r.AddRemote("new", nas, true))
	if _, err := r.Push(t.Context(), folder.Open(nas), nil); err != nil {
		t.Fatal(err)
	}
	if got := run(r, "status", "-c"); !strings.Contains(got, "in sync") {
		t.Errorf("dvc status -c: %s", got)
	}
	must(t, os.RemoveAll(r.cache.dir), os.RemoveAll(r.abs("plate")))
	run(r, "pull", "-q")
	if s, err := r.Status(t.Context()); err != nil || len(s.Changed) != 0 {
		t.Errorf("after dvc pull: %+v, %v", s, err)
	}
	must(t, os.RemoveAll(r.abs("plate")), r.Checkout(t.Context(), nil))
	if got := run(r, "status", "--json"); got != "{}" {
		t.Errorf("dvc status: %s", got)
	}
}

func TestDamageToAnObjectOfDVC2(t *testing.T) {
	r := old(t)
	dir := t.TempDir()
	nas := folder.Open(dir)
	if _, err := r.Push(t.Context(), nas, nil); err != nil {
		t.Fatal(err)
	}
	outs, err := r.Outputs(t.Context())
	must(t, err)
	for _, o := range outs {
		if !o.out.isDir() {
			damage(t, filepath.Join(dir, filepath.FromSlash(oldKey(o.MD5))))
		}
	}
	must(t, os.RemoveAll(r.cache.dir))
	_, err = r.Fetch(t.Context(), nas, nil)
	wantKind(t, "a damaged object", err, fault.Corrupt)
}

// The sums were taken by DVC 3.67.1's dvc_data.hashfile.hash.file_md5(name="md5-dos2unix").
func TestLegacySums(t *testing.T) {
	r := newRepo(t)
	for name, c := range legacyCases() {
		put(t, r, name, c.text)
		if same, err := r.SameAsLegacy(t.Context(), name, c.sum); err != nil || !same {
			t.Errorf("%s: %v, %v", name, same, err)
		}
		if same, err := r.SameAsLegacy(t.Context(), name, strings.Repeat("0", 32)); err != nil || same {
			t.Errorf("%s: equals anything, %v", name, err)
		}
	}
}

func legacyCases() map[string]struct{ text, sum string } {
	const mib = 1 << 20
	return map[string]struct{ text, sum string }{
		"empty":         {"", "d41d8cd98f00b204e9800998ecf8427e"},
		"lf":            {"a\nb\n", "dd8c6a395b5dd36c56d23275028f526c"},
		"crlf":          {"a\r\nb\r\n", "dd8c6a395b5dd36c56d23275028f526c"},
		"zero":          {"\x00a\r\nb\r\n", "1336478d095a693e514198c06812ee2f"},
		"late zero":     {strings.Repeat("x", 600) + "\r\n\x00", "94ab30f07d5337841affed878e6b09b7"},
		"umlauts":       {strings.Repeat("ä", 10) + "\r\n", "d0ff994cb060a462ea844b0ec466c6ce"},
		"few umlauts":   {"äabcdef\r\n", "a5db75289d2a02241fec37a64b65a61d"},
		"edge":          {"\x80\x80\x80aaaaa\r\n", "5e1ea9682f77ba8aa49a9631a192b580"},
		"across":        {strings.Repeat("a", mib-1) + "\r\n", "2647acae3fed7a4538ecf474e9a98d1e"},
		"two":           {strings.Repeat("a", mib) + "\r\n", "a495e6ffc210f4586be4deb4aba92bd4"},
		"binary second": {strings.Repeat("a", mib) + "\x00\r\n", "aceb5b5491f0767dd6cd310bdf692732"},
	}
}
