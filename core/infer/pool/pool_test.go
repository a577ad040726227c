package pool_test

import (
	"context"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/infer/pool"
	"coverslip.dev/coverslip/core/infer/triton"
	"coverslip.dev/coverslip/core/servertest"
)

func dial(t *testing.T, address string) *triton.Engine {
	t.Helper()
	e, err := triton.Dial(t.Context(), triton.Options{Address: address, Backend: "python"})
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

func fixed(members ...*pool.Member) func() []*pool.Member {
	return func() []*pool.Member { return members }
}

// TestContract: a member of a pool keeps the contract that its engine keeps.
func TestContract(t *testing.T) {
	at := servertest.StartTriton(t).GRPC
	infertest.Run(t, infertest.Traits{FreesStopped: true}, func(t *testing.T) infer.Engine {
		t.Helper()
		return pool.New(fixed(pool.NewMember(dial(t, at), nil)))
	})
}

// TestKilledInTheMiddle: of two real servers one is killed while a batch is asked. Every
// question gets its right answer, the breaker of the dead one opens, and closes after the
// server has come back and one question was answered on trial.
func TestKilledInTheMiddle(t *testing.T) {
	first, second := servertest.StartTriton(t), servertest.StartTriton(t)
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Affine1()}
	a, c := dial(t, first.GRPC), dial(t, second.GRPC)
	for _, e := range []*triton.Engine{a, c} {
		if err := e.Load(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	var failures atomic.Int64
	dies, stays := pool.NewMember(a, func(error) { failures.Add(1) }), pool.NewMember(c, nil)
	p := pool.New(fixed(dies, stays))

	var answers atomic.Int64
	batch := func(n int) {
		t.Helper()
		var wg sync.WaitGroup
		todo := make(chan int, n)
		for i := range n {
			todo <- i
		}
		close(todo)
		for range 8 {
			wg.Go(func() {
				for i := range todo {
					if err := infertest.Ask(t.Context(), p, b.Ref, 2, 1, 1, 1, int64(100+i%7), 128); err != nil {
						t.Errorf("question %d: %v", i, err)
					}
					answers.Add(1)
				}
			})
		}
		wg.Wait()
	}
	killed := make(chan struct{})
	go func() {
		defer close(killed)
		for answers.Load() < 100 {
			time.Sleep(time.Millisecond)
		}
		first.Signal(t, syscall.SIGKILL)
	}()
	batch(600)
	<-killed
	batch(50)
	if answers.Load() != 650 || failures.Load() == 0 || dies.State() == pool.Closed || stays.State() != pool.Closed {
		t.Errorf("%d answers, %d failures, states %d and %d", answers.Load(), failures.Load(), dies.State(), stays.State())
	}
	first.Up(t)
	for end := time.Now().Add(time.Minute); dies.State() != pool.Closed; {
		if time.Now().After(end) {
			t.Fatal("the breaker stays open")
		}
		if err := a.Load(t.Context(), b); err != nil && fault.KindOf(err) != fault.Offline { // as the station's next check does
			t.Fatal(err)
		}
		batch(20)
	}
	before := failures.Load()
	batch(100)
	if failures.Load() != before {
		t.Error("it fails again")
	}
}

// TestNobodyThere: a pool of servers that are all gone says so, at once when it knows.
func TestNobodyThere(t *testing.T) {
	m := pool.NewMember(dial(t, "grpc://127.0.0.1:9"), nil)
	p := pool.New(fixed(m))
	for m.State() == pool.Closed {
		if _, err := p.Infer(t.Context(), infer.Ref{Model: "x"}, nil); fault.KindOf(err) != fault.Offline {
			t.Fatal(err)
		}
	}
	_, err := p.Infer(t.Context(), infer.Ref{Model: "x"}, nil)
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Offline || say == "" {
		t.Errorf("open: %v", err)
	}
	if _, err := pool.New(fixed()).Infer(t.Context(), infer.Ref{Model: "x"}, nil); fault.KindOf(err) != fault.Offline {
		t.Errorf("empty: %v", err)
	}
}

// TestOnlySafeOnes: what is the question's own fault is not asked of another server.
func TestOnlySafeOnes(t *testing.T) {
	at := servertest.Need(t, "COVERSLIP_TEST_TRITON_GRPC")
	a := dial(t, at)
	b := infer.Bundle{Ref: infer.Ref{Model: infertest.UniqueName(), Version: "1"}, ONNX: infertest.Slow()}
	if err := a.Load(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	defer a.Unload(t.Context(), b.Model) //nolint:errcheck // the test's end
	counted := &counting{Engine: dial(t, at)}
	m, other := pool.NewMember(&counting{Engine: a}, nil), pool.NewMember(counted, nil)
	p := pool.New(fixed(m, other))
	wrong := infertest.Image(1, 4, 2, 2)
	if _, err := p.Infer(t.Context(), b.Ref, []infer.Tensor{wrong}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("wrong shape: %v", err)
	}
	if counted.asked.Load() != 0 || m.State() != pool.Closed {
		t.Errorf("a wrong question went on: %d, state %d", counted.asked.Load(), m.State())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := p.Infer(ctx, b.Ref, []infer.Tensor{infertest.Image(1, 1, 2048, 2048)}); fault.KindOf(err) != fault.Offline {
		t.Errorf("late: %v", err)
	}
	if counted.asked.Load() != 0 {
		t.Error("a question that took too long was asked again")
	}
}

// counting counts what a real engine is asked.
type counting struct {
	infer.Engine
	asked atomic.Int64
}

func (c *counting) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	c.asked.Add(1)
	return c.Engine.Infer(ctx, m, in)
}
