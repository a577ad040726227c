package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
)

// How long to wait for another program to finish: as long as DVC itself waits.
const (
	lockWait = 3 * time.Second
	lockStep = 50 * time.Millisecond
)

// lock takes .dvc/tmp/lock as DVC does (flock, and the process's id as content), so that
// a dvc command and this program never write at once. It waits 3 s, then is Busy; for other
// work of this Repository, which may take longer, it waits as long as that takes.
func (r *Repository) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r.turn <- struct{}{}:
	}
	free, err := r.lockNamed(ctx, "lock")
	if err != nil {
		<-r.turn
		return nil, err
	}
	return sync.OnceFunc(func() { free(); <-r.turn }), nil
}

// lockNamed takes a lock of .dvc/tmp by its file's name.
func (r *Repository) lockNamed(ctx context.Context, name string) (unlock func(), err error) {
	if err := os.MkdirAll(r.tmp(), 0o755); err != nil { //nolint:gosec // DVC makes it so
		return nil, fmt.Errorf("lock dataset: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(r.tmp(), name), os.O_RDWR|os.O_CREATE, 0o644) //nolint:gosec // DVC makes it so
	if err != nil {
		return nil, fmt.Errorf("lock dataset: %w", err)
	}
	end := time.NewTimer(lockWait)
	defer end.Stop()
	step := time.NewTicker(lockStep)
	defer step.Stop()
	for {
		free, err := disk.TryLock(f)
		if err != nil {
			return nil, fmt.Errorf("lock dataset: %w", errors.Join(err, f.Close()))
		}
		if free {
			break
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(ctx.Err(), f.Close())
		case <-end.C:
			return nil, fault.New(fault.Busy, "Another program is working on this dataset.",
				"It goes on by itself once a running dvc command has ended.", f.Close())
		case <-step.C:
		}
	}
	if f.Truncate(0) == nil {
		_, _ = fmt.Fprintf(f, " %d\n", os.Getpid()) // for people only
	}
	return func() { _ = f.Close() }, nil // closing unlocks
}
