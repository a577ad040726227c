package triton_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

// urgentFirst asks a model that waits for a gate much, and something urgent when all of that is at the
// server, which must be answered soon when the gate opens.
func urgentFirst(t *testing.T, e *triton.Engine, ref infer.Ref, g *servertest.Gate, about func(number int) []infer.Tensor) {
	t.Helper()
	const n = 12
	var wg sync.WaitGroup
	defer wg.Wait()
	defer g.Open(t)
	ask := func(number, priority int) {
		wg.Go(func() {
			ctx := infer.WithTerms(t.Context(), infer.Terms{Priority: priority})
			if _, err := e.Infer(ctx, ref, about(number)); err != nil {
				t.Errorf("%s: question %d: %v", e.Name(), number, err)
			}
		})
	}
	there := func(want int) {
		t.Helper()
		servertest.Succeeds(t, func() error {
			load, err := e.Busy(t.Context())
			if at := g.Seen(t); err == nil && load.Waiting+len(at) != want {
				err = fmt.Errorf("%s: of %d questions %d wait, %v are being answered", e.Name(), want, load.Waiting, at)
			}
			return err
		})
	}
	for i := range n {
		ask(i, 0)
	}
	there(n)
	ask(n, 1)
	there(n + 1)
	g.Open(t)
	wg.Wait()
	if order := g.Seen(t); !slices.Contains(order[:n/2+1], n) { // what is at work, and what is answered with it, are two or three
		t.Errorf("%s: the urgent one, %d, came late: %v", e.Name(), n, order)
	}
}

// TestPriority: of the questions that wait, urgent ones are answered first.
func TestPriority(t *testing.T) {
	for _, over := range []string{"gRPC", "HTTP"} {
		g := servertest.NewGate(t)
		config, files := python(`"max_batch_size": 1, "dynamic_batching": {"priority_levels": 2, "default_priority_level": 2}`, `
    def execute(self, requests):
        passes(*[take(r).flat[0] for r in requests])
        return [answer(take(r)) for r in requests]
`+g.Python())
		e := featureServers(t, "slow", config, files)[over]
		urgentFirst(t, e, infer.Ref{Model: "slow"}, g, func(number int) []infer.Tensor {
			return ints([]int64{1, 1}, int32(number)) //nolint:gosec // small
		})
	}
}

// TestUrgentFirst: so it is with a model that came over the wire, whether others are joined or not.
func TestUrgentFirst(t *testing.T) {
	s := servertest.StartTriton(t)
	e := dial(t, triton.Options{Address: s.GRPC, Backend: "python", Metrics: s.Metrics})
	for _, text := range [][]byte{nil, infertest.Recipe("y")} {
		b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1(), Recipe: text}
		config, files, err := e.Sends(b)
		if err != nil {
			t.Fatal(err)
		}
		g := servertest.NewGate(t)
		files["file:1/model.py"] = slices.Concat(files["file:1/model.py"], []byte(g.Python()+`
execute = TritonPythonModel.execute

def gated(self, requests):
    passes(*[self.feed(r)["image"].flat[0] for r in requests])
    return execute(self, requests)

TritonPythonModel.execute = gated
`))
		if err := e.LoadRaw(t.Context(), b.Model, config, files); err != nil {
			t.Fatal(err)
		}
		urgentFirst(t, e, infer.Ref{Model: b.Model}, g, func(number int) []infer.Tensor {
			in := infertest.Image(1, 1, 16, 16)
			copy(in.Data, infertest.Image(int64(2*number + 1)).Data[8*number:])
			return []infer.Tensor{in}
		})
	}
}

