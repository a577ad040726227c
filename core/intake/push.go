package intake

import (
	"context"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/job"
)

// pushed remembers the last push: it brought everything that was committed before it began.
type pushed struct {
	mu     sync.Mutex // guards below
	begun  time.Time
	places []string
}

// covers reports whether the last push brought what was committed at that time to places.
func (p *pushed) covers(committed time.Time, places []string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !committed.IsZero() && committed.Before(p.begun) && slices.Equal(places, p.places)
}

func (p *pushed) note(begun time.Time, places []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun, p.places = begun, places
}

// push returns the stage that brings out what the stage after has committed.
func (l line) push(after string) func(context.Context, flow.Item, *job.Progress) (any, error) {
	return func(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
		if places := l.vault.Places(); l.pushed.covers(it.Passes[after].At, places) {
			return Pushed{places}, nil
		}
		begun := time.Now()
		places, err := l.vault.Push(ctx, p)
		if err == nil {
			l.pushed.note(begun, places)
		}
		return Pushed{places}, err
	}
}
