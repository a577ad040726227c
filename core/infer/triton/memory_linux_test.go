package triton

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/servertest"
)

func sharing(t *testing.T, address string) *Engine {
	t.Helper()
	e, err := Dial(t.Context(), Options{Address: address, Backend: "python"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// bytesConfig is of a model that answers bytes with bytes.
const bytesConfig = `{"backend": "python", "max_batch_size": 0, "input": [{"name": "IN", "data_type": "TYPE_UINT8", "dims": [-1]}],
	"output": [{"name": "OUT", "data_type": "TYPE_UINT8", "dims": [-1]}]}`

func (m *memory) has() (free int, places int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.sizes {
		places += len(p)
	}
	return len(m.free), places
}

// TestSharedMemory: tensors go to a real server and come back through regions, outputs from
// the second question on, which takes a larger one; and nothing is left behind.
func TestSharedMemory(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		e := sharing(t, servertest.Need(t, env))
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 128, 160); err != nil {
				t.Fatalf("%s: %v", e.name, err)
			}
		}
		if free, places := e.memory.has(); free != 2 || places != 1 {
			t.Errorf("%s: %d regions, %d known outputs", e.name, free, places)
		}
		wrong := infertest.Image(1, 4, 64, 160)
		if _, err := e.Infer(t.Context(), b.Ref, []infer.Tensor{wrong}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: wrong shape: %v", e.name, err)
		}
		if e.memory.refused != (time.Time{}) {
			t.Errorf("%s: the server refused", e.name)
		}
		names := []string{}
		for _, r := range e.memory.free {
			names = append(names, r.name)
		}
		if err := e.Unload(t.Context(), b.Model); err != nil {
			t.Error(err)
		}
		e.memory.close(t.Context())
		for _, n := range names {
			if _, err := os.Stat(filepath.Join("/dev/shm", n)); err == nil {
				t.Errorf("%s: %s is left", e.name, n)
			}
		}
	}
}

// TestSharedMemoryOfVaryingAnswers: a model that answers now more, now less, such as boxes, is
// asked twice only when that turns out, and keeps its regions.
func TestSharedMemoryOfVaryingAnswers(t *testing.T) {
	const program = `
import numpy as np
import triton_python_backend_utils as pb

class TritonPythonModel:
    def initialize(self, args):
        self.asked = 0
    def execute(self, requests):
        out = []
        for r in requests:
            n = pb.get_input_tensor_by_name(r, "IN").as_numpy()[0]
            self.asked += 1
            out.append(pb.InferenceResponse([pb.Tensor("OUT", np.full(n, self.asked, dtype=np.uint8))]))
        return out
`
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		for name, sizes := range map[string][]byte{"some": {100, 50, 100, 200, 150, 250}, "none at first": {0, 50, 40, 60, 70, 80}} {
			e := sharing(t, servertest.Need(t, env))
			ref := infer.Ref{Model: infertest.UniqueName()}
			if err := e.LoadRaw(t.Context(), ref.Model, bytesConfig, map[string][]byte{"file:1/model.py": []byte(program)}); err != nil {
				t.Fatal(err)
			}
			var asked byte
			for _, n := range sizes {
				in := infer.Tensor{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{leastShared}}, Data: make([]byte, leastShared)}
				in.Data[0] = n
				out, err := e.Infer(t.Context(), ref, []infer.Tensor{in})
				if err != nil || len(out) != 1 || len(out[0].Data) != int(n) {
					t.Fatalf("%s, %s, %d: %v, %v", e.name, name, n, out, err)
				}
				if n > 0 {
					asked = out[0].Data[0]
				}
			}
			if free, _ := e.memory.has(); int(asked) > len(sizes)+1 || free == 0 {
				t.Errorf("%s, %s: asked %d times about %d, %d regions", e.name, name, asked, len(sizes), free)
			}
			if err := e.Unload(t.Context(), ref.Model); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestSharedMemoryStopped: the server may still write to the memory of a question that was
// stopped; it lives on, and so do the next questions.
func TestSharedMemoryStopped(t *testing.T) {
	s := servertest.StartTriton(t)
	for _, address := range []string{s.GRPC, s.HTTP} {
		e := sharing(t, address)
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Slow()}
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		in := []infer.Tensor{infertest.Image(1, 1, 512, 512)}
		whole, err := e.Infer(t.Context(), b.Ref, in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 8 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i*10)*time.Millisecond)
			_, _ = e.Infer(ctx, b.Ref, in) // stopped, or just not
			cancel()
		}
		again, err := e.Infer(t.Context(), b.Ref, in)
		if err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
		if string(again[0].Data) != string(whole[0].Data) {
			t.Errorf("%s: another answer", e.name)
		}
		for try := 0; try < 100 && !e.memory.swept; try++ {
			e.memory.swept = true
			e.memory.sweep(t.Context())
			if err := e.Ready(t.Context()); err != nil { // a moment passes
				t.Fatal(err)
			}
		}
		if !e.memory.swept {
			t.Errorf("%s: the server still has memory of questions that nobody waits for", e.name)
		}
		if err := e.Ready(t.Context()); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
	}
}

