package triton

import (
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

// sleepy is a Python model that takes a fifth of a second for each question.
const sleepy = `import time
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        time.sleep(0.2 * len(requests))
        return [pb.InferenceResponse([pb.Tensor("OUT", pb.get_input_tensor_by_name(r, "IN").as_numpy())]) for r in requests]
`

const sleepyConfig = `{"name": "contract-sleepy", "backend": "python", "max_batch_size": 1,
	"input": [{"name": "IN", "data_type": "TYPE_UINT8", "dims": [-1]}],
	"output": [{"name": "OUT", "data_type": "TYPE_UINT8", "dims": [-1]}],
	"dynamic_batching": {"default_queue_policy": {"timeout_action": "REJECT", "default_timeout_microseconds": LIMIT, "max_queue_size": SIZE}}}`

// TestQueueFull: a full queue and a queue that takes too long are Busy, not Offline.
func TestQueueFull(t *testing.T) {
	const name = "contract-sleepy"
	in := []infer.Tensor{{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{1, 4}}, Data: []byte("pict")}}
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		a := servertest.Need(t, env)
		e, err := Dial(t.Context(), Options{Address: a, Backend: "python"})
		if err != nil {
			t.Fatal(err)
		}
		for what, policy := range map[string]*strings.Replacer{
			"full": strings.NewReplacer("LIMIT", "0", "SIZE", "1"), "late": strings.NewReplacer("LIMIT", "50000", "SIZE", "8"),
		} {
			files := map[string][]byte{"file:1/model.py": []byte(sleepy)}
			if err := e.wire.load(t.Context(), name, policy.Replace(sleepyConfig), files); err != nil {
				t.Fatalf("%s: %v", e.name, err)
			}
			answers := make(chan error, 4)
			for range cap(answers) {
				go func() {
					_, err := e.Infer(t.Context(), infer.Ref{Model: name}, in)
					answers <- err
				}()
			}
			good, busy := 0, 0
			for range cap(answers) {
				switch err := <-answers; {
				case err == nil:
					good++
				case fault.KindOf(err) == fault.Busy:
					busy++
				default:
					t.Errorf("%s, %s: %v", e.name, what, err)
				}
			}
			if good == 0 || busy == 0 {
				t.Errorf("%s, %s: %d answers, %d busy", e.name, what, good, busy)
			}
		}
		if err := e.Unload(t.Context(), name); err != nil {
			t.Error(err)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNumbers(t *testing.T) {
	for version, want := range map[string]string{"": "1", "1": "1", "12": "12", "999999999": "999999999"} {
		if got := number(version); got != want {
			t.Errorf("%q is number %s, want %s", version, got, want)
		}
	}
	seen := map[string]string{}
	for _, version := range []string{"0", "-1", "01", "1000000000", "1.0", "v1", "2026-03-rc.1", "99999999999999999999"} {
		n := number(version)
		if len(n) != 10 || seen[n] != "" {
			t.Errorf("%q is number %s, as %q is", version, n, seen[n])
		}
		seen[n] = version
		s := (*shelf)(nil).with(infer.Bundle{Ref: infer.Ref{Model: "m", Version: version}})
		if got := nameOf(n, s.parameters()); got != version {
			t.Errorf("%s comes back as %q, want %q", n, got, version)
		}
	}
	if nameOf("4", nil) != "4" {
		t.Error("a version that somebody else has loaded has a name")
	}
}

// TestTooLarge: what no message holds is said so, and a shelf holds no more than one does.
func TestTooLarge(t *testing.T) {
	e, err := Dial(t.Context(), Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Apart: true})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	m := infer.Ref{Model: "m", Version: "1"}
	huge := infer.Tensor{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{mostBytes}}, Data: make([]byte, mostBytes)}
	_, err = e.wire.ask(t.Context(), &question{model: "m", in: []infer.Tensor{huge}})
	for what, c := range map[string]struct {
		err  error
		kind fault.Kind
	}{
		"a question": {e.explain(err, m), fault.Invalid},
		"a network":  {e.loadFault(err, m), fault.Invalid},
	} {
		if say, hint := fault.Explain(c.err); fault.KindOf(c.err) != c.kind || !strings.Contains(say, "too large") || hint == "" {
			t.Errorf("%s: %v", what, c.err)
		}
	}
	var s *shelf
	for _, version := range []string{"1", "2", "3"} {
		s = s.with(infer.Bundle{Ref: infer.Ref{Model: "m", Version: version}, ONNX: huge.Data[:900<<20]})
	}
	if len(s.bundles) != 2 || s.index("1") >= 0 || s.latest != "3" {
		t.Errorf("%d versions of 900 MiB", len(s.bundles))
	}
	if s = s.with(infer.Bundle{Ref: infer.Ref{Model: "m", Version: "4"}, ONNX: huge.Data}); len(s.bundles) != 1 {
		t.Errorf("%d versions with one that fills a message", len(s.bundles))
	}
}

// TestForgotten: a model that could not be loaded from the server's repository leaves what this
// program has loaded of that name where it is, also when the next version comes.
func TestForgotten(t *testing.T) {
	e, err := Dial(t.Context(), Options{Address: servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"), Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close() //nolint:errcheck // the test's end
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	if err := e.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	if err := e.LoadStored(t.Context(), b.Model); err == nil {
		t.Fatal("loaded what is not there")
	}
	next := infer.Bundle{Ref: infer.Ref{Model: b.Model, Version: "2"}, ONNX: infertest.Affine2()}
	if err := e.Load(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 4, 4); err != nil {
		t.Error(err)
	}
	if err := infertest.Ask(t.Context(), e, next.Ref, 3, -1, 1, 1, 4, 4); err != nil {
		t.Error(err)
	}
}
