package triton

import (
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
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
