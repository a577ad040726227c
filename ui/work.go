package ui

import (
	"context"
	"log/slog"
	"sync"

	"coverslip.dev/coverslip/core/fault"
)

// work runs what the person asked for off the screen's thread, in the order it was asked,
// and brings the outcome back onto it. Errors are shown by fail, on the screen's thread.
type work struct {
	post func(func())
	log  *slog.Logger
	fail func(say, hint string)

	mu    sync.Mutex // guards queue
	queue []func(ctx context.Context) error
	wake  chan struct{}
}

func newWork(post func(func()), log *slog.Logger) *work {
	return &work{post: post, log: log, fail: func(string, string) {}, wake: make(chan struct{}, 1)}
}

// do puts f at the end of the queue.
func (w *work) do(f func(ctx context.Context) error) {
	w.mu.Lock()
	w.queue = append(w.queue, f)
	w.mu.Unlock()
	w.rouse()
}

func (w *work) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// run works until ctx ends. Several may run at once; the order is then that of beginning.
func (w *work) run(ctx context.Context) error {
	for {
		f := w.next()
		if f == nil {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-w.wake:
			}
			continue
		}
		if err := f(ctx); err != nil && fault.KindOf(err) != fault.Canceled {
			w.log.Warn("asked for in vain", slog.Any("error", err))
			say, hint := fault.Explain(err)
			w.post(func() { w.fail(say, hint) })
		}
	}
}

func (w *work) next() func(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		return nil
	}
	f := w.queue[0]
	if w.queue = w.queue[1:]; len(w.queue) > 0 {
		w.rouse() // for another that runs
	}
	return f
}
