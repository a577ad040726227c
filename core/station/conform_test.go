package station_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// pair is a dataset twice, one for each program.
type pair struct {
	t            *testing.T
	ours, theirs *dataset.Repository
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// program runs git or dvc in a folder and returns what it printed.
func program(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "DVC_NO_ANALYTICS=1", "DVC_SITE_CACHE_DIR="+filepath.Join(os.TempDir(), "coverslip-dvc-site"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %.200v in %s: %v\n%s", name, args, dir, err, out)
	}
	return strings.TrimSpace(string(out))
}

func newPair(t *testing.T) pair {
	t.Helper()
	var sets []*dataset.Repository
	for range 2 {
		dir := filepath.Join(t.TempDir(), "set")
		must(t, os.MkdirAll(dir, 0o755))
		program(t, dir, "git", "init", "-q", "-b", "main")
		program(t, dir, "git", "config", "user.name", "Ada")
		program(t, dir, "git", "config", "user.email", "ada@lab")
		r, err := dataset.Init(t.Context(), dir, dataset.Options{})
		must(t, err)
		sets = append(sets, r)
	}
	return pair{t, sets[0], sets[1]}
}

// words are parts of names that have gone wrong somewhere: both forms of ü, quotes, what
// JSON, YAML and gitignore have a meaning for, what is not ASCII, what can't be seen.
func words() []string {
	return []string{
		"a", "B", "plate 07", "it's", `say "x"`, "u\u0308ber", "über", "数据", "🔬", "a\u0301", "#1", "[x]", "*", "?", "!no", `back\slash`,
		"tab\there", "\x01", "\x7f", "-dash", "~", "null", "yes", "1e5", "0x10", "2026-11-24", "a: b", "- x", "{}", "%41", "\u2028", "e", "E", ".hidden",
		"dot.", "comma,", "&amp;", "<x>", "|", "`x`", "$HOME", "end ", " begin", strings.Repeat("long", 30), "\ufeff",
	}
}

// grow makes a random tree in each of the folders.
func grow(t *testing.T, r *rand.Rand, folders ...string) {
	t.Helper()
	all := words()
	name := func() string { return all[r.IntN(len(all))] + all[r.IntN(len(all))] }
	for range r.IntN(12) {
		parts := []string{}
		for range r.IntN(5) {
			parts = append(parts, name())
		}
		file := filepath.Join(append(parts, fmt.Sprintf("%s%d", name(), r.IntN(100)))...)
		data := make([]byte, []int{0, 1, 100, 5000}[r.IntN(4)])
		for i := range data {
			data[i] = byte(r.IntN(256))
		}
		for _, f := range folders {
			full := filepath.Join(f, file)
			if os.MkdirAll(filepath.Dir(full), 0o755) != nil {
				continue // a file is in the way: in each of them
			}
			if st, err := os.Stat(full); err == nil && st.IsDir() {
				continue
			}
			must(t, os.WriteFile(full, data, 0o644))
		}
	}
}

// TestRandomTreesAsDVC adds random trees with both programs, compares every byte that they
// wrote, and has each push, pull and check out what the other has versioned, by way of a
// folder, S3 and Azure.
func TestRandomTreesAsDVC(t *testing.T) {
	dvc := servertest.Need(t, "COVERSLIP_TEST_DVC")
	trees := 12
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		trees = 200
	}
	r := rand.New(rand.NewPCG(servertest.Seed(t), 0))
	p := newPair(t)
	var names []string
	for i := range trees {
		name := fmt.Sprintf("%03d %s", i, words()[i%len(words())])
		must(t, os.MkdirAll(filepath.Join(p.ours.Dir(), name), 0o755), os.MkdirAll(filepath.Join(p.theirs.Dir(), name), 0o755))
		grow(t, r, filepath.Join(p.ours.Dir(), name), filepath.Join(p.theirs.Dir(), name))
		names = append(names, name)
	}
	program(t, p.theirs.Dir(), dvc, append([]string{"add", "-q", "--"}, names...)...)
	for _, n := range names {
		o, err := p.ours.Add(t.Context(), n, nil, nil)
		must(t, err)
		p.same(n + ".dvc")
		p.same(filepath.Join(".dvc", "cache", "files", "md5", o.MD5[:2], o.MD5[2:]))
	}
	p.sameIgnored()
	for _, x := range []*dataset.Repository{p.ours, p.theirs} {
		program(t, x.Dir(), "git", "add", "-A")
		program(t, x.Dir(), "git", "commit", "-q", "-m", "trees")
		p.clean(dvc, x)
	}
	for _, place := range places(t, p) {
		t.Run(place, func(t *testing.T) {
			q := pair{t, p.ours, p.theirs}
			q.exchange(dvc, place)
		})
	}
}

// same compares a file of both copies.
func (p pair) same(rel string) {
	p.t.Helper()
	a, err := os.ReadFile(filepath.Join(p.ours.Dir(), rel))
	must(p.t, err)
	b, err := os.ReadFile(filepath.Join(p.theirs.Dir(), rel))
	must(p.t, err)
	if string(a) != string(b) {
		p.t.Errorf("%q: we wrote\n%s\ndvc wrote\n%s", rel, a, b)
	}
}

