package local

import (
	"context"
	"fmt"
	"os"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
)

// How long a writer waits for another program's: longer than it takes to write a big model.
const (
	lockWait = 30 * time.Second
	lockStep = 10 * time.Millisecond
)

// writing runs do while no one else writes, in this program or another.
func (s *Store) writing(ctx context.Context, do func() error) error {
	end := time.NewTimer(lockWait)
	defer end.Stop()
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	case <-end.C:
		return busy()
	}
	defer func() { <-s.turn }()
	f, err := os.OpenFile(s.path("lock"), os.O_RDWR|os.O_CREATE, 0o644) //nolint:gosec // a lab shares it
	if err != nil {
		return fmt.Errorf("lock registry: %w", err)
	}
	defer f.Close() //nolint:errcheck // nothing was written; closing unlocks
	step := time.NewTicker(lockStep)
	defer step.Stop()
	for {
		free, err := disk.TryLock(f)
		if err != nil {
			return fmt.Errorf("lock registry: %w", err)
		}
		if free {
			return s.sweepAnd(ctx, do)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end.C:
			return busy()
		case <-step.C:
		}
	}
}

func busy() error {
	return fault.New(fault.Busy, "Another program is writing to the models of this workspace.",
		"It goes on by itself once the other one has ended.", nil)
}
