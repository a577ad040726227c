// Package bind carries core state onto the screen's thread, and a widget to its canvas.
//
// It is the only package that knows there is such a thread and a running app. Core
// never does; screens are called on that thread and start nothing.
package bind

import (
	"context"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/event"
)

// Post runs f on the screen's thread, soon: [Screen] in the program, a [Queue]
// in a test. It may be called from any goroutine and returns at once.
type Post func(f func())

// Screen posts to the real window.
func Screen(f func()) { fyne.Do(f) }

// Table keeps a screen's table like the feed's until ctx ends: show is called on
// the screen's thread with a copy of all rows, at most once in every. A screen
// that is busy is sent nothing more until it is done.
func Table[K comparable, V any](
	ctx context.Context, post Post, f *event.Feed[K, V], every time.Duration, show func(map[K]V),
) error {
	return f.Watch(ctx, func([]event.Change[K, V]) error {
		all := f.All()
		done := make(chan struct{})
		post(func() {
			defer close(done)
			if ctx.Err() == nil { // the screen may be gone by now
				show(all)
			}
		})
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
		return rest(ctx, every)
	})
}

func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Queue is a screen's thread for tests: Post puts into it, the test runs it.
type Queue chan func()

// Post puts f at the end of the queue.
func (q Queue) Post(f func()) { q <- f }

// RunUntil runs what was posted, on this goroutine, until ok says so.
func (q Queue) RunUntil(ctx context.Context, ok func() bool) error {
	for !ok() {
		select {
		case f := <-q:
			f()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
