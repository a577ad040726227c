package dataset

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
)

func gitHere(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := git{dir: dir}.run(t.Context(), args...)
	if err != nil {
		t.Fatalf("git %v: %v", args, err)
	}
	return out
}

func commit(t *testing.T, r *Repository, message string, paths ...string) string {
	t.Helper()
	id, err := r.Commit(t.Context(), operator, message, paths)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCommitTakesOnlyItsPaths(t *testing.T) {
	r := newRepo(t)
	put(t, r, "mine.txt", "a person's")
	gitHere(t, r.dir, "add", "mine.txt")
	put(t, r, "a [1]*.tif", "1")
	o := add(t, r, "a [1]*.tif", map[string]any{"instrument": "SP8"})
	id := commit(t, r, "capture: a\n\nby hand", o.Changed...)
	if got := gitHere(t, r.dir, "show", "--format=", "--name-only", "-z", id); got != ".gitignore\x00a [1]*.tif.dvc\x00" {
		t.Errorf("commit holds %q", got)
	}
	if got := gitHere(t, r.dir, "diff", "--cached", "--name-only"); got != "mine.txt\n" {
		t.Errorf("staged: %q", got)
	}
	if again := commit(t, r, "capture: a", o.Changed...); again != id {
		t.Errorf("nothing new, but %s after %s", again, id)
	}
	log, err := r.Log(t.Context(), 1)
	if err != nil || len(log) != 1 || log[0].ID != id || log[0].Author != operator || log[0].Subject != "capture: a" || log[0].Body != "by hand" {
		t.Errorf("log %+v, %v", log, err)
	}
	s, err := r.Status(t.Context())
	if err != nil || len(s.Changed) != 0 || len(s.Uncommitted) != 1 || s.Uncommitted[0] != "mine.txt" {
		t.Errorf("status %+v, %v", s, err)
	}
	_, err = r.Commit(t.Context(), Author{}, "x", o.Changed)
	wantKind(t, "nobody's commit", err, fault.Invalid)
}

// TestCommitOfMorePathsThanACommandLineHolds hands over 2.3 MB of names; Linux takes 2 MiB.
func TestCommitOfMorePathsThanACommandLineHolds(t *testing.T) {
	r := newRepo(t)
	var paths []string
	deep := strings.Repeat(strings.Repeat("d", 240)+"/", 15)
	for i := range 650 {
		name := deep + fmt.Sprint(i)
		put(t, r, name, name)
		paths = append(paths, name)
	}
	id := commit(t, r, "reviews", paths...)
	if got := strings.Count(gitHere(t, r.dir, "show", "--format=", "--name-only", id), "\n"); got != len(paths) {
		t.Errorf("%d files", got)
	}
	if again := commit(t, r, "reviews", paths...); again != id {
		t.Error("nothing new, but a commit")
	}
}

func TestStatusTellsWhatChanged(t *testing.T) {
	r := newRepo(t)
	for _, n := range []string{"a", "b", "c", "d/x", "d/y", "same"} {
		put(t, r, n, n)
	}
	for _, n := range []string{"a", "b", "d", "same"} {
		add(t, r, n, nil)
	}
	c := add(t, r, "c", nil)
	put(t, r, "a", "other")
	put(t, r, "d/z", "new")
	if err := os.Remove(r.abs("b")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(r.cache.path(c.MD5)); err != nil {
		t.Fatal(err)
	}
	s, err := r.Status(t.Context())
	want := []Change{{"a", Modified}, {"b", Deleted}, {"c", NotInCache}, {"d", Modified}}
	if err != nil || len(s.Changed) != len(want) {
		t.Fatalf("%+v, %v", s, err)
	}
	for i, w := range want {
		if s.Changed[i] != w {
			t.Errorf("%+v, want %+v", s.Changed[i], w)
		}
	}
}

// gitServer is the real git http-backend with a login; it returns the address of an
// empty repository.
func gitServer(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	bare := filepath.Join(root, "data.git")
	gitHere(t, root, "init", "-q", "--bare", "-b", "main", bare)
	gitHere(t, bare, "config", "http.receivepack", "true")
	program, err := exec.LookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	h := &cgi.Handler{Path: program, Args: []string{"http-backend"}, Env: []string{"GIT_PROJECT_ROOT=" + root, "GIT_HTTP_EXPORT_ALL=1"}}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if user, pass, _ := q.BasicAuth(); user != "op" || pass != "op pass'\"$x" {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			http.Error(w, "login", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, q)
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/data.git"
}

func TestGitServerWithLogin(t *testing.T) {
	address := gitServer(t)
	login := Login{"op", "op pass'\"$x"}
	a, b := newRepo(t), newRepo(t)
	ctx := t.Context()
	for _, r := range []*Repository{a, b} {
		if err := r.AddGitServer(ctx, "origin", address); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.GitPull(ctx, operator, "origin", login); err != nil {
		t.Errorf("pull from an empty server: %v", err)
	}
	put(t, a, "a.tif", "1")
	commit(t, a, "a", add(t, a, "a.tif", nil).Changed...)
	wantKind(t, "no login", a.GitPush(ctx, "origin", "HEAD", Login{}), fault.Denied)
	err := a.GitPush(ctx, "origin", "HEAD", Login{"op", "wrong-word"})
	wantKind(t, "wrong login", err, fault.Denied)
	if strings.Contains(err.Error(), "wrong-word") {
		t.Errorf("tells the password: %v", err)
	}
	if err := a.GitPush(ctx, "origin", "HEAD", login); err != nil {
		t.Fatal(err)
	}
	conf, err := os.ReadFile(a.abs(".git/config"))
	if err != nil || strings.Contains(string(conf), "op pass") {
		t.Errorf("password in git's settings: %s, %v", conf, err)
	}
	wantKind(t, "unrelated histories", b.GitPush(ctx, "origin", "HEAD", login), fault.Busy)
	wantKind(t, "no server of that name", a.GitPush(ctx, "other", "HEAD", login), fault.NotFound)
	wantKind(t, "password in address", a.AddGitServer(ctx, "x", "http://op:pw@host/x.git"), fault.Invalid)
}

func TestGitPullMergesTwoStations(t *testing.T) {
	address := gitServer(t)
	login := Login{"op", "op pass'\"$x"}
	ctx := t.Context()
	a := newRepo(t)
	if err := a.AddGitServer(ctx, "origin", address); err != nil {
		t.Fatal(err)
	}
	if err := a.GitPush(ctx, "origin", "HEAD", login); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "b")
	gitHere(t, filepath.Dir(dir), "clone", "-q", a.dir, dir)
	gitHere(t, dir, "remote", "set-url", "origin", address)
	b, err := Open(ctx, dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	put(t, a, "s1/a.tif", "1")
	commit(t, a, "a", add(t, a, "s1/a.tif", nil).Changed...)
	put(t, b, "s2/b.tif", "2")
	commit(t, b, "b", add(t, b, "s2/b.tif", nil).Changed...)
	if err := a.GitPush(ctx, "origin", "HEAD", login); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "push behind", b.GitPush(ctx, "origin", "HEAD", login), fault.Busy)
	if err := b.GitPull(ctx, operator, "origin", login); err != nil {
		t.Fatal(err)
	}
	if err := b.GitPush(ctx, "origin", "HEAD", login); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(b.abs("s1/a.tif.dvc")); err != nil {
		t.Error(err)
	}
	put(t, a, "note.txt", "one")
	commit(t, a, "n", "note.txt")
	put(t, b, "note.txt", "two")
	commit(t, b, "n", "note.txt")
	if err := b.GitPush(ctx, "origin", "HEAD", login); err != nil {
		t.Fatal(err)
	}
	if err := a.GitPull(ctx, operator, "origin", login); err != nil {
		t.Fatal(err)
	}
	wantFile(t, a, "note.txt", "two") // the server's
	wantFile(t, a, "note (2).txt", "one")
	if s, err := a.Status(ctx); err != nil || len(s.Uncommitted) != 0 {
		t.Errorf("after the merge: %+v, %v", s, err)
	}
}

// TestASilentGitServer stops a push while the server says nothing, and lets another give up.
func TestASilentGitServer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		for {
			if _, err := l.Accept(); err != nil { // and never a word
				return
			}
			stop()
		}
	}()
	r := newRepo(t)
	must(t, r.AddGitServer(ctx, "lab", "http://"+l.Addr().String()+"/lab.git"))
	if err := r.GitPush(ctx, "lab", "HEAD", Login{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	t.Setenv("GIT_HTTP_LOW_SPEED_TIME", "1")
	wantKind(t, "a silent server", r.GitPush(t.Context(), "lab", "HEAD", Login{}), fault.Offline)
}
