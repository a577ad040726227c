package triton_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// python is what every model of these tests is: a config and a program.
func python(config, execute string) (string, map[string][]byte) {
	return `{"backend": "python", "input": [{"name": "IN", "data_type": "TYPE_INT32", "dims": [-1]}],
		"output": [{"name": "OUT", "data_type": "TYPE_INT32", "dims": [-1]}], ` + config + `}`,
		map[string][]byte{"file:1/model.py": []byte(`
import numpy as np
import triton_python_backend_utils as pb

def take(r):
    return pb.get_input_tensor_by_name(r, "IN").as_numpy()

def answer(x):
    return pb.InferenceResponse([pb.Tensor("OUT", np.asarray(x, dtype=np.int32))])

class TritonPythonModel:
    def initialize(self, args):
        self.sums = {}
` + execute)}
}

func ints(shape []int64, v ...int32) []infer.Tensor {
	t := infer.Tensor{Port: infer.Port{Name: "IN", Type: "INT32", Shape: shape}}
	for _, x := range v {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, uint32(x)) //nolint:gosec // the same bits
	}
	return []infer.Tensor{t}
}

func toInts(list []infer.Tensor) []int32 {
	var out []int32
	for _, t := range list {
		for b := range slices.Chunk(t.Data, 4) {
			out = append(out, int32(binary.LittleEndian.Uint32(b))) //nolint:gosec // the same bits
		}
	}
	return out
}

// featureServers are engines for both transports of one server of the test's own.
func featureServers(t *testing.T, model, config string, files map[string][]byte) map[string]*triton.Engine {
	t.Helper()
	s := servertest.StartTriton(t)
	out := map[string]*triton.Engine{
		"gRPC": dial(t, triton.Options{Address: s.GRPC, Backend: "python", Metrics: s.Metrics}),
		"HTTP": dial(t, triton.Options{Address: s.HTTP, Backend: "python", Metrics: s.Metrics}),
	}
	if err := out["gRPC"].LoadRaw(t.Context(), model, config, files); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSequence: questions of one sequence reach the one instance that remembers it, and two
// sequences do not mix.
func TestSequence(t *testing.T) {
	config, files := python(`"max_batch_size": 1, "instance_group": [{"count": 2, "kind": "KIND_CPU"}],
		"sequence_batching": {"max_sequence_idle_microseconds": 20000000, "control_input": [
			{"name": "START", "control": [{"kind": "CONTROL_SEQUENCE_START", "fp32_false_true": [0, 1]}]},
			{"name": "CORRID", "control": [{"kind": "CONTROL_SEQUENCE_CORRID", "data_type": "TYPE_UINT64"}]}]}`, `
    def execute(self, requests):
        out = []
        for r in requests:
            k = int(pb.get_input_tensor_by_name(r, "CORRID").as_numpy().flat[0])
            if pb.get_input_tensor_by_name(r, "START").as_numpy().flat[0] == 1:
                self.sums[k] = 0
            self.sums[k] += int(take(r).sum())
            out.append(answer([[self.sums[k]]]))
        return out
`)
	for name, e := range featureServers(t, "sums", config, files) {
		for i := range 4 {
			for id, step := range map[uint64]int32{7: 1, 1 << 40: 100} {
				ctx := infer.WithTerms(t.Context(), infer.Terms{Sequence: infer.Sequence{ID: id, Start: i == 0, End: i == 3}})
				out, err := e.Infer(ctx, infer.Ref{Model: "sums"}, ints([]int64{1, 2}, step, step))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if got, want := toInts(out), 2*step*int32(i+1); !slices.Equal(got, []int32{want}) { //nolint:gosec // small
					t.Errorf("%s: sum %v of sequence %d, want %d", name, got, id, want)
				}
			}
		}
		_, err := e.Infer(t.Context(), infer.Ref{Model: "sums"}, ints([]int64{1, 2}, 1, 1))
		if err == nil {
			t.Errorf("%s: a question of no sequence was answered", name)
		}
	}
}

// TestStream: a decoupled model gives as many answers as it likes over gRPC; one that gives
// one is asked as any other; HTTP says that it can't.
func TestStream(t *testing.T) {
	config, files := python(`"max_batch_size": 0, "model_transaction_policy": {"decoupled": true}`, `
    def execute(self, requests):
        for r in requests:
            s = r.get_response_sender()
            n = int(take(r)[0])
            if n < 0:
                s.send(pb.InferenceResponse(error=pb.TritonError("no such number")), flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
                continue
            for i in range(n):
                s.send(answer([i, n]))
            s.send(flags=pb.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
`)
	servers := featureServers(t, "many", config, files)
	e, ref := servers["gRPC"], infer.Ref{Model: "many"}
	for _, n := range []int32{0, 1, 5} {
		var got []int32
		err := e.Stream(t.Context(), ref, ints([]int64{1}, n), func(a []infer.Tensor) error {
			got = append(got, toInts(a)...)
			return nil
		})
		var want []int32
		for i := range n {
			want = append(want, i, n)
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%d answers: %v, %v", n, got, err)
		}
	}
	enough := errors.New("enough")
	seen := 0
	if err := e.Stream(t.Context(), ref, ints([]int64{1}, 1000), func([]infer.Tensor) error { seen++; return enough }); !errors.Is(err, enough) || seen != 1 {
		t.Errorf("stopped by the reader: %d, %v", seen, err)
	}
	if err := e.Stream(t.Context(), ref, ints([]int64{1}, -1), func([]infer.Tensor) error { return nil }); err == nil || !strings.Contains(err.Error(), "no such number") {
		t.Errorf("the model's own error: %v", err)
	}
	for range 2 { // found out, then known
		if out, err := e.Infer(t.Context(), ref, ints([]int64{1}, 1)); err != nil || !slices.Equal(toInts(out), []int32{0, 1}) {
			t.Errorf("one answer: %v, %v", toInts(out), err)
		}
	}
	if _, err := e.Infer(t.Context(), ref, ints([]int64{1}, 3)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("three answers: %v", err)
	}
	_, err := servers["HTTP"].Infer(t.Context(), ref, ints([]int64{1}, 1))
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "stream") {
		t.Errorf("HTTP: %v", err)
	}
}