// noted notes the names of regions that the server got.
type noted struct {
	sharer
	mu    sync.Mutex
	names []string
}

func (n *noted) register(ctx context.Context, region string, size int64) error {
	err := n.sharer.register(ctx, region, size)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.names = append(n.names, region)
	return err
}

func (n *noted) both() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.names) == 2
}

// TestSharedMemoryOfTheClosed: an engine that is closed while questions have regions can't have
// the server part with them; the next one does.
func TestSharedMemoryOfTheClosed(t *testing.T) {
	const program = `
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        passes(1)
        return [pb.InferenceResponse([pb.Tensor("OUT", pb.get_input_tensor_by_name(r, "IN").as_numpy())]) for r in requests]
`
	s, g := servertest.StartTriton(t), servertest.NewGate(t)
	e, next := sharing(t, s.GRPC), sharing(t, s.GRPC)
	n := &noted{sharer: e.memory.wire}
	e.memory.wire = n
	next.meter.page = s.Metrics
	ref := infer.Ref{Model: infertest.UniqueName()}
	if err := e.LoadRaw(t.Context(), ref.Model, bytesConfig, map[string][]byte{"file:1/model.py": []byte(program + g.Python())}); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 2)
	for range 2 {
		go func() {
			in := infer.Tensor{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{leastShared}}, Data: make([]byte, leastShared)}
			_, err := e.Infer(t.Context(), ref, []infer.Tensor{in})
			ended <- err
		}()
	}
	servertest.Succeeds(t, func() error { // one is being answered, the other waits
		l, err := next.Busy(t.Context())
		if err == nil && (l.Waiting == 0 || len(g.Seen(t)) == 0 || !n.both()) {
			err = errors.New("the two questions never came to the server")
		}
		return err
	})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := <-ended; fault.KindOf(err) != fault.Offline {
			t.Errorf("closed in the middle: %v", err)
		}
	}
	left := func(name string) bool { return slices.Contains(orphans(next.memory.home), name) }
	if len(n.names) != 2 || !left(n.names[0]) || !left(n.names[1]) {
		t.Errorf("of %v are known what the server has: %v", n.names, orphans(next.memory.home))
	}
	g.Open(t)
	servertest.Succeeds(t, func() error {
		if next.memory.sweep(t.Context()); slices.ContainsFunc(n.names, left) {
			return fmt.Errorf("the server still has %v", n.names)
		}
		return nil
	})
}

// watched notes by when the server must have parted with regions.
type watched struct {
	sharer
	ends []time.Time
}

func (w *watched) unregister(ctx context.Context, region string) error {
	end, _ := ctx.Deadline()
	w.ends = append(w.ends, end)
	return w.sharer.unregister(ctx, region)
}

