package azure

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/dataset"
)

var person = dataset.Author{Name: "Ana", Email: "ana@lab.example"}

var files = map[string]string{
	"plate 1/w0/µ [1] #.tif": strings.Repeat("well", 50_000), "plate 1/w1/empty": "", "plate 1/a+b&c%41.tif": "odd", "vol.bin": "volume",
}

// program returns a call of the real dvc in a folder.
func program(t *testing.T) func(dir string, args ...string) string {
	t.Helper()
	path := os.Getenv("COVERSLIP_TEST_DVC")
	if path == "" {
		if os.Getenv("COVERSLIP_TEST_SERVERS") == "1" {
			t.Fatal("COVERSLIP_TEST_DVC is not set")
		}
		t.Skip("needs the dvc program: set COVERSLIP_TEST_DVC to its path")
	}
	site := t.TempDir()
	return func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), path, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "DVC_SITE_CACHE_DIR="+site, "DVC_NO_ANALYTICS=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("dvc %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
}

// made is a dataset with files and the remote named; its secrets are in config.local.
func made(t *testing.T, dvc func(string, ...string) string) *dataset.Repository {
	t.Helper()
	conf := login(server(t))
	url := "azure://" + testContainer + "/dvc " + strconv.FormatInt(time.Now().UnixNano(), 36)
	r, err := dataset.Init(t.Context(), t.TempDir(), dataset.Options{Author: person})
	if err != nil {
		t.Fatal(err)
	}
	for rel, text := range files {
		path := filepath.Join(r.Dir(), filepath.FromSlash(rel))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.AddRemote("lab", url, true); err != nil {
		t.Fatal(err)
	}
	for k, v := range conf {
		dvc(r.Dir(), "remote", "modify", "-q", "--local", "lab", k, v)
	}
	return r
}

// cloned is a fresh clone, with the secrets.
func cloned(t *testing.T, r *dataset.Repository) *dataset.Repository {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "clone")
	if out, err := exec.CommandContext(t.Context(), "git", "clone", "-q", r.Dir(), dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	secrets, err := os.ReadFile(filepath.Join(r.Dir(), ".dvc", "config.local"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, ".dvc", "config.local"), secrets, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	c, err := dataset.Open(t.Context(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantFiles(t *testing.T, r *dataset.Repository) {
	t.Helper()
	for rel, want := range files {
		got, err := os.ReadFile(filepath.Join(r.Dir(), filepath.FromSlash(rel)))
		if err != nil || string(got) != want {
			t.Errorf("%s: %d bytes, %v; want %d", rel, len(got), err, len(want))
		}
	}
}

// opened is the dataset's own remote, by its settings.
func opened(t *testing.T, r *dataset.Repository) *Container {
	t.Helper()
	all, err := r.Remotes()
	if err != nil || len(all) != 1 {
		t.Fatalf("%d remotes, %v", len(all), err)
	}
	o, err := Parse(all[0].URL, all[0].Options)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDVCPullsWhatWePush(t *testing.T) {
	dvc := program(t)
	r := made(t, dvc)
	paths := []string{".dvc/config"}
	for _, rel := range []string{"plate 1", "vol.bin"} {
		o, err := r.Add(t.Context(), rel, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, o.Changed...)
	}
	if _, err := r.Commit(t.Context(), person, "add", paths); err != nil {
		t.Fatal(err)
	}
	if done, err := r.Push(t.Context(), opened(t, r), nil); err != nil || done.Moved != 5 {
		t.Fatalf("%+v, %v", done, err)
	}
	if got := dvc(r.Dir(), "status", "-c", "--json"); got != "{}" {
		t.Errorf("dvc status -c: %s", got)
	}
	if got := dvc(r.Dir(), "push"); got != "Everything is up to date." {
		t.Errorf("dvc push: %s", got)
	}
	c := cloned(t, r)
	dvc(c.Dir(), "pull", "-q")
	wantFiles(t, c)
}

func TestWePullWhatDVCPushes(t *testing.T) {
	dvc := program(t)
	r := made(t, dvc)
	dvc(r.Dir(), "add", "-q", "plate 1", "vol.bin")
	dvc(r.Dir(), "push", "-q")
	if _, err := r.Commit(t.Context(), person, "by dvc", []string{".dvc/config", "plate 1.dvc", "vol.bin.dvc", ".gitignore"}); err != nil {
		t.Fatal(err)
	}
	c := cloned(t, r)
	if done, err := c.Pull(t.Context(), opened(t, c), nil); err != nil || done.Moved != 5 {
		t.Fatalf("%+v, %v", done, err)
	}
	wantFiles(t, c)
	if got := dvc(c.Dir(), "status", "--json"); got != "{}" {
		t.Errorf("dvc status: %s", got)
	}
	if done, err := r.Push(t.Context(), opened(t, r), nil); err != nil || done.Moved != 0 || done.Present != 5 {
		t.Errorf("push again: %+v, %v", done, err)
	}
}