// TestGivenUpByTheServer: an answer that says it was cancelled, as a proxy or a server that ends
// gives, is no sign that a person stopped it.
func TestGivenUpByTheServer(t *testing.T) {
	config, files := python(`"max_batch_size": 0`, `
    def execute(self, requests):
        return [pb.InferenceResponse(error=pb.TritonError("given up", pb.TritonError.CANCELLED)) for r in requests]
`)
	for name, e := range featureServers(t, "quitter", config, files) {
		_, err := e.Infer(t.Context(), infer.Ref{Model: "quitter"}, ints([]int64{1}, 1))
		if say, hint := fault.Explain(err); err == nil || errors.Is(err, context.Canceled) || fault.KindOf(err) == fault.Canceled || say == "" || hint == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCompress: compressed questions are understood, and so are compressed answers; both are
// shorter on their way than their tensors.
func TestCompress(t *testing.T) {
	s := servertest.StartTriton(t, "--grpc-infer-response-compression-level=medium")
	config, files := python(`"max_batch_size": 0`, `
    def execute(self, requests):
        return [answer(take(r) + 1) for r in requests]
`)
	for _, address := range []string{s.GRPC, s.HTTP} {
		scheme, host, _ := strings.Cut(address, "://")
		p := relay(t, host)
		e := dial(t, triton.Options{Address: scheme + "://" + p.l.Addr().String(), Backend: "python", Compress: true, Apart: true})
		if err := e.LoadRaw(t.Context(), "plus", config, files); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Infer(t.Context(), infer.Ref{Model: "none"}, ints([]int64{1}, 1)); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: no such model: %v", e.Name(), err)
		}
		v := make([]int32, 100_000)
		sent, received := p.sent.Load(), p.received.Load()
		out, err := e.Infer(t.Context(), infer.Ref{Model: "plus"}, ints([]int64{int64(len(v))}, v...))
		if err != nil {
			t.Fatalf("%s: %v", e.Name(), err)
		}
		for i := range v {
			v[i] = 1
		}
		if !slices.Equal(toInts(out), v) {
			t.Errorf("%s: a wrong answer", e.Name())
		}
		raw := int64(4 * len(v))
		if sent, received = p.sent.Load()-sent, p.received.Load()-received; sent == 0 || sent > raw/10 || received == 0 || received > raw/10 {
			t.Errorf("%s: of %d bytes each way %d were sent, %d received", e.Name(), raw, sent, received)
		}
	}
}

// TestLarge sends and receives what is larger than gRPC's messages usually may be, and with
// COVERSLIP_TEST_LONG=1 a tensor of 1 GiB.
func TestLarge(t *testing.T) {
	size := 96 << 20
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		size = 1 << 30
	}
	config, files := python(`"max_batch_size": 0`, `
    def execute(self, requests):
        return [answer(take(r)[::-1]) for r in requests]
`)
	in := []infer.Tensor{{Port: infer.Port{Name: "IN", Type: "INT32", Shape: []int64{int64(size / 4)}}, Data: make([]byte, size)}}
	for _, at := range []int{0, size/2 - 4096, size - 4} {
		copy(in[0].Data[at:], "here")
	}
	s := servertest.StartTriton(t)
	for _, address := range []string{s.GRPC, s.HTTP} {
		e := dial(t, triton.Options{Address: address, Backend: "python", Apart: true})
		if err := e.LoadRaw(t.Context(), "turn", config, files); err != nil {
			t.Fatal(err)
		}
		out, err := e.Infer(t.Context(), infer.Ref{Model: "turn"}, in)
		if err != nil || len(out) != 1 || len(out[0].Data) != size {
			t.Fatalf("%s: %d tensors, %v", e.Name(), len(out), err)
		}
		for _, at := range []int{0, size/2 + 4092, size - 4} {
			if string(out[0].Data[at:at+4]) != "here" {
				t.Errorf("%s: %v at %d", e.Name(), out[0].Data[at:at+4], at)
			}
		}
		if n := bytes.Count(out[0].Data, []byte{0}); n != size-12 {
			t.Errorf("%s: %d bytes of %d are nothing", e.Name(), n, size)
		}
	}
}

