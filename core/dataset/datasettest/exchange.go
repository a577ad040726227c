// Package datasettest is what a dataset and its remote do together as tests that every
// adapter passes: with the dvc program, and after a cut.
package datasettest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/servertest"
)

// Place is a remote in DVC's words, and how an adapter opens it by them.
type Place struct {
	URL     string
	Options map[string]string // may hold secrets
	Open    func(t *testing.T, c dataset.RemoteConfig) remote.Remote
}

func files() map[string]string {
	return map[string]string{
		"plate 1/w0/µ [1] #.tif": strings.Repeat("well", 50_000), "plate 1/w1/empty": "", "plate 1/a+b&c%41.tif": "odd", "vol.bin": "volume",
	}
}

func person() dataset.Author { return dataset.Author{Name: "Ana", Email: "ana@lab.example"} }

// bench is a dataset and the real dvc program.
type bench struct {
	t     *testing.T
	place Place
	dvc   func(dir string, args ...string) string
}

// DVCPulls checks that the real dvc finds nothing to push after us, and pulls what we pushed.
func DVCPulls(t *testing.T, p Place) {
	t.Helper()
	b := bench{t, p, program(t)}
	r := b.made()
	paths := []string{".dvc/config"}
	for _, rel := range []string{"plate 1", "vol.bin"} {
		o, err := r.Add(t.Context(), rel, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, o.Changed...)
	}
	if _, err := r.Commit(t.Context(), person(), "add", paths); err != nil {
		t.Fatal(err)
	}
	if done, err := r.Push(t.Context(), b.opened(r), nil); err != nil || done.Moved != 5 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := b.dvc(r.Dir(), "status", "-c", "--json"); got != "{}" {
		t.Errorf("dvc status -c: %s", got)
	}
	if got := b.dvc(r.Dir(), "push"); got != "Everything is up to date." {
		t.Errorf("dvc push: %s", got)
	}
	c := b.cloned(r)
	b.dvc(c.Dir(), "pull", "-q")
	b.wantFiles(c)
}

// DVCPushes checks that we pull what the real dvc pushed, and find nothing to push after it.
func DVCPushes(t *testing.T, p Place) {
	t.Helper()
	b := bench{t, p, program(t)}
	r := b.made()
	b.dvc(r.Dir(), "add", "-q", "plate 1", "vol.bin")
	b.dvc(r.Dir(), "push", "-q")
	if _, err := r.Commit(t.Context(), person(), "by dvc", []string{".dvc/config", "plate 1.dvc", "vol.bin.dvc", ".gitignore"}); err != nil {
		t.Fatal(err)
	}
	c := b.cloned(r)
	if done, err := c.Pull(t.Context(), b.opened(c), nil); err != nil || done.Moved != 5 {
		t.Fatalf("%+v, %v", done, err)
	}
	b.wantFiles(c)
	if got := b.dvc(c.Dir(), "status", "--json"); got != "{}" {
		t.Errorf("dvc status: %s", got)
	}
	if done, err := r.Push(t.Context(), b.opened(r), nil); err != nil || done.Moved != 0 || done.Present != 5 {
		t.Errorf("push again: %+v, %v", done, err)
	}
}

// program returns a call of the real dvc in a folder.
func program(t *testing.T) func(dir string, args ...string) string {
	t.Helper()
	path := servertest.Need(t, "COVERSLIP_TEST_DVC")
	site := t.TempDir()
	return func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), path, args...) //nolint:gosec // the test's own
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DVC_SITE_CACHE_DIR="+site, "DVC_NO_ANALYTICS=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("dvc %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
}

// made is a dataset with files and the remote; its secrets are in config.local.
func (b bench) made() *dataset.Repository {
	b.t.Helper()
	r, err := dataset.Init(b.t.Context(), b.t.TempDir(), dataset.Options{Author: person()})
	if err != nil {
		b.t.Fatal(err)
	}
	for rel, text := range files() {
		path := filepath.Join(r.Dir(), filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.t.Fatal(err)
		}
	}
	if err := r.AddRemote("lab", b.place.URL, true); err != nil {
		b.t.Fatal(err)
	}
	for k, v := range b.place.Options {
		b.dvc(r.Dir(), "remote", "modify", "-q", "--local", "lab", k, v)
	}
	return r
}

// cloned is a fresh clone, with the secrets.
func (b bench) cloned(r *dataset.Repository) *dataset.Repository {
	b.t.Helper()
	dir := filepath.Join(b.t.TempDir(), "clone")
	if out, err := exec.CommandContext(b.t.Context(), "git", "clone", "-q", r.Dir(), dir).CombinedOutput(); err != nil { //nolint:gosec // the test's own
		b.t.Fatalf("%v\n%s", err, out)
	}
	secrets, err := os.ReadFile(filepath.Join(r.Dir(), ".dvc", "config.local"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, ".dvc", "config.local"), secrets, 0o600)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	c, err := dataset.Open(b.t.Context(), dir, dataset.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b bench) wantFiles(r *dataset.Repository) {
	b.t.Helper()
	for rel, want := range files() {
		got, err := os.ReadFile(filepath.Join(r.Dir(), filepath.FromSlash(rel)))
		if err != nil || string(got) != want {
			b.t.Errorf("%s: %d bytes, %v; want %d", rel, len(got), err, len(want))
		}
	}
}

// opened is the dataset's own remote, by its settings.
func (b bench) opened(r *dataset.Repository) remote.Remote {
	b.t.Helper()
	all, err := r.Remotes()
	if err != nil || len(all) != 1 {
		b.t.Fatalf("%d remotes, %v", len(all), err)
	}
	return b.place.Open(b.t, all[0])
}
