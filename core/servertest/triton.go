package servertest

import (
	"bytes"
	"math/rand/v2"
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

	pid, log string // files
	env      []string
}

// tries are how many times a server is started: somebody else may take a port before it does.
const tries = 3

// StartTriton starts a tritonserver with further flags, and ends it when the test has ended.
// It needs what triton-up has installed, or the test is skipped.
func StartTriton(t *testing.T, flags ...string) *Triton {
	t.Helper()
	Need(t, "COVERSLIP_TEST_TRITON_GRPC")
	for try := 1; ; try++ {
		s := newTriton(t, flags)
		t.Cleanup(func() {
			cmd := exec.Command(stack(t, "triton-down")) //nolint:noctx,gosec // it must run when the test's context has ended; a script of ours
			cmd.Env = s.env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("triton-down: %v\n%s", err, out)
			}
		})
		out, err := s.up(t)
		if err == nil {
			return s
		}
		if try == tries || !bytes.Contains(out, []byte("ended while starting")) {
			t.Fatalf("triton-up: %v\n%s", err, out)
		}
	}
}

// newTriton is one that is yet to be started, at ports that were free just now.
func newTriton(t *testing.T, flags []string) *Triton {
	t.Helper()
	ports := freePorts(t)
	dir := cache(t)
	return &Triton{
		GRPC: "grpc://127.0.0.1:" + ports[0], HTTP: "http://127.0.0.1:" + ports[1], Metrics: "http://127.0.0.1:" + ports[2] + "/metrics",
		Models: filepath.Join(dir, "triton", "triton-"+ports[0]+"-models"),
		pid:    filepath.Join(dir, "run", "triton-"+ports[0]+".pid"),
		log:    filepath.Join(dir, "logs", "triton-"+ports[0]+".log"),
		env:    append(os.Environ(), "TRITON_GRPC="+ports[0], "TRITON_HTTP="+ports[1], "TRITON_METRICS="+ports[2], "TRITON_FLAGS="+strings.Join(flags, " ")),
	}
}

// Up starts it again after it has ended, with an empty repository.
func (s *Triton) Up(t *testing.T) {
	t.Helper()
	if out, err := s.up(t); err != nil {
		t.Fatalf("triton-up: %v\n%s", err, out)
	}
}

func (s *Triton) up(t *testing.T) (out []byte, err error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), stack(t, "triton-up")) //nolint:gosec // a script of ours
	cmd.Env = s.env
	return cmd.CombinedOutput()
}

// Crashed tells whether it has ended itself by a fault of its own, as its log says, and then waits
// until it is gone.
func (s *Triton) Crashed(t *testing.T) bool {
	t.Helper()
	text, err := os.ReadFile(s.log)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(text, []byte("Signal (11) received")) {
		return false
	}
	gone(s.process(t))
	return true
}

// process is the one that triton-up has started.
func (s *Triton) process(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(s.pid)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// gone waits until a process that ends is gone: Up takes it for one that runs.
func gone(pid int) {
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for try := 0; syscall.Kill(pid, 0) == nil && try < 2000; try++ {
		<-again.C
	}
}

// Signal sends it a signal: SIGKILL ends it as a power cut does, SIGSTOP has it hang until
// SIGCONT.
func (s *Triton) Signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	pid := s.process(t)
	if err := syscall.Kill(pid, sig); err != nil {
		t.Fatal(err)
	}
	if sig == syscall.SIGKILL {
		gone(pid)
	}
}

// cache is the folder of what packaging/stack brings.
func cache(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("COVERSLIP_CACHE"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(home, ".cache", "coverslip")
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

// Ports of the tests' own lie below those that systems give to whoever asks for any.
const firstPort, manyPorts = 20000, 12000

// freePorts are three that nobody listens at.
func freePorts(t *testing.T) []string {
	t.Helper()
	var out []string
	for try := 0; len(out) < 3; try++ {
		port := strconv.Itoa(firstPort + rand.IntN(manyPorts)) //nolint:gosec // no secret
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+port)
		if err == nil {
			defer l.Close() //nolint:errcheck // frees the port
			out = append(out, port)
		} else if try > manyPorts {
			t.Fatal(err)
		}
	}
	return out
}
