package pool

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// numb is an engine that says what a model is like, and does with a question what it is told to.
type numb struct {
	well
	does  func(ctx context.Context, nth int) error
	mu    sync.Mutex // guards asked
	asked int
}

func (n *numb) Infer(ctx context.Context, _ infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	n.mu.Lock()
	n.asked++
	nth := n.asked
	n.mu.Unlock()
	return in, n.does(ctx, nth)
}

func takes(d time.Duration) func(context.Context, int) error {
	return func(context.Context, int) error { time.Sleep(d); return nil }
}

func has(model string) well { return well{model: model} }

// look asks about an image of n tiles, four of them at a time, as those who ask do: first for what
// the model is like, and no more when one has failed.
func look(t *testing.T, p *Pool, n int) error {
	t.Helper()
	ref := infer.Ref{Model: "m"}
	if _, err := p.Describe(t.Context(), ref); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	atOnce(n, 4, func() bool {
		_, err := p.Infer(ctx, ref, nil)
		if err != nil {
			stop(err)
		}
		return err == nil
	})
	return context.Cause(ctx)
}

// atOnce asks n times, so many at a time; who gets no answer asks no more.
func atOnce(n, many int, ask func() bool) {
	var left atomic.Int64
	left.Store(int64(n))
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			for goOn := true; goOn && left.Add(-1) >= 0; {
				goOn = ask()
			}
		})
	}
	wg.Wait()
}

// TestHungOverQuestions: of a server that says what its models are like and hangs over questions
// only the first images fail; it is asked little by those that follow.
func TestHungOverQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, w := &hung{}, &numb{well: has("m"), does: takes(50 * time.Millisecond)}
		sick := &numb{well: has("m"), does: func(ctx context.Context, _ int) error { return h.wait(ctx) }}
		p := of(NewMember(sick, nil), NewMember(w, nil))
		for i := range 20 {
			begun := time.Now()
			if err := look(t, p, 20); err != nil && i >= patience-1 {
				t.Fatalf("image %d after %v: %v", i, time.Since(begun), err)
			}
		}
		if w.asked < 17*18 || sick.asked > 60 {
			t.Errorf("the one that hangs was asked %d times, the other one %d", sick.asked, w.asked)
		}
	})
}

// TestColdServer: a server whose first answer takes long keeps little from one that is quick.
func TestColdServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		warm := &numb{well: has("m"), does: takes(50 * time.Millisecond)}
		early := 0
		cold := &numb{well: has("m")}
		cold.does = func(_ context.Context, nth int) error {
			if time.Sleep(5 * time.Second); nth == 1 {
				warm.mu.Lock()
				early = warm.asked
				warm.mu.Unlock()
			}
			return nil
		}
		p := of(NewMember(cold, nil), NewMember(warm, nil))
		atOnce(200, 16, func() bool {
			_, err := p.Infer(t.Context(), infer.Ref{Model: "m"}, nil)
			if err != nil {
				t.Error(err)
			}
			return err == nil
		})
		if early < 150 {
			t.Errorf("by the cold one's first answer the warm one was asked %d times", early)
		}
	})
}

// TestFailingServer: what one server fails over another one is asked, and soon the failing one no
// more; what all fail over is the question's own fault.
func TestFailingServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := func(context.Context, int) error { return fault.New(fault.Internal, "It failed.", "", nil) }
		sick, good := &numb{well: has("m"), does: fails}, &numb{well: has("m"), does: takes(time.Millisecond)}
		m := NewMember(sick, nil)
		p := of(m, NewMember(good, nil))
		for range 100 {
			if _, err := p.Infer(t.Context(), infer.Ref{Model: "m"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		if sick.asked != patience || m.State() != Open {
			t.Errorf("asked %d times, state %d", sick.asked, m.State())
		}
		good.does = fails
		other := NewMember(good, nil)
		p = of(NewMember(sick, nil), other)
		for range 100 {
			if _, err := p.Infer(t.Context(), infer.Ref{Model: "m"}, nil); fault.KindOf(err) != fault.Internal {
				t.Fatal(err)
			}
		}
		if other.State() != Closed {
			t.Errorf("for the question's fault, state %d", other.State())
		}
	})
}
