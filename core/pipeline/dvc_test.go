package pipeline

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/servertest"
)

// bench is a dataset and the real dvc program beside it.
type bench struct {
	*testing.T

	repo *dataset.Repository
	real *program // started when it is needed
}

// newBench makes a dataset of files; names that end in a slash are folders.
func newBench(t *testing.T, files map[string]string) *bench {
	t.Helper()
	r, err := dataset.Init(t.Context(), t.TempDir(), dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, repo: r}
	for name, text := range files {
		b.put(name, text)
	}
	return b
}

func (b *bench) path(name string) string { return filepath.Join(b.repo.Dir(), name) }

func (b *bench) put(name, text string) {
	b.Helper()
	if err := os.MkdirAll(filepath.Dir(b.path(name)), 0o755); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(b.path(name), []byte(text), 0o644); err != nil {
		b.Fatal(err)
	}
}

func (b *bench) text(name string) string {
	b.Helper()
	text, err := os.ReadFile(b.path(name))
	if err != nil {
		b.Fatal(err)
	}
	return string(text)
}

// dvc runs the real program.
func (b *bench) dvc(args ...string) string {
	b.Helper()
	out, err := b.tryDVC(args...)
	if err != nil {
		b.Fatalf("dvc %v: %v\n%s", args, err, out)
	}
	return out
}

func (b *bench) tryDVC(args ...string) (string, error) {
	b.Helper()
	if b.real == nil {
		b.real = startDVC(b.T)
	}
	return b.real.run(b.T, b.repo.Dir(), args)
}

// program is a process that runs dvc commands: see testdata/calls.py.
type program struct {
	in  io.Writer
	out *bufio.Reader
	tmp string
}

func startDVC(t *testing.T) *program {
	t.Helper()
	name := servertest.Need(t, "COVERSLIP_TEST_DVC")
	script, err := filepath.Abs("testdata/calls.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), filepath.Join(filepath.Dir(name), "python"), script) //nolint:gosec // the one of dvc's own environment
	cmd.Env = append(os.Environ(), "DVC_SITE_CACHE_DIR="+t.TempDir(), "DVC_NO_ANALYTICS=1", "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // it is killed when the test's context ends
	})
	return &program{in, bufio.NewReader(out), t.TempDir()}
}

func (p *program) run(t *testing.T, dir string, args []string) (string, error) {
	t.Helper()
	out := filepath.Join(p.tmp, "out")
	call, err := json.Marshal(map[string]any{"dir": dir, "args": args, "out": out})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.in.Write(append(call, '\n')); err != nil {
		t.Fatal(err)
	}
	code, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatalf("dvc %v: %v", args, err)
	}
	said, err := os.ReadFile(out + "1")
	if err != nil {
		t.Fatal(err)
	}
	if code = strings.TrimSpace(code); code != "0" {
		told, _ := os.ReadFile(out + "2")
		err = fmt.Errorf("exit code %s: %s", code, told)
	}
	return strings.TrimSpace(string(said)), err
}

func (b *bench) graph() *Graph {
	b.Helper()
	g, err := Load(b.Context(), b.repo)
	if err != nil {
		b.Fatal(err)
	}
	return g
}

func (b *bench) repro(targets ...string) Outcome {
	b.Helper()
	var said []string
	done, err := b.graph().Repro(b.Context(), targets, Options{Log: func(stage, line string) { said = append(said, stage+": "+line) }}, nil)
	if err != nil {
		b.Fatalf("repro: %v\n%s", err, strings.Join(said, "\n"))
	}
	return done
}