// TestWords: what a model's own program says when it fails is in the log, for whoever wrote it,
// and not in the sentence for whoever asked.
func TestWords(t *testing.T) {
	config, files := python(`"max_batch_size": 0`, `
    def execute(self, requests):
        return [answer(self.organelle(r)) for r in requests]

    def organelle(self, r):
        raise ValueError("no such organelle")
`)
	s := servertest.StartTriton(t)
	for _, address := range []string{s.GRPC, s.HTTP} {
		var log bytes.Buffer
		e := dial(t, triton.Options{Address: address, Backend: "python", Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err := e.LoadRaw(t.Context(), "failing", config, files); err != nil {
			t.Fatal(err)
		}
		_, err := e.Infer(t.Context(), infer.Ref{Model: "failing"}, ints([]int64{1}, 1))
		say, hint := fault.Explain(err)
		if err == nil || say == "" || !strings.Contains(hint, "log") || strings.Contains(say+hint, "organelle") || strings.Contains(say+hint, ".py") {
			t.Errorf("%s: said %q, %q", e.Name(), say, hint)
		}
		for _, word := range []string{"no such organelle", "model.py(", "organelle", "failing", e.Name()} {
			if !strings.Contains(log.String(), word) {
				t.Errorf("%s: %q is not in the log: %s", e.Name(), word, log.String())
			}
		}
	}
}

// TestConnectionsAreUsedAgain: all questions over gRPC go through the same few connections.
func TestConnectionsAreUsedAgain(t *testing.T) {
	at := servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC")
	p := relay(t, strings.TrimPrefix(at, "grpc://"))
	e := dial(t, triton.Options{Address: "grpc://" + p.l.Addr().String(), Backend: "python", Apart: true})
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	if err := e.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	defer e.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 16, 16); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if n := p.count(); n != 2 {
		t.Errorf("%d connections for 160 questions", n)
	}
}