// TestQueueFull: a full queue and a queue that takes too long are Busy, not Offline.
func TestQueueFull(t *testing.T) {
	s := servertest.StartTriton(t)
	for _, address := range []string{s.GRPC, s.HTTP} {
		e := dial(t, triton.Options{Address: address, Backend: "python"})
		for what, policy := range map[string]string{
			"full": `"max_queue_size": 1`, "late": `"timeout_action": "REJECT", "default_timeout_microseconds": 50000`,
		} {
			g := servertest.NewGate(t)
			config, files := python(`"max_batch_size": 1, "dynamic_batching": {"default_queue_policy": {`+policy+`}}`, `
    def execute(self, requests):
        passes(1)
        return [answer(take(r)) for r in requests]
`+g.Python())
			ref := infer.Ref{Model: infertest.UniqueName()}
			if err := e.LoadRaw(t.Context(), ref.Model, config, files); err != nil {
				t.Fatalf("%s, %s: %v", e.Name(), what, err)
			}
			ask := func() error {
				_, err := e.Infer(t.Context(), ref, ints([]int64{1, 1}, 1))
				return err
			}
			answers := make(chan error, 16) // more than can be at work and on the way there
			for range cap(answers) {
				go func() { answers <- ask() }()
			}
			for i := range cap(answers) {
				if err := <-answers; fault.KindOf(err) != fault.Busy && (err != nil || i == 0) {
					t.Errorf("%s, %s: answer %d: %v", e.Name(), what, i, err)
				}
				if i == 0 {
					g.Open(t)
				}
			}
			servertest.Succeeds(t, ask)
		}
	}
}

// TestTimeout: a question that nobody waits for any more leaves the server's queue, where
// the model lets questions say so; and a model sees that whoever asked has gone.
func TestTimeout(t *testing.T) {
	for _, over := range []string{"gRPC", "HTTP"} {
		g := servertest.NewGate(t)
		config, files := python(`"max_batch_size": 1, "dynamic_batching": {"default_queue_policy": {
		"timeout_action": "REJECT", "default_timeout_microseconds": 3600000000, "allow_timeout_override": true}}`, `
    def execute(self, requests):
        for r in requests:
            v = int(take(r).flat[0])
            passes(v, until=r.is_cancelled)
            if r.is_cancelled():
                tells(-v)
        return [answer(take(r)) for r in requests]
`+g.Python())
		e := featureServers(t, "queue", config, files)[over]
		ask := func(ctx context.Context, v int32) error {
			_, err := e.Infer(ctx, infer.Ref{Model: "queue"}, ints([]int64{1, 1}, v))
			return err
		}
		saw := func(v int) {
			t.Helper()
			servertest.Succeeds(t, func() error {
				if seen := g.Seen(t); !slices.Contains(seen, v) {
					return fmt.Errorf("%s: the model saw %v, not %d", over, seen, v)
				}
				return nil
			})
		}
		first := make(chan error, 1)
		go func() { first <- ask(t.Context(), 1) }()
		saw(1)
		late(t, e, func(ctx context.Context) error { return ask(ctx, 2) })
		g.Open(t)
		if err := errors.Join(<-first, ask(t.Context(), 3)); err != nil {
			t.Errorf("%s: %v", over, err)
		}
		if seen := g.Seen(t); !slices.Equal(seen, []int{1, 3}) {
			t.Errorf("%s: the model worked on %v", over, seen)
		}
		if over == "HTTP" { // Triton does not look whether a connection was closed
			continue
		}
		g.Close(t)
		ctx, cancel := context.WithCancel(t.Context())
		go func() { first <- ask(ctx, 4) }()
		saw(4)
		cancel()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", over, err)
		}
		saw(-4)
	}
}

// late asks what waits at the server until its time is up there too.
func late(t *testing.T, e *triton.Engine, ask func(context.Context) error) {
	t.Helper()
	for limit := 500 * time.Millisecond; limit < 5*time.Minute; limit *= 2 {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		ended := make(chan error, 1)
		go func() { ended <- ask(ctx) }()
		var there time.Time
		for there.IsZero() && ctx.Err() == nil {
			if load, err := e.Busy(ctx); err == nil && load.Waiting > 0 {
				there = time.Now()
			}
		}
		err := <-ended
		cancel()
		if err == nil {
			t.Fatalf("%s: answered too late", e.Name())
		}
		if !there.IsZero() { // else it may have come to the server too late, or never
			<-time.After(time.Until(there.Add(limit)))
			return
		}
	}
	t.Fatalf("%s: it never came to the server", e.Name())
}
