package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/servertest"
)

// bench is a dataset that one person works on with this program, git and dvc.
type bench struct {
	t   *testing.T
	dir string
}

func newBench(t *testing.T) bench {
	t.Helper()
	b := bench{t, t.TempDir()}
	b.other("git", "init", "-q", "-b", "main")
	b.other("git", "config", "user.name", "Ada")
	b.other("git", "config", "user.email", "ada@lab")
	return b
}

func (b bench) other(program string, args ...string) string {
	b.t.Helper()
	cmd := exec.CommandContext(b.t.Context(), program, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "DVC_SITE_CACHE_DIR="+b.dir+"-site", "DVC_NO_ANALYTICS=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// ctl runs a command of this program and wants it to end with code.
func (b bench) ctl(code int, args ...string) string {
	b.t.Helper()
	var out, errs bytes.Buffer
	if got := run(b.t.Context(), append([]string{"-C", b.dir}, args...), &out, &errs); got != code {
		b.t.Fatalf("%v ended with %d, not %d\n%s%s", args, got, code, &out, &errs)
	}
	return out.String() + errs.String()
}

func (b bench) put(name, content string) {
	b.t.Helper()
	full := filepath.Join(b.dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

func (b bench) want(what, text string, words ...string) {
	b.t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.t.Errorf("%s: %q is not in\n%s", what, w, text)
		}
	}
}

func TestADayWithADataset(t *testing.T) {
	b := newBench(t)
	b.ctl(0, "init")
	b.put("plate/1.tif", "one")
	b.put("plate/2.tif", "two")
	b.put("a.txt", "first")
	b.ctl(0, "add", "plate", "a.txt")
	b.ctl(0, "commit", "-m", "first")
	nas := t.TempDir()
	b.put(".dvc/config", "[core]\n    remote = nas\n['remote \"nas\"']\n    url = "+nas+"\n")
	b.ctl(0, "commit", "-m", "remote", ".dvc/config")
	b.put("plate/3.tif", "three")
	b.put("a.txt", "second")
	b.want("status", b.ctl(0, "status"), "plate", "modified")
	b.ctl(0, "add", "plate", "a.txt")
	b.want("diff", b.ctl(0, "diff"), "added    plate/3.tif", "changed  a.txt")
	b.ctl(0, "commit", "-m", "second")
	b.want("log", b.ctl(0, "log"), "Ada", "second")
	b.want("audit", b.ctl(1, "audit"), "missing", "plate/1.tif")
	b.want("push", b.ctl(0, "push"), "7 objects pushed")
	b.want("audit", b.ctl(0, "audit", "--deep", "--all-commits"), "0 are not")
	b.want("checkout", b.ctl(0, "checkout", "--version", "HEAD~1", "a.txt"), "as its .dvc files say")
	if got, err := os.ReadFile(filepath.Join(b.dir, "a.txt")); err != nil || string(got) != "first" {
		t.Errorf("a.txt is %q, %v", got, err)
	}
	b.ctl(0, "checkout", "--version", "HEAD", "a.txt")
	b.want("status", b.ctl(0, "status"), "up to date")
	b.want("gc", b.ctl(0, "gc", "--older"), "0 objects")
	if err := os.RemoveAll(filepath.Join(b.dir, ".dvc", "cache")); err != nil {
		t.Fatal(err)
	}
	b.want("verify", b.ctl(1, "verify", "--json"), `"What": "missing"`)
	if err := os.RemoveAll(filepath.Join(b.dir, "plate")); err != nil {
		t.Fatal(err)
	}
	b.want("pull of a part", b.ctl(0, "pull", "plate/2.tif"), "1 objects fetched")
	b.want("pull of nothing", b.ctl(1, "pull", "plate/9.tif"), "versions nothing at plate/9.tif")
	b.ctl(0, "pull")
	b.want("verify", b.ctl(0, "verify"), "0 are not")
	b.want("no version", b.ctl(1, "diff", "nothing"), "The dataset has no version nothing.")
	b.want("too many words", b.ctl(2, "diff", "a", "b", "c"), "usage")
}

func TestARepositoryThatDVCMade(t *testing.T) {
	dvc := servertest.Need(t, "COVERSLIP_TEST_DVC")
	b := newBench(t)
	b.other(dvc, "init", "-q")
	b.put("plate/1.tif", "one")
	b.put("a.txt", "first")
	b.other(dvc, "add", "-q", "plate", "a.txt")
	b.other(dvc, "remote", "add", "-q", "-d", "nas", t.TempDir())
	b.other("git", "add", ".")
	b.other("git", "commit", "-q", "-m", "by dvc")
	b.want("status", b.ctl(0, "status"), "up to date")
	b.ctl(0, "push")
	b.want("dvc agrees", b.other(dvc, "status", "-c"), "in sync")
	b.put("plate/2.tif", "two")
	b.ctl(0, "add", "plate")
	b.ctl(0, "commit", "-m", "by us")
	b.want("dvc agrees", b.other(dvc, "status"), "up to date")
	b.want("dvc push", b.other(dvc, "push"), "2 files pushed")
	b.want("audit", b.ctl(0, "audit", "--deep"), "0 are not")
}
