package station

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/intake"
)

// sources asks whether the folders that captures come from answer. A call to a dead share hangs,
// and nothing can end it: it is left to itself, and while it hangs no other is made.
type sources struct {
	mu     sync.Mutex          // guards below
	asking map[string]question // by folder
}

type question struct {
	since time.Time
	done  chan struct{}
}

// unheard is how long a folder may take to answer before its captures wait.
const unheard = 10 * time.Second

// ask returns when look at a folder has returned, with a fault of that kind where it does not.
func (s *sources) ask(ctx context.Context, folder string, kind fault.Kind, look func()) error {
	q := s.question(folder, look)
	short, stop := context.WithDeadline(ctx, q.since.Add(unheard))
	defer stop()
	select {
	case <-q.done:
		return nil
	case <-short.Done():
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fault.New(kind, "The folder “"+folder+"” does not answer.", "Check the network; the capture goes on by itself.", nil)
	}
}

// question is the one that is asked of a folder already, or a new one.
func (s *sources) question(folder string, look func()) question {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q, ok := s.asking[folder]; ok {
		return q
	}
	if s.asking == nil {
		s.asking = map[string]question{}
	}
	q := question{time.Now(), make(chan struct{})}
	s.asking[folder] = q
	go func() { // not waited for: see above
		look()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.asking, folder)
		close(q.done)
	}()
	return q
}

// answering are the captures, from the first on, whose folders answer. Where the first one's does
// not, many are tried again together, and one by itself holds up no other's.
func (v vault) answering(ctx context.Context, all []intake.Capture) ([]intake.Capture, error) {
	kind := fault.Offline
	if len(all) == 1 {
		kind = fault.Busy
	}
	heard := map[string]bool{}
	for i, c := range all {
		folder := filepath.Dir(c.Path)
		if f, ok := v.file.Settings().FolderOf(c.Path); ok {
			folder = f.Path
		}
		if heard[folder] {
			continue
		}
		heard[folder] = true
		err := v.sources.ask(ctx, folder, kind, func() { _, _ = os.Stat(c.Path) })
		switch {
		case err != nil && i == 0:
			return nil, err
		case err != nil:
			return all[:i], nil //nolint:nilerr // it is told when it comes first
		}
	}
	return all, nil
}
