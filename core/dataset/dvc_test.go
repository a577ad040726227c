package dataset

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/remote/folder"
	"coverslip.dev/coverslip/core/servertest"
)

// dvc returns a call of the real dvc program, which each test of this file asks.
func dvc(t *testing.T) func(r *Repository, args ...string) string {
	t.Helper()
	program := servertest.Need(t, "COVERSLIP_TEST_DVC")
	site := t.TempDir()
	return func(r *Repository, args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), program, args...)
		cmd.Dir = r.dir
		cmd.Env = append(os.Environ(), "DVC_SITE_CACHE_DIR="+site, "DVC_NO_ANALYTICS=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("dvc %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
}

func TestDVCCallsItClean(t *testing.T) {
	run := dvc(t)
	r := plates(t)
	src := instrument(t, "c [1] #.tif", "captured")
	if _, err := r.Capture(t.Context(), []SourceFile{{src, "captures/sp8/c [1] #.tif"}}, nil); err != nil {
		t.Fatal(err)
	}
	meta := map[string]any{"instrument": "SP8", "operator": "Ana: \"K\" #1", "captured": "2026-11-24T15:00:00Z", "on": "yes", "n": 3}
	o := add(t, r, "captures/sp8/c [1] #.tif", meta)
	commit(t, r, "capture", o.Changed...)
	if got := run(r, "status", "--json"); got != "{}" {
		t.Errorf("dvc status: %s", got)
	}
	if got := run(r, "data", "status", "--json"); strings.Contains(got, "uncommitted") || strings.Contains(got, "not_in_cache") {
		t.Errorf("dvc data status: %s", got)
	}
	if err := os.RemoveAll(r.abs("plate 1")); err != nil {
		t.Fatal(err)
	}
	run(r, "checkout", "-q")
	if s, err := r.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("after dvc checkout: %+v, %v", s, err)
	}
	run(r, "commit", "-q", "-f") // rewrites every .dvc file that it finds wanting
	if s, err := r.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("after dvc commit: %+v, %v", s, err)
	}
}

func TestDVCPullsWhatWePush(t *testing.T) {
	run := dvc(t)
	r := plates(t)
	nas := t.TempDir()
	if err := r.AddRemote("nas", nas, true); err != nil {
		t.Fatal(err)
	}
	commit(t, r, "remote", ".dvc/config")
	if _, err := r.Push(t.Context(), folder.Open(nas), nil); err != nil {
		t.Fatal(err)
	}
	if got := run(r, "status", "-c", "--json"); got != "{}" {
		t.Errorf("dvc status -c: %s", got)
	}
	c := cloned(t, r)
	run(c, "pull", "-q")
	wantSame(t, r, c)
	if s, err := c.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("after dvc pull: %+v, %v", s, err)
	}
}

func TestWePullWhatDVCPushes(t *testing.T) {
	run := dvc(t)
	r := plates(t)
	nas := t.TempDir()
	run(r, "remote", "add", "-q", "-d", "nas", nas)
	put(t, r, "plate 1/w9/more.tif", "more")
	put(t, r, "single", "1")
	run(r, "add", "-q", "plate 1", "single")
	run(r, "push", "-q")
	commit(t, r, "by dvc", "plate 1.dvc", "single.dvc", ".gitignore", ".dvc/config")
	c := cloned(t, r)
	all, err := c.Remotes()
	if err != nil || len(all) != 1 || all[0].URL != nas || !all[0].Default {
		t.Fatalf("%+v, %v", all, err)
	}
	if _, err := c.Pull(t.Context(), folder.Open(all[0].URL), nil); err != nil {
		t.Fatal(err)
	}
	wantSame(t, r, c)
	if got := run(c, "status", "--json"); got != "{}" {
		t.Errorf("dvc status: %s", got)
	}
}

// TestPatchAsDVC lets both write over the same files of a person's.
func TestPatchAsDVC(t *testing.T) {
	run := dvc(t)
	for name, text := range map[string]string{
		"comments": "# head\nouts:\n- md5: 5bbf5a52328e7439ae6e719dfe712200 # h\n  size: 4\n  hash: md5\n  path: v # p\n  desc: x\nmeta:\n  a: 1\n  b:\n  - c # d\n",
		"order":    "meta: {a: 1}\nouts:\n- path: v\n  hash: md5\n  size: 4\n  md5: 5bbf5a52328e7439ae6e719dfe712200\n  labels: [x, y]\n",
		"no hash":  "outs:\n- path: v\n",
		"flow":     "outs: [{md5: 5bbf5a52328e7439ae6e719dfe712200, size: 4, hash: md5, path: v}]\n",
	} {
		t.Run(name, func(t *testing.T) {
			ours, theirs := newRepo(t), newRepo(t)
			for _, r := range []*Repository{ours, theirs} {
				put(t, r, "v", "other content\n")
				put(t, r, "v.dvc", text)
			}
			add(t, ours, "v", nil)
			run(theirs, "add", "-q", "v")
			want, err := os.ReadFile(theirs.abs("v.dvc"))
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, ours, "v.dvc", string(want))
		})
	}
}