// status is ours in the form of dvc status --json.
func (b *bench) status() map[string]any {
	b.Helper()
	all, err := b.graph().Status(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	top := map[string]any{}
	for _, st := range all {
		var list []any
		for _, kind := range []string{ChangedDeps, ChangedOuts, AlwaysChanged, ChangedCommand} {
			group := map[string]any{}
			for _, r := range st.Reasons {
				switch {
				case r.Kind != kind:
				case r.Path == "":
					list = append(list, kind)
				case r.Key == "":
					group[r.Path] = r.State
				default:
					keys, _ := group[r.Path].(map[string]any)
					if keys == nil {
						keys = map[string]any{}
					}
					keys[r.Key] = r.State
					group[r.Path] = keys
				}
			}
			if len(group) > 0 {
				list = append(list, map[string]any{kind: group})
			}
		}
		if list != nil {
			top[st.Stage] = list
		}
	}
	return top
}

// agree compares our status with that of the real program and returns it.
func (b *bench) agree(when string) map[string]any {
	b.Helper()
	var theirs map[string]any
	if err := json.Unmarshal([]byte(b.dvc("status", "--json")), &theirs); err != nil {
		b.Fatal(err)
	}
	ours := b.status()
	if !reflect.DeepEqual(ours, theirs) {
		b.Errorf("%s:\nours   %v\ntheirs %v", when, ours, theirs)
	}
	return ours
}

// nothingLeft wants both programs to find nothing to do.
func (b *bench) nothingLeft(when string) {
	b.Helper()
	if st := b.agree(when); len(st) != 0 {
		b.Errorf("%s: not clean: %v", when, st)
	}
	before := b.text("dvc.lock")
	out := b.dvc("repro")
	if strings.Contains(out, "Running stage") || strings.Contains(out, "is cached") {
		b.Errorf("%s: dvc still runs something:\n%s", when, out)
	}
	if after := b.text("dvc.lock"); after != before {
		b.Errorf("%s: dvc rewrites the lock:\n%s\n%s", when, before, after)
	}
}

const simple1 = `stages:
  blur:
    cmd: mkdir -p blurred && cat raw/* > blurred/all && echo "sigma $(grep sigma params.yaml)"
    deps:
    - raw
    params:
    - sigma
    outs:
    - blurred
  count:
    cmd: wc -c < blurred/all > count.txt && echo '{"n":1}' > m.json
    deps:
    - blurred
    outs:
    - count.txt
    metrics:
    - m.json:
        cache: false
`

func simpleBench(t *testing.T) *bench {
	t.Helper()
	b := newBench(t, map[string]string{"dvc.yaml": simple1, "params.yaml": "sigma: 1.50\nseed: 1\n", "raw/a.txt": "a", "raw/b.txt": "bb"})
	if _, err := b.repo.Add(t.Context(), "raw", nil, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDVCFindsNothingLeftToDo(t *testing.T) {
	b := simpleBench(t)
	b.agree("before")
	if done := b.repro(); !reflect.DeepEqual(done.Ran, []string{"blur", "count"}) {
		t.Errorf("done %+v", done)
	}
	b.nothingLeft("after the first run")
	ours := b.text("dvc.lock")
	runs := b.runs()
	if err := os.RemoveAll(b.path(".dvc/cache/runs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(b.path("dvc.lock")); err != nil {
		t.Fatal(err)
	}
	b.dvc("repro", "--force")
	if theirs := b.text("dvc.lock"); theirs != ours {
		t.Errorf("dvc.lock\nours:\n%s\ntheirs:\n%s", ours, theirs)
	}
	if theirs := b.runs(); !reflect.DeepEqual(theirs, runs) {
		t.Errorf("runs\nours:   %v\ntheirs: %v", runs, theirs)
	}
	if done := b.repro(); len(done.Ran)+len(done.Restored) > 0 {
		t.Errorf("after dvc: %+v", done)
	}
	b.put("params.yaml", "sigma: 2.50\nseed: 2\n")
	b.agree("another sigma")
	b.repro()
	b.nothingLeft("another sigma")
	b.put("params.yaml", "sigma: 1.5\n")
	if done := b.repro(); !reflect.DeepEqual(done.Restored, []string{"blur"}) || len(done.Ran) > 0 {
		t.Errorf("back to the first sigma: %+v", done)
	}
	b.nothingLeft("back to the first sigma")
}

// runs is the record of runs: texts by path.
func (b *bench) runs() map[string]string {
	b.Helper()
	all := map[string]string{}
	names, err := filepath.Glob(b.path(".dvc/cache/runs/*/*/*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range names {
		text, err := os.ReadFile(n)
		if err != nil {
			b.Fatal(err)
		}
		rel, err := filepath.Rel(b.path(".dvc/cache/runs"), n)
		if err != nil {
			b.Fatal(err)
		}
		all[rel] = string(text)
	}
	return all
}
