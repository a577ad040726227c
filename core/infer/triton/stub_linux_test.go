package triton_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// stubs are the processes that run a model for Triton.
func stubs(t *testing.T, model string) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, path := range all {
		line, err := os.ReadFile(path) //nolint:gosec // of the system
		if err != nil || !bytes.Contains(line, []byte("triton_python_backend_stub")) || !bytes.Contains(line, []byte(model+"_")) {
			continue // also one that has ended
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if len(pids) == 0 {
		t.Fatalf("nothing runs %s", model)
	}
	return pids
}

// killStub kills them, as the system does when memory is short.
func killStub(t *testing.T, model string) {
	t.Helper()
	for _, pid := range stubs(t, model) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
}

// TestStubKilled: a model whose process has died is lost, though Triton calls it ready; loading it
// again brings it back.
func TestStubKilled(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		e := dial(t, triton.Options{Address: servertest.Need(t, env), Backend: "python"})
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		killStub(t, b.Model)
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); fault.KindOf(err) != fault.Offline {
			t.Errorf("%s: of a dead process: %v", e.Name(), err)
		}
		if err := e.Load(t.Context(), b); err != nil {
			t.Errorf("%s: load again: %v", e.Name(), err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); err != nil {
			t.Errorf("%s: loaded again: %v", e.Name(), err)
		}
		if err := e.Unload(t.Context(), b.Model); err != nil {
			t.Error(err)
		}
	}
}

// TestStubKilledForTwo: a model that one program has sent again is left alone by another one that
// had found it lost too.
func TestStubKilledForTwo(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		opt := triton.Options{Address: servertest.Need(t, env), Backend: "python"}
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
		both := []*triton.Engine{dial(t, opt), dial(t, opt)}
		load := func(e *triton.Engine) {
			t.Helper()
			if err := e.Load(t.Context(), b); err != nil {
				t.Fatalf("%s: %v", e.Name(), err)
			}
		}
		for range 2 { // by turns
			load(both[0])
			load(both[1])
			killStub(t, b.Model)
			for _, e := range both {
				if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); fault.KindOf(err) != fault.Offline {
					t.Errorf("%s: of a dead process: %v", e.Name(), err)
				}
			}
			load(both[0])
			runs := stubs(t, b.Model)
			load(both[1])
			if again := stubs(t, b.Model); !slices.Equal(again, runs) {
				t.Errorf("%s: %v ran it, and then %v", env, runs, again)
			}
			slices.Reverse(both)
		}
		for _, e := range both {
			if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); err != nil {
				t.Errorf("%s: %v", e.Name(), err)
			}
		}
		if err := both[0].Unload(t.Context(), b.Model); err != nil {
			t.Error(err)
		}
	}
}