// TestSharedMemoryIsPartedWithInTime: all regions within one limit, and within a short one
// where the question was stopped, so that a server that hangs holds up nobody.
func TestSharedMemoryIsPartedWithInTime(t *testing.T) {
	e := sharing(t, servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"))
	w := &watched{sharer: e.memory.wire}
	e.memory.wire = w
	var all []*region
	for range 4 {
		r := e.memory.take(t.Context(), leastShared)
		if r == nil {
			t.Fatal("no region")
		}
		all = append(all, r)
	}
	w.ends = nil // of the sweep
	stopped, stop := context.WithCancel(t.Context())
	stop()
	e.memory.drop(stopped, all[0])
	if len(w.ends) != 1 || time.Until(w.ends[0]) > dropping {
		t.Errorf("a stopped question waits until %v", w.ends)
	}
	for _, r := range all[1:] {
		e.memory.give(t.Context(), r)
	}
	w.ends = nil
	e.memory.close(t.Context())
	if n := len(slices.Compact(w.ends)); n != 1 {
		t.Errorf("%d limits for three regions", n)
	}
}

// TestSharedMemoryRefused: a server that can't open the memory, here as it is not there any
// more, is asked over the wire, and nobody notices.
func TestSharedMemoryRefused(t *testing.T) {
	for _, env := range []string{"COVERSLIP_TEST_TRITON_GRPC", "COVERSLIP_TEST_TRITON_HTTP"} {
		e := sharing(t, servertest.Need(t, env))
		r, err := newRegion(e.memory.home, 1<<16)
		if err != nil {
			t.Fatal(err)
		}
		r.close()
		if err := e.memory.wire.register(t.Context(), r.name, 1<<16); err == nil {
			t.Fatalf("%s: registered what is not there", e.name)
		} else {
			t.Log(err)
			e.memory.refuse(t.Context(), err)
		}
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 128, 160); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		if free, _ := e.memory.has(); free != 0 {
			t.Errorf("%s: went through memory", e.name)
		}
		// A server that was restarted does not know the regions of before.
		e.memory.refused = time.Time{}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 128, 160); err != nil {
			t.Errorf("%s: %v", e.name, err)
		}
		if err := e.memory.unregister(t.Context(), e.memory.free[0].name); err != nil {
			t.Fatal(err)
		}
		if err := infertest.Ask(t.Context(), e, b.Ref, 2, 1, 1, 1, 128, 160); err != nil {
			t.Errorf("%s: forgotten region: %v", e.name, err)
		}
		if err := e.Unload(t.Context(), b.Model); err != nil {
			t.Error(err)
		}
	}
}

// TestSharedMemoryOfTheDead: what a killed program has left, at the server and in memory, is
// removed by the next one; what a living one has is not, nor what another server has.
func TestSharedMemoryOfTheDead(t *testing.T) {
	e := sharing(t, servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC"))
	dead, err := newRegion(e.memory.home, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	alive, err := newRegion(e.memory.home, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer alive.close()
	other, err := newRegion(newMemory(nil, t.Name(), nil).home, 1<<16)
	if err != nil {
		t.Fatal(err)
	}
	defer removeRegion(other.name)
	if err := other.unmap(); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*region{dead, alive} {
		if err := e.memory.wire.register(t.Context(), r.name, 1<<16); err != nil {
			t.Fatal(err)
		}
	}
	if err := dead.unmap(); err != nil { // as the system does at the end of a process
		t.Fatal(err)
	}
	e.memory.sweep(t.Context())
	for r, there := range map[*region]bool{dead: false, alive: true, other: true} {
		if _, err := os.Stat(filepath.Join(regionDir, r.name)); (err == nil) != there {
			t.Errorf("file: %v, want %v", err, there)
		}
		again := e.memory.wire.register(t.Context(), r.name, 1<<16)
		if r == alive && again == nil {
			t.Error("the living one's region was unregistered")
		}
	}
	if err := e.memory.wire.unregister(t.Context(), alive.name); err != nil {
		t.Error(err)
	}
}
