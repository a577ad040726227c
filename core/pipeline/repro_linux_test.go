package pipeline

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/servertest"
)

// A stopped stage is gone at once with all that it has started, also with what does not
// want to go, and the stage runs again the next time.
func TestStopEndsChildren(t *testing.T) {
	b := newBench(t, map[string]string{
		"raw.txt": "r",
		"dvc.yaml": `stages:
  slow:
    cmd: |
      (trap '' TERM; sh -c 'echo $$; trap "" TERM; while true; do sleep 0.1; done') & echo begun; wait; sleep 60
    deps: [raw.txt]
    outs: [o.txt]
`,
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var mu sync.Mutex
	var child int
	var stopped time.Time
	_, err := b.graph().Repro(ctx, nil, Options{Log: func(_, line string) {
		mu.Lock()
		defer mu.Unlock()
		if n, err := strconv.Atoi(line); err == nil {
			child, stopped = n, time.Now()
			stop()
		}
	}}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("ended with %v", err)
	}
	if took := time.Since(stopped); took > killWait+time.Minute {
		t.Errorf("stopped after %v", took)
	}
	servertest.Until(t, func() bool { return !alive(child) }, func() string { return fmt.Sprintf("process %d has ended", child) })
	if st := b.status(); len(st) == 0 {
		t.Error("a stopped stage counts as done")
	}
}

// alive reports whether a process runs; one that waits to be reaped by its parent does not.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func TestLinesComeWhileTheCommandRuns(t *testing.T) {
	b := newBench(t, map[string]string{"dvc.yaml": `stages:
  talk:
    cmd: printf '10%%\r20%%\r\nerr\n' >&2; echo one; read go < fifo; echo two; printf 'no end'
  fails:
    cmd: [echo before, 'echo why >&2; exit 3', echo never]
`})
	if err := syscall.Mkfifo(b.path("fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var steps []string
	var p job.Progress
	done, err := b.graph().Repro(t.Context(), nil, Options{
		Log: func(stage, line string) {
			lines = append(lines, stage+": "+line)
			if line == "one" { // the command waits until this line has come
				if err := os.WriteFile(b.path("fifo"), []byte("go\n"), 0); err != nil {
					t.Error(err)
				}
			}
		},
		Step: func(stage string, what Step) { steps = append(steps, stage+" "+string(what)) },
	}, &p)
	want := []string{
		"talk: > printf '10%%\\r20%%\\r\\nerr\\n' >&2; echo one; read go < fifo; echo two; printf 'no end'",
		"talk: 10%", "talk: 20%", "talk: err", "talk: one", "talk: two", "talk: no end",
		"fails: > echo before", "fails: before", "fails: > echo why >&2; exit 3", "fails: why",
	}
	if got := strings.Join(lines, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("lines:\n%s", got)
	}
	if got := strings.Join(steps, ", "); got != "talk running, talk done, fails running" {
		t.Errorf("steps: %s", got)
	}
	say, _ := fault.Explain(err)
	if !strings.Contains(say, "exit status 3") || !strings.Contains(say, "why") || len(done.Ran) != 1 {
		t.Errorf("%q, %+v", say, done)
	}
	if lock := b.text("dvc.lock"); strings.Contains(lock, "fails") {
		t.Errorf("a stage that went wrong is in the lock:\n%s", lock)
	}
}

// While we run a stage, dvc does not, and the other way round.
func TestOneProgramAtATime(t *testing.T) {
	b := newBench(t, map[string]string{"raw.txt": "r", "dvc.yaml": `stages:
  slow:
    cmd: touch begun; while [ -e begun ] && [ ! -e go ]; do sleep 0.05; done; rm begun go; echo done > o.txt
    deps: [raw.txt]
    outs: [o.txt]
`})
	b.real = startDVC(t)
	begun := func(ended chan error) {
		t.Helper()
		servertest.Until(t, func() bool {
			select {
			case err := <-ended:
				t.Fatalf("ended with %v", err)
			default:
			}
			_, err := os.Stat(b.path("begun"))
			return err == nil
		}, func() string { return "the stage runs" })
	}
	ours := make(chan error, 1)
	go func() {
		_, err := b.graph().Repro(t.Context(), nil, Options{}, nil)
		ours <- err
	}()
	begun(ours)
	if _, err := b.tryDVC("repro"); err == nil || !strings.Contains(err.Error(), "busy") {
		t.Errorf("dvc beside us: %v", err)
	}
	b.put("go", "")
	if err := <-ours; err != nil {
		t.Fatal(err)
	}
	b.put("raw.txt", "s")
	theirs := make(chan error, 1)
	go func() {
		_, err := b.tryDVC("repro")
		theirs <- err
	}()
	begun(theirs)
	if _, err := b.graph().Repro(t.Context(), nil, Options{}, nil); fault.KindOf(err) != fault.Busy {
		t.Errorf("we beside dvc: %v", err)
	}
	b.put("go", "")
	if err := <-theirs; err != nil {
		t.Fatal(err)
	}
	b.nothingLeft("after both")
}

// A stage that goes on with its output does not write into the cache through dvc's links.
func TestPersistLeavesTheCacheAlone(t *testing.T) {
	for _, link := range []string{"hardlink", "symlink"} {
		b := newBench(t, map[string]string{"raw": "r", "dvc.yaml": `stages:
  grow:
    cmd: cat raw >> d/o.txt || (mkdir d && cp raw d/o.txt)
    deps: [raw]
    outs: [d: {persist: true}]
`})
		b.dvc("config", "cache.type", link)
		b.dvc("repro")
		if st, err := os.Lstat(b.path("d/o.txt")); err != nil || st.Mode().Perm()&0o200 != 0 && st.Mode()&os.ModeSymlink == 0 {
			t.Fatalf("dvc has made no %s: %v, %v", link, st.Mode(), err)
		}
		b.put("raw", "s")
		b.repro()
		if got := b.text("d/o.txt"); got != "rs" {
			t.Errorf("%s: made %q", link, got)
		}
		b.nothingLeft(link)
		if out := b.dvc("checkout", "-f"); strings.Contains(out, "rror") {
			t.Errorf("%s: %s", link, out)
		}
		for name, text := range b.cache() {
			if sum := fmt.Sprintf("%x", md5.Sum([]byte(text))); sum+".dir" != name && sum != name {
				t.Errorf("%s: the object %s is %q now", link, name, text)
			}
		}
	}
}

// cache is the objects of the cache by name.
func (b *bench) cache() map[string]string {
	b.Helper()
	all := map[string]string{}
	for name := range b.tree() {
		if oid, ok := strings.CutPrefix(name, ".dvc/cache/files/md5/"); ok && !strings.HasSuffix(name, "/") {
			all[strings.ReplaceAll(oid, "/", "")] = b.text(name)
		}
	}
	return all
}

// Nothing outside of the dataset is removed, and nothing that git has.
func TestClearingKeepsToTheDataset(t *testing.T) {
	elsewhere := t.TempDir()
	b := newBench(t, map[string]string{"dvc.yaml": "stages:\n  a:\n    cmd: 'true'\n    outs: [link/o]\n  b:\n    cmd: 'true'\n    outs: [mine]\n", "mine": "in git"})
	if err := os.WriteFile(elsewhere+"/o", []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(elsewhere, b.path("link")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.graph().Repro(t.Context(), []string{"a"}, Options{}, nil); err == nil {
		t.Error("an output behind a link was made")
	}
	if text, err := os.ReadFile(elsewhere + "/o"); err != nil || string(text) != "precious" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := b.repo.Commit(t.Context(), person(), "mine", []string{"mine"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.graph().Repro(t.Context(), []string{"b"}, Options{}, nil); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an output that git has: %v", err)
	}
	if b.text("mine") != "in git" {
		t.Error("it was removed")
	}
}
