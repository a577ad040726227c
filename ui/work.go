package ui

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
)

// longAtOnce is how many long actions run at once; more wait.
const longAtOnce = 6

// lastWords is how long what a person has decided may take to be kept when the window has closed.
const lastWords = 20 * time.Second

// queues are for what must not wait for one another.
type queues struct {
	work       *work // short requests, in order
	decisions  *work // what a person has decided, in order: it is kept also when the window closes
	slow       *work // what may take minutes
	longs      *work // what may take hours, several at once
	data       *work // readings of the dataset
	drawing    *work // pictures of its files
	closing    *work // images that are not open any more
	thresholds moves // of the viewer
	following  moves // of the open film
	reading    moves // of the open capture's objects
	measuring  moves // of them
	awaiting   moves // of the image that is to be opened and is made first
}

func newQueues(post func(func()), log *slog.Logger) *queues {
	one := func() *work { return newWork(post, log) }
	q := &queues{
		work: one(), decisions: one(), slow: one(), longs: one(), data: one(), drawing: one(), closing: one(),
		thresholds: moves{work: one()}, following: moves{work: one()}, reading: moves{work: one()}, measuring: moves{work: one()}, awaiting: moves{work: one()},
	}
	q.decisions.grace = lastWords
	return q
}

// tell has fail told what was asked for in vain; of moves only the last is worth a word, and has its own.
func (q *queues) tell(fail func(say, hint string)) {
	for _, k := range []*work{q.work, q.decisions, q.slow, q.longs, q.data, q.drawing} {
		k.fail = fail
	}
}

// workAll works through all queues until ctx ends.
func (q *queues) workAll(ctx context.Context, g *errgroup.Group) {
	for _, k := range []*work{
		q.work, q.decisions, q.slow, q.data, q.drawing, q.closing,
		q.thresholds.work, q.following.work, q.reading.work, q.measuring.work, q.awaiting.work,
	} {
		g.Go(func() error { return k.run(ctx) })
	}
	for range longAtOnce {
		g.Go(func() error { return q.longs.run(ctx) })
	}
}

// work runs what the person asked for off the screen's thread, in the order it was asked,
// and brings the outcome back onto it. Errors are shown by fail, on the screen's thread.
type work struct {
	post  func(func())
	log   *slog.Logger
	fail  func(say, hint string)
	grace time.Duration // in which what was asked for is still done when the window has closed

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

// run works until ctx ends, and through what is in the queue then. Several may run at once; the
// order is then that of beginning.
func (w *work) run(ctx context.Context) error {
	own := ctx
	if w.grace > 0 {
		var end context.CancelFunc
		own, end = outlive(ctx, w.grace)
		defer end()
	}
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
		if err := f(own); err != nil && (fault.KindOf(err) != fault.Canceled || w.grace > 0) {
			w.log.Warn("asked for in vain", slog.Any("error", err))
			say, hint := fault.Explain(err)
			w.post(func() { w.fail(say, hint) })
		}
	}
}

// outlive returns a context that ends a while after ctx.
func outlive(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	own, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		t := time.NewTimer(by)
		defer t.Stop()
		select {
		case <-t.C:
			end()
		case <-own.Done():
		}
	})
	return own, func() { stop(); end() }
}

// settled returns when all that was asked for before is done, of a queue that one runs.
func (w *work) settled(ctx context.Context) error {
	done := make(chan struct{})
	w.do(func(context.Context) error {
		close(done)
		return nil
	})
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
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

// moves are what a newer one makes needless: only the last is carried out. They are asked for on
// the screen's thread.
type moves struct {
	*work // one after the other
	last  atomic.Int64
	stop  atomic.Pointer[context.CancelFunc] // of the one under way
}

// do ends the move under way, and does f after it unless there is a newer one by then.
func (m *moves) do(f func(ctx context.Context) error) {
	m.end()
	m.also(f)
}

// end ends the move under way; what waits does not begin.
func (m *moves) end() {
	m.last.Add(1)
	if stop := m.stop.Load(); stop != nil {
		(*stop)()
	}
}

// also does f after what is under way, unless that is ended.
func (m *moves) also(f func(ctx context.Context) error) {
	own := m.last.Load()
	m.work.do(func(ctx context.Context) error {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		m.stop.Store(&stop)
		if m.last.Load() != own {
			return nil
		}
		return f(ctx)
	})
}
