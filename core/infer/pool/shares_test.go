package pool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/pool"
	"coverslip.dev/coverslip/core/servertest"
)

// echo is a model that answers what it is asked, after a while.
const echo = `
import time
import triton_python_backend_utils as pb

class TritonPythonModel:
    def execute(self, requests):
        time.sleep(%g * len(requests))
        return [pb.InferenceResponse([pb.Tensor("OUT", pb.get_input_tensor_by_name(r, "IN").as_numpy())]) for r in requests]
`

const echoConfig = `backend: "python" max_batch_size: 1
input [ { name: "IN" data_type: TYPE_UINT8 dims: [ -1 ] } ]
output [ { name: "OUT" data_type: TYPE_UINT8 dims: [ -1 ] } ]
dynamic_batching { default_queue_policy { max_queue_size: %d } }`

// echoing is an engine on a server of the test's own, which has the model echo.
func echoing(t *testing.T, takes time.Duration, queue int) *counting {
	t.Helper()
	s := servertest.StartTriton(t)
	home := filepath.Join(s.Models, "echo")
	if err := os.MkdirAll(filepath.Join(home, "1"), 0o750); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"1/model.py": fmt.Sprintf(echo, takes.Seconds()), "config.pbtxt": fmt.Sprintf(echoConfig, queue)} {
		if err := os.WriteFile(filepath.Join(home, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := dial(t, s.GRPC)
	if err := e.LoadStored(t.Context(), "echo"); err != nil {
		t.Fatal(err)
	}
	return &counting{Engine: e}
}

func word(text string) []infer.Tensor {
	return []infer.Tensor{{Port: infer.Port{Name: "IN", Type: "UINT8", Shape: []int64{1, int64(len(text))}}, Data: []byte(text)}}
}

func isWord(out []infer.Tensor, text string) bool {
	return len(out) == 1 && slices.Equal(out[0].Data, []byte(text))
}

// TestShares: of two servers the one that answers forty times as fast gets most of the
// questions, and the other some.
func TestShares(t *testing.T) {
	slow, fast := echoing(t, 400*time.Millisecond, 0), echoing(t, 10*time.Millisecond, 0)
	p := pool.New(fixed(pool.NewMember(slow, nil), pool.NewMember(fast, nil)))
	const n = 200
	todo := make(chan string, n)
	for i := range n {
		todo <- fmt.Sprint("question ", i)
	}
	close(todo)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for text := range todo {
				if out, err := p.Infer(t.Context(), infer.Ref{Model: "echo"}, word(text)); err != nil || !isWord(out, text) {
					t.Errorf("%s: %v, %v", text, out, err)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("the slow one was asked %d, the fast one %d times", slow.asked.Load(), fast.asked.Load())
	if s, f := slow.asked.Load(), fast.asked.Load(); s+f != n || f < 2*s || s < n/100 {
		t.Errorf("of %d questions the slow one was asked %d, the fast one %d", n, s, f)
	}
}

// TestMovesOn: a question that one server has no room for, or no model, is answered by another
// one; a question of a sequence is not, since what it is about may be remembered.
func TestMovesOn(t *testing.T) {
	full, free := echoing(t, 2*time.Second, 1), echoing(t, 0, 0)
	ref := infer.Ref{Model: "echo"}
	asked := func(what string, f, g int64) {
		t.Helper()
		if full.asked.Swap(0) != f || free.asked.Swap(0) != g {
			t.Errorf("%s: not asked %d and %d times", what, f, g)
		}
	}
	terms := infer.Terms{Sequence: infer.Sequence{ID: 2, Start: true}} // of the first
	sequence := infer.WithTerms(t.Context(), terms)

	// The queue of the first is filled: one question is answered, one waits, others have no room. It
	// may have got room again by the time that the pool asks: then it is filled once more.
	moves := func(terms infer.Terms, what string, then func([]infer.Tensor, error) bool, f, g int64) {
		t.Helper()
		for range 20 {
			var wg sync.WaitGroup
			refused := make(chan struct{}, 4)
			for range cap(refused) {
				wg.Go(func() {
					if _, err := full.Engine.Infer(t.Context(), ref, word("fills the queue")); fault.KindOf(err) == fault.Busy {
						refused <- struct{}{}
					}
				})
			}
			go func() { wg.Wait(); close(refused) }()
			<-refused
			p := pool.New(fixed(pool.NewMember(full, nil), pool.NewMember(free, nil))) // which knows of no answer yet
			out, err := p.Infer(infer.WithTerms(t.Context(), terms), ref, word(what))
			wg.Wait()
			if err == nil && full.asked.Load() == 1 && free.asked.Load() == 0 {
				full.asked.Store(0)
				continue
			}
			if !then(out, err) {
				t.Errorf("%s: %v, %v", what, out, err)
			}
			asked(what, f, g)
			return
		}
		t.Errorf("%s: had room 20 times", what)
	}
	moves(infer.Terms{}, "no room", func(out []infer.Tensor, err error) bool { return err == nil && isWord(out, "no room") }, 1, 1)
	moves(terms, "no room for a sequence", func(_ []infer.Tensor, err error) bool { return fault.KindOf(err) == fault.Busy }, 1, 0)

	l, ok := full.Engine.(infer.Loader)
	if !ok {
		t.Fatal("loads nothing")
	}
	if err := l.Unload(t.Context(), "echo"); err != nil {
		t.Fatal(err)
	}
	var told []error
	p := pool.New(fixed(pool.NewMember(full, func(err error) { told = append(told, err) }), pool.NewMember(free, nil)))
	out, err := p.Infer(t.Context(), ref, word("no model"))
	if err != nil || !isWord(out, "no model") || len(told) != 1 || fault.KindOf(told[0]) != fault.NotFound {
		t.Errorf("no model: %v, %v, told %v", out, err, told)
	}
	asked("no model", 1, 1)
	if _, err := p.Infer(sequence, ref, word("no model")); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no model for a sequence: %v", err)
	}
	asked("no model for a sequence", 1, 0)

	gone := &counting{Engine: dial(t, "grpc://127.0.0.1:9")}
	p = pool.New(fixed(pool.NewMember(gone, nil), pool.NewMember(free, nil)))
	if _, err := p.Infer(sequence, ref, word("gone")); fault.KindOf(err) != fault.Offline {
		t.Errorf("gone with a sequence: %v", err)
	}
	if gone.asked.Load() != 1 || free.asked.Load() != 0 {
		t.Errorf("gone with a sequence: asked %d and %d times", gone.asked.Load(), free.asked.Load())
	}
	if out, err = p.Infer(t.Context(), ref, word("gone")); err != nil || !isWord(out, "gone") {
		t.Errorf("gone: %v, %v", out, err)
	}
}