// sameIgnored compares the .gitignore files but for a blank at a name's end: git ignores one
// that dvc does not escape, and so would take the data into itself.
func (p pair) sameIgnored() {
	p.t.Helper()
	var texts [2]string
	for i, x := range []*dataset.Repository{p.ours, p.theirs} {
		text, err := os.ReadFile(filepath.Join(x.Dir(), ".gitignore"))
		must(p.t, err)
		texts[i] = strings.ReplaceAll(string(text), "\\ \n", " \n")
	}
	if texts[0] != texts[1] {
		p.t.Errorf("we ignore\n%s\ndvc ignores\n%s", texts[0], texts[1])
	}
}

// clean has both programs say that nothing is left to do.
func (p pair) clean(dvc string, x *dataset.Repository) {
	p.t.Helper()
	if got := program(p.t, x.Dir(), dvc, "status", "--json"); got != "{}" {
		p.t.Errorf("dvc status: %s", got)
	}
	got := program(p.t, x.Dir(), dvc, "data", "status", "--json", "--granular")
	for _, w := range []string{"uncommitted", "not_in_cache"} { // "committed" is wrong of control characters, also for what dvc added
		if strings.Contains(got, `"`+w+`"`) {
			p.t.Errorf("dvc data status: %s", got)
		}
	}
	s, err := x.Status(p.t.Context())
	if err != nil || !s.Clean() {
		p.t.Errorf("status %+v, %v", s, err)
	}
}

// places sets up remotes of three kinds in both copies and returns their names; each copy
// has places of its own.
func places(t *testing.T, p pair) []string {
	t.Helper()
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", filepath.Join(t.TempDir(), "none"))
	s3, azure := inS3(t), inAzure(t)
	for i, x := range []*dataset.Repository{p.ours, p.theirs} {
		at := fmt.Sprintf("%s/conform-%d-%d", testBucket, time.Now().UnixNano(), i)
		must(t, x.AddRemote("folder", t.TempDir(), false), x.AddRemote("s3", "s3://"+at, false), x.AddRemote("azure", "azure://"+at, false))
		text := "['remote \"s3\"']\n" + s3.Reveal() + "['remote \"azure\"']\nconnection_string = " + azure.Reveal() + "\n"
		must(t, os.WriteFile(filepath.Join(x.Dir(), ".dvc", "config.local"), []byte(text), 0o600))
		program(t, x.Dir(), "git", "add", "-A")
		program(t, x.Dir(), "git", "commit", "-q", "-m", "places")
	}
	return []string{"folder", "s3", "azure"}
}

// exchange pushes from ours and pulls with dvc; then pushes with dvc and pulls with ours.
func (p pair) exchange(dvc, place string) {
	p.t.Helper()
	to, err := station.OpenRemote(p.ours, place)
	must(p.t, err)
	defer to.Close()
	_, err = p.ours.Push(p.t.Context(), to, nil)
	must(p.t, err)
	if got := program(p.t, p.ours.Dir(), dvc, "status", "-q", "-c", "-r", place); got != "" {
		p.t.Errorf("dvc status -c after our push: %s", got)
	}
	c := p.clone(p.ours)
	program(p.t, c.Dir(), dvc, "pull", "-q", "-r", place)
	p.clean(dvc, c)
	p.equal(p.ours, c)

	program(p.t, p.theirs.Dir(), dvc, "push", "-q", "-r", place)
	c = p.clone(p.theirs)
	from, err := station.OpenRemote(c, place)
	must(p.t, err)
	defer from.Close()
	_, err = c.Pull(p.t.Context(), from, nil)
	must(p.t, err)
	p.clean(dvc, c)
	p.equal(p.theirs, c)
	if found, err := c.Audit(p.t.Context(), from, dataset.AuditOptions{Deep: true}, nil); err != nil || len(found.Flaws) != 0 {
		p.t.Errorf("audit of what dvc pushed: %+v, %v", found, err)
	}
	must(p.t, os.RemoveAll(filepath.Join(c.Dir(), "000 a")))
	program(p.t, c.Dir(), dvc, "checkout", "-q")
	must(p.t, os.RemoveAll(filepath.Join(c.Dir(), "001 B")), c.Checkout(p.t.Context(), nil))
	p.clean(dvc, c)
}

// clone clones a dataset with its local settings, and no data.
func (p pair) clone(x *dataset.Repository) *dataset.Repository {
	p.t.Helper()
	dir := filepath.Join(p.t.TempDir(), "clone")
	program(p.t, x.Dir(), "git", "clone", "-q", x.Dir(), dir)
	local, err := os.ReadFile(filepath.Join(x.Dir(), ".dvc", "config.local"))
	must(p.t, err, os.WriteFile(filepath.Join(dir, ".dvc", "config.local"), local, 0o600))
	c, err := dataset.Open(p.t.Context(), dir, dataset.Options{})
	must(p.t, err)
	return c
}

// equal compares the versioned files of two copies.
func (p pair) equal(a, b *dataset.Repository) {
	p.t.Helper()
	if out, err := exec.CommandContext(p.t.Context(), "diff", "-r", "--exclude=.git", "--exclude=.dvc", a.Dir(), b.Dir()).CombinedOutput(); err != nil {
		// Empty folders are not versioned.
		for line := range strings.Lines(string(out)) {
			if !strings.HasPrefix(line, "Only in "+a.Dir()) {
				p.t.Errorf("%s", out)
				return
			}
		}
	}
}
