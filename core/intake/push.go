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
	lookAgain    = 100 * time.Millisecond
)

// due is when to begin again while captures still come.
func (w *last) due() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended.Add(min(max(restFactor*w.ended.Sub(w.begun), shortestRest), longestRest))
}

// push returns the stage that brings out what the stage after has committed.
func (l line) push(after string) func(context.Context, flow.Item, *job.Progress) (any, error) {
	return func(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
		places := l.vault.Places()
		if l.pushed.covers(it.Passes[after].At, places) {
			return Pushed{places}, nil
		}
		l.gather(ctx, p, l.pushed.due(), "capture", "version")
		begun := time.Now()
		places, err := l.vault.Push(ctx, p)
		if err == nil {
			l.pushed.note(begun, time.Now(), places)
		}
		return Pushed{places}, err
	}
}

// gather waits until due while captures are at one of the stages: they are better taken on
// together.
func (l line) gather(ctx context.Context, p *job.Progress, due time.Time, stages ...string) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	for time.Now().Before(due) && l.coming(stages) {
		p.Step("waiting for more")
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// coming reports whether captures are at one of the stages, or soon will be.
func (l line) coming(stages []string) bool {
	for _, it := range l.items() {
		if it.Line != LineName {
			continue
		}
		for _, s := range stages {
			p := it.Passes[s]
			ready := s == "capture" || it.Behind("capture")
			if p.State == flow.Running || p.State == flow.Waiting && p.Next.IsZero() && ready {
				return true
			}
		}
	}
	return false
}
