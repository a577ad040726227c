package dataset

import (
	"time"

	"golang.org/x/sys/unix"
)

// machineStart is when the machine was started; the zero time if it does not tell.
func machineStart() time.Time {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return time.Time{}
	}
	return time.Now().Add(-time.Duration(now.Nano()))
}
