package intake

import (
	"context"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/job"
)

// last remembers the last time that captures were committed or pushed.
type last struct {
	mu           sync.Mutex // guards below
	begun, ended time.Time
	places       []string // of a push
}

func (w *last) note(begun, ended time.Time, places []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun, w.ended, w.places = begun, ended, places
}

// covers reports whether the last push brought to places what was committed at that time:
// it brings all that is there when it begins.
func (w *last) covers(committed time.Time, places []string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !committed.IsZero() && committed.Before(w.begun) && slices.Equal(places, w.places)
}

// How long committing and pushing rest while captures still come. A push looks through all
// of the dataset: one for each commit of a burst would take most of the time.
const (
	shortestRest = time.Second
	restFactor   = 4 // of what it took last
	longestRest  = 5 * time.Minute
)

// due is when to begin again while captures still come.
func (w *last) due() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended.Add(min(max(restFactor*w.ended.Sub(w.begun), shortestRest), longestRest))
}

// push is the stage that brings out what the stage after has committed.
func (l line) push(after string) *flow.Batch {
	return &flow.Batch{Most: manyPushed, Rest: l.pushed.due, Run: func(ctx context.Context, all []flow.Item, p *job.Progress) ([]any, error) {
		places := l.vault.Places()
		if n := l.covered(all, after, places); n > 0 {
			return slices.Repeat([]any{Pushed{places}}, n), nil
		}
		begun := time.Now()
		places, err := l.vault.Push(ctx, p)
		if err != nil {
			return nil, err
		}
		l.pushed.note(begun, time.Now(), places)
		return slices.Repeat([]any{Pushed{places}}, len(all)), nil
	}}
}

// covered is how many of the items, from the first on, the last push has brought out.
func (l line) covered(all []flow.Item, after string, places []string) int {
	for i, it := range all {
		if !l.pushed.covers(it.Passes[after].At, places) {
			return i
		}
	}
	return len(all)
}
