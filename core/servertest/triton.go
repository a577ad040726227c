package servertest

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Triton is a real tritonserver of the test's own, which it may kill.
type Triton struct {
	GRPC, HTTP, Metrics string // addresses
	Models              string // folder of its model repository

	pid string // file
	env []string
}

// StartTriton starts a tritonserver with further flags, and ends it when the test has ended.
// It needs what triton-up has installed, or the test is skipped.
func StartTriton(t *testing.T, flags ...string) *Triton {
	t.Helper()
	Need(t, "COVERSLIP_TEST_TRITON_GRPC")
	ports := freePorts(t)
	cache := os.Getenv("COVERSLIP_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache", "coverslip")
	}
	s := &Triton{
		GRPC: "grpc://127.0.0.1:" + ports[0], HTTP: "http://127.0.0.1:" + ports[1], Metrics: "http://127.0.0.1:" + ports[2] + "/metrics",
		Models: filepath.Join(cache, "triton", "triton-"+ports[0]+"-models"),
		pid:    filepath.Join(cache, "run", "triton-"+ports[0]+".pid"),
		env:    append(os.Environ(), "TRITON_GRPC="+ports[0], "TRITON_HTTP="+ports[1], "TRITON_METRICS="+ports[2], "TRITON_FLAGS="+strings.Join(flags, " ")),
	}
	s.Up(t)
	t.Cleanup(func() {
		cmd := exec.Command(stack(t, "triton-down")) //nolint:noctx,gosec // it must run when the test's context has ended; a script of ours
		cmd.Env = s.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("triton-down: %v\n%s", err, out)
		}
	})
	return s
}

// Up starts it again after a [Triton.Signal] has ended it, with an empty repository.
func (s *Triton) Up(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), stack(t, "triton-up")) //nolint:gosec // a script of ours
	cmd.Env = s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("triton-up: %v\n%s", err, out)
	}
}

// Signal sends it a signal: SIGKILL ends it as a power cut does, SIGSTOP has it hang until
// SIGCONT.
func (s *Triton) Signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	text, err := os.ReadFile(s.pid)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	if sig != syscall.SIGKILL {
		return
	}
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for try := 0; syscall.Kill(pid, 0) == nil && try < 2000; try++ { // until it is gone: Up takes it for one that runs
		<-again.C
	}
}

// stack is the path of a script of packaging/stack.
func stack(t *testing.T, name string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return filepath.Join(dir, "packaging", "stack", name)
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("no go.mod above the test")
		}
		dir = filepath.Dir(dir)
	}
}

// freePorts are three that nobody listens at.
func freePorts(t *testing.T) []string {
	t.Helper()
	var out []string
	for range 3 {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // frees the port
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, port)
	}
	return out
}
