package station

import (
	"context"
	"os"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
)

// lockWait is how long a program that is about to end may still hold the workspace.
const lockWait = 5 * time.Second

// lock makes sure that one program works on a workspace at a time. The kernel lets go
// of it when the program ends, however it ends.
func lock(ctx context.Context, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := await(ctx, f); err != nil {
		_ = f.Close() // the first error tells more
		return nil, err
	}
	return f, nil
}

// await takes the lock on f.
func await(ctx context.Context, f *os.File) error {
	over := time.NewTimer(lockWait)
	defer over.Stop()
	again := time.NewTicker(lockWait / 50)
	defer again.Stop()
	for {
		if free, err := disk.TryLock(f); free || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over.C:
			return fault.New(fault.Busy, "Coverslip is at work on this workspace already.",
				"Use the window that is open, or close it first.", nil)
		case <-again.C:
		}
	}
}
