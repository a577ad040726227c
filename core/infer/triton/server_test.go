package triton_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// server is a real tritonserver of the test's own, which it may kill.
type server struct {
	grpc, http string // addresses
	pid        string // file
	env        []string
	metrics    string // address
}

func script(name string) string { return filepath.Join("..", "..", "..", "packaging", "stack", name) }

// startServer starts one with further flags; it needs what triton-up has installed.
func startServer(t *testing.T, flags ...string) *server {
	t.Helper()
	servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC") // or skip
	ports := freePorts(t, 3)
	cache := os.Getenv("COVERSLIP_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			t.Fatal(err)
		}
		cache = filepath.Join(home, ".cache", "coverslip")
	}
	s := &server{
		grpc: "grpc://127.0.0.1:" + ports[0], http: "http://127.0.0.1:" + ports[1],
		metrics: "http://127.0.0.1:" + ports[2] + "/metrics",
		pid:     filepath.Join(cache, "run", "triton-"+ports[0]+".pid"),
		env:     append(os.Environ(), "TRITON_GRPC="+ports[0], "TRITON_HTTP="+ports[1], "TRITON_METRICS="+ports[2], "TRITON_FLAGS="+strings.Join(flags, " ")),
	}
	s.up(t)
	t.Cleanup(func() {
		cmd := exec.Command(script("triton-down")) // must run when the test's context has ended
		cmd.Env = s.env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("triton-down: %v\n%s", err, out)
		}
	})
	return s
}

func (s *server) up(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), script("triton-up"))
	cmd.Env = s.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("triton-up: %v\n%s", err, out)
	}
}

// kill ends it without a warning, as a power cut does.
func (s *server) kill(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(s.pid)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(string(bytes.TrimSpace(text)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
}

func (s *server) dial(t *testing.T, address string, headers map[string]string) *triton.Engine {
	t.Helper()
	return dial(t, triton.Options{Address: address, Backend: "python", Headers: headers})
}

func freePorts(t *testing.T, n int) []string {
	t.Helper()
	var out []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
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
