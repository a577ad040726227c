package dataset

import (
	"time"

	"golang.org/x/sys/windows"
)

// machineStart is when the machine was started.
func machineStart() time.Time { return time.Now().Add(-windows.DurationSinceBoot()) }
