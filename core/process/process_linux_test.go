package process_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/process"
)

// start runs a script that says a line, and returns that.
func start(ctx context.Context, t *testing.T, script string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "/bin/sh", "-c", script)
	process.Own(cmd)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(line)
}

// TestNothingIsLeft: with the context all ends that the command has started.
func TestNothingIsLeft(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	cmd, line := start(ctx, t, "sleep 1000 & echo $!; wait")
	child, err := strconv.Atoi(line)
	if err != nil || syscall.Kill(child, 0) != nil {
		t.Fatalf("%q: %v", line, err)
	}
	stop()
	if err := cmd.Wait(); err == nil {
		t.Error("it ended well")
	}
	for syscall.Kill(child, 0) == nil && !dead(child) { // the kernel takes a moment
		if t.Context().Err() != nil {
			t.Fatal("its child lives")
		}
	}
}

// dead reports whether a process has ended, and may still be waited for.
func dead(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return errors.Is(err, fs.ErrNotExist) || strings.Contains(string(stat), ") Z ")
}

// TestCPU counts what children compute, too.
func TestCPU(t *testing.T) {
	idle, _ := start(t.Context(), t, "echo there; sleep 1000")
	before, ok := process.CPU(idle)
	if !ok {
		t.Fatal("not told")
	}
	busy, _ := start(t.Context(), t, "echo there; (while :; do :; done) & wait")
	for n := int64(0); n < 5; {
		if n, ok = process.CPU(busy); !ok || t.Context().Err() != nil {
			t.Fatalf("computed %d, %v", n, ok)
		}
	}
	if now, ok := process.CPU(idle); !ok || now > before+4 {
		t.Errorf("sleeping took %d, then %d, %v", before, now, ok)
	}
	for _, cmd := range []*exec.Cmd{idle, busy} {
		process.KillAll(cmd)
		_ = cmd.Wait()
	}
}
