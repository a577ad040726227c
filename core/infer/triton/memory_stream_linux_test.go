package triton

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

// meanwhile is gRPC with something that happens before each stream.
type meanwhile struct {
	*grpcWire

	happens func()
}

func (m meanwhile) stream(ctx context.Context, q *question, each func([]infer.Tensor) error) error {
	m.happens()
	return m.grpcWire.stream(ctx, q, each)
}

// TestSharedMemoryOfAStream: a model turns out to answer in streams only, and before it is asked
// again in one another model's question gets the region. Each is answered about its own bytes.
func TestSharedMemoryOfAStream(t *testing.T) {
	const program = `
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        out = []
        for r in requests:
            a = pb.InferenceResponse([pb.Tensor("OUT", pb.get_input_tensor_by_name(r, "IN").as_numpy()[:4])])
            if %s:
                r.get_response_sender().send(a, flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
            else:
                out.append(a)
        return out or None
`
	const config = `{"backend": "python", "max_batch_size": 0, "input": [{"name": "IN", "data_type": "TYPE_UINT8", "dims": [-1]}],
		"output": [{"name": "OUT", "data_type": "TYPE_UINT8", "dims": [-1]}], "model_transaction_policy": {"decoupled": %s}}`
	e := sharing(t, servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"))
	streams, other := infer.Ref{Model: infertest.UniqueName()}, infer.Ref{Model: infertest.UniqueName()}
	for ref, yes := range map[infer.Ref][2]string{streams: {"True", "true"}, other: {"False", "false"}} {
		files := map[string][]byte{"file:1/model.py": fill(program, yes[0])}
		if err := e.LoadRaw(t.Context(), ref.Model, string(fill(config, yes[1])), files); err != nil {
			t.Fatal(err)
		}
		defer e.Unload(t.Context(), ref.Model) //nolint:errcheck // the test's end
	}
	ask := func(ref infer.Ref, of byte) {
		t.Helper()
		data := bytes.Repeat([]byte{of}, leastShared)
		out, err := e.Infer(t.Context(), ref, []infer.Tensor{{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{leastShared}}, Data: data}})
		if err != nil || len(out) != 1 || !bytes.Equal(out[0].Data, data[:4]) {
			t.Errorf("%d: %v, %v", of, out, err)
		}
	}
	wire, ok := e.wire.(*grpcWire)
	if !ok {
		t.Fatalf("%T", e.wire)
	}
	e.wire = meanwhile{wire, func() { ask(other, 2) }}
	ask(streams, 1)
	if free, _ := e.memory.has(); free != 1 {
		t.Errorf("%d regions", free)
	}
}

func fill(text, with string) []byte { return []byte(strings.Replace(text, "%s", with, 1)) }
