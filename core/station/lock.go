package station

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"coverslip.dev/coverslip/core/fault"
)

// lock makes sure that one program works on a workspace at a time. The kernel lets go
// of it when the program ends, however it ends.
func lock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close() // the first error tells more
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fault.New(fault.Busy, "Coverslip is at work on this workspace already.",
				"Use the window that is open, or close it first.", err)
		}
		return nil, err
	}
	return f, nil
}
