package local_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
)

// TestChild is the other program of the tests below: it works on a store until it is done
// or killed, and writes a line for each thing that it was told is kept.
func TestChild(t *testing.T) {
	dir := os.Getenv("COVERSLIP_TEST_CHILD")
	if dir == "" {
		t.Skip("is run by the tests of several programs only")
	}
	s, ctx := open(t, dir), t.Context()
	n, err := strconv.Atoi(os.Getenv("COVERSLIP_TEST_CHILD_ROUNDS"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Start(ctx, "shared", "child", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		text := fmt.Sprint(os.Getpid(), " ", i)
		v, err := s.Register(ctx, "nuclei", r.ID, child(text), map[string]string{"text": text})
		if err == nil {
			err = s.SetAlias(ctx, "nuclei", model.Champion, v.Version)
		}
		if err == nil {
			err = s.Log(ctx, r.ID, model.Metric{Name: "loss", Value: float64(i), Step: int64(i)})
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fmt.Fprintf(os.Stderr, "kept %s %s\n", v.Version, text); err != nil {
			t.Fatal(err)
		}
	}
}

func child(text string) map[string][]byte {
	return map[string][]byte{"model.onnx": bytes.Repeat([]byte(text), 20_000), "sub/coverslip.yaml": []byte(text)}
}

type program struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

func run(t *testing.T, dir string, rounds int) program {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "COVERSLIP_TEST_CHILD="+dir, "COVERSLIP_TEST_CHILD_ROUNDS="+strconv.Itoa(rounds))
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return program{cmd, bufio.NewScanner(out)}
}

// kept reads up to limit lines of what the program was told is kept: version → text.
func (p program) kept(limit int) map[string]string {
	out := map[string]string{}
	for len(out) < limit && p.lines.Scan() {
		if f := strings.SplitN(p.lines.Text(), " ", 3); f[0] == "kept" && len(f) == 3 {
			out[f[1]] = f[2]
		}
	}
	return out
}

func TestSeveralPrograms(t *testing.T) {
	dir := t.TempDir()
	const programs, rounds = 3, 8
	var ps []program
	for range programs {
		ps = append(ps, run(t, dir, rounds))
	}
	kept := map[string]string{}
	for _, p := range ps {
		for v, text := range p.kept(rounds) {
			if other, ok := kept[v]; ok {
				t.Errorf("version %s is both %q and %q", v, text, other)
			}
			kept[v] = text
		}
		if err := p.cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
	if len(kept) != programs*rounds {
		t.Errorf("%d versions, want %d", len(kept), programs*rounds)
	}
	wantKept(t, open(t, dir), kept)
	s := open(t, dir)
	es, err := s.Experiments(t.Context())
	if err != nil || len(es) != 1 {
		t.Fatalf("experiments %v, %v; want one", es, err)
	}
	rs, err := s.Runs(t.Context(), es[0].ID, 99)
	if err != nil || len(rs) != programs {
		t.Fatalf("%d runs, %v", len(rs), err)
	}
	for _, r := range rs {
		if h, err := s.History(t.Context(), r.ID, "loss"); err != nil || len(h) != rounds {
			t.Errorf("%d values, %v", len(h), err)
		}
	}
}

func wantKept(t *testing.T, s *local.Store, kept map[string]string) {
	t.Helper()
	for v, text := range kept {
		files, err := s.Fetch(t.Context(), "nuclei", v)
		if err != nil {
			t.Errorf("version %s: %v", v, err)
			continue
		}
		for path, want := range child(text) {
			if !bytes.Equal(files[path], want) {
				t.Errorf("version %s: %s is not what was registered", v, path)
			}
		}
	}
}

// TestKilled kills a program at work, twelve times, each after another number of versions,
// and expects that all it was told is kept is there, and nothing half.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	kept := map[string]string{}
	for i := range 12 {
		p := run(t, dir, 10_000)
		maps.Copy(kept, p.kept(1+i%4))
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		maps.Copy(kept, p.kept(10_000)) // said before it died
		_ = p.cmd.Wait()                // it was killed
		s := open(t, dir)
		wantKept(t, s, kept)
		vs, err := s.Versions(t.Context(), "nuclei")
		if err != nil || len(vs) < len(kept) {
			t.Fatalf("%d versions of %d, %v", len(vs), len(kept), err)
		}
		for _, v := range vs { // also those of which nobody was told
			if _, err := s.Fetch(t.Context(), "nuclei", v.Version); err != nil {
				t.Errorf("version %s: %v", v.Version, err)
			}
		}
	}
	s := open(t, dir)
	if _, err := s.Register(t.Context(), "other", "", child("x"), nil); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{".", "runs", "bundles"} {
		if left, err := filepath.Glob(filepath.Join(dir, d, ".new-*")); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestTornLine(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	s := open(t, dir)
	r, err := s.Start(ctx, "e", "r", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	log := func(v float64) {
		t.Helper()
		if err := s.Log(ctx, r.ID, model.Metric{Name: "loss", Value: v, Step: int64(v)}); err != nil {
			t.Fatal(err)
		}
	}
	want := func(n int) {
		t.Helper()
		for _, s := range []*local.Store{s, open(t, dir)} {
			h, err := s.History(ctx, r.ID, "loss")
			rs, rerr := s.Runs(ctx, "1", 1)
			if err != nil || rerr != nil || len(h) != n || rs[0].Metrics["loss"] != float64(n-1) {
				t.Errorf("history %v, %v; runs %v, %v; want %d values", h, err, rs, rerr, n)
			}
		}
	}
	log(0)
	log(1)
	want(2)
	path := filepath.Join(dir, "runs", r.ID, "metrics.jsonl")
	tear(t, path, `{"name":"loss","val`+strings.Repeat("x", 5000))
	want(2)
	log(2)
	want(3)
	tear(t, path, "no JSON\n") // a whole line that is wrong is not a crash
	_, err = s.History(ctx, r.ID, "loss")
	if fault.KindOf(err) != fault.Corrupt {
		t.Errorf("damaged: %v", err)
	}
}

func tear(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestDamage(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	s := open(t, dir)
	for range 2 {
		if _, err := s.Register(ctx, "nuclei", "", child("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(dir, "bundles", "*", "model.onnx"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the same files are kept %d times, %v", len(found), err)
	}
	if err := os.Truncate(found[0], 7); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Fetch(ctx, "nuclei", "1"); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("fetch of a cut file: %v", err)
	}
	if _, err := s.Register(ctx, "nuclei", "", child("x"), nil); err != nil {
		t.Fatal(err)
	}
	wantKept(t, s, map[string]string{"1": "x", "2": "x", "3": "x"}) // healed
	before, err := os.ReadFile(filepath.Join(dir, "registry.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "registry.json"), before[:len(before)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.SetAlias(ctx, "nuclei", model.Champion, "1"); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("set alias in a cut registry: %v", err)
	}
	after, err := os.ReadFile(filepath.Join(dir, "registry.json"))
	if err != nil || !bytes.Equal(after, before[:len(before)/2]) {
		t.Errorf("a damaged registry was written to: %v", err)
	}
}

func TestFilesOfRuns(t *testing.T) {
	s, ctx := open(t, t.TempDir()), t.Context()
	r, err := s.Start(ctx, "e", "r", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second, longer"} {
		if err := s.Put(ctx, r.ID, "figures/loss.txt", strings.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		f, err := s.Open(ctx, r.ID, "figures/loss.txt")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if cerr := f.Close(); err != nil || cerr != nil || string(b) != text {
			t.Errorf("%q, %v, %v", b, err, cerr)
		}
	}
	if _, err := s.Open(ctx, r.ID, "none"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("open of no file: %v", err)
	}
	if _, err := s.Open(ctx, r.ID, "../run.json"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("open outside: %v", err)
	}
}
