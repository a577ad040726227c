package pool

import (
	"context"
	"slices"
	"sync"
	"time"
)

// The window's bounds, and how it looks for its size.
const (
	firstWindow = 2
	maxWindow   = 64
	holds       = 8 // epochs between two trials of another size
)

// window is how many questions are under way to one engine at a time. It finds its size by
// the engine's latency: n questions under way of which each takes the time t are n/t answers
// a second (Little's law). It grows as long as that pays, which it does until the engine
// has something to do at any moment; beyond, questions would only wait there. It also tries
// from time to time whether fewer would do. Nothing is learnt while there is less to ask
// than the window allows.
type window struct {
	mu      sync.Mutex // guards all below
	limit   int
	asked   int // under way
	waiting []waiter
	each    time.Duration // how long an answer takes, smoothed

	since  time.Time // of the epoch; earlier questions don't count
	n      int       // answers in it
	sum    time.Duration
	size   int     // the best known, which limit differs from in a trial
	rate   float64 // answers a second with it; 0: unknown
	idle   int     // epochs since the last trial
	shrink bool    // the next trial is of fewer
}

func newWindow() *window { return &window{limit: firstWindow, size: firstWindow} }

// waiter is who waits for a place.
type waiter struct {
	turn     chan struct{}
	priority int
}

// enter waits for a place; who has priority 1 gets it before 2, and so on.
func (w *window) enter(ctx context.Context, priority int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	if w.asked < w.limit && len(w.waiting) == 0 {
		w.asked++
		w.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	at := slices.IndexFunc(w.waiting, func(x waiter) bool { return x.priority > priority })
	if at < 0 {
		at = len(w.waiting)
	}
	w.waiting = slices.Insert(w.waiting, at, waiter{turn, priority})
	w.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.IndexFunc(w.waiting, func(x waiter) bool { return x.turn == turn }); i >= 0 {
		w.waiting = slices.Delete(w.waiting, i, i+1)
	} else { // it was its turn at the same moment
		w.asked--
		w.next()
	}
	return ctx.Err()
}

// next lets in who waits, as far as there is room.
func (w *window) next() {
	for w.asked < w.limit && len(w.waiting) > 0 {
		close(w.waiting[0].turn)
		w.waiting = w.waiting[1:]
		w.asked++
	}
}

// leave gives the place back; nothing is learnt of how long it took.
func (w *window) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked--
	w.next()
}

// answered gives the place back after an answer to a question of that time.
func (w *window) answered(begun time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	took := max(now.Sub(begun), time.Microsecond)
	if w.each == 0 {
		w.each = took
	}
	w.each += (took - w.each) / 8
	if w.asked >= w.limit && !begun.Before(w.since) {
		w.n++
		w.sum += took
		if w.n >= max(4, 2*w.limit) {
			w.learn(now)
		}
	}
	w.asked--
	w.next()
}

// refused gives the place back after the engine had too much to do, and makes the window
// smaller. It tells whether others of ours were under way, so that another try may do.
func (w *window) refused() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	others := w.asked > 1
	w.size = max(min(w.limit, w.asked)/2, 1)
	w.rate, w.idle, w.shrink = 0, -holds, false
	w.try(w.size, time.Now())
	w.asked--
	w.next()
	return others
}

// learn draws the conclusion of an epoch.
func (w *window) learn(now time.Time) {
	rate := float64(w.limit) * float64(w.n) / w.sum.Seconds()
	switch {
	case w.rate == 0:
		w.rate = rate
	case w.limit == w.size: // no trial
		w.rate += (rate - w.rate) / 4
		w.idle++
	case w.limit > w.size && rate >= w.rate*(1+float64(w.limit-w.size)/float64(w.size)/3),
		w.limit < w.size && rate >= w.rate*0.95:
		w.size, w.rate = w.limit, rate
	default:
		w.idle, w.shrink = 1, w.limit > w.size
		w.try(w.size, now)
		return
	}
	switch {
	case w.idle%holds != 0: // wait
		w.try(w.size, now)
	case w.shrink && w.size > 1:
		w.try(w.size-max(1, w.size/3), now)
	default:
		w.try(min(w.size+max(1, w.size/2), maxWindow), now)
	}
}

// try begins an epoch with a limit.
func (w *window) try(limit int, now time.Time) {
	w.limit, w.since, w.n, w.sum = limit, now, 0, 0
}

// forget drops what is known of an engine that does not answer.
func (w *window) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.size, w.each = firstWindow, 0
	w.rate, w.idle, w.shrink = 0, 0, false
	w.try(w.size, time.Now())
}

// An engine of which no answer is known is tried first, as far as its window goes. What would only
// wait there goes to another one: it may take long to begin, or hang.
const (
	promising = time.Microsecond
	doubtful  = time.Hour
)

// load is how long a question more would take to be answered, as far as can be told.
func (w *window) load() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, each := w.asked+len(w.waiting)+1, w.each
	switch {
	case each > 0:
	case n > w.limit:
		each = doubtful
	default:
		each = promising
	}
	return time.Duration(n) * each / time.Duration(w.limit)
}

func (w *window) now() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.limit
}
