package session

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"

	"coverslip.dev/coverslip/core/fault"
)

// told makes a fault of SQLite's errors that a person can do something about.
func told(err error) error {
	if err == nil {
		return nil
	}
	e, _ := errors.AsType[sqlite3.Error](err)
	err = fmt.Errorf("session: %w", err)
	switch {
	case e.Code == sqlite3.ErrFull, e.SystemErrno == syscall.ENOSPC, e.SystemErrno == syscall.EDQUOT:
		return fault.New(fault.Full, "The disk is full.", "Free some room; the work goes on by itself.", err)
	case e.Code == sqlite3.ErrBusy, e.Code == sqlite3.ErrLocked:
		return fault.New(fault.Busy, "Another program holds the session store.", "Close it; the work goes on by itself.", err)
	case e.Code == sqlite3.ErrReadonly, e.Code == sqlite3.ErrPerm, e.Code == sqlite3.ErrCantOpen, e.SystemErrno == syscall.EROFS:
		return fault.New(fault.Denied, "The session store can't be written.", "Check the workspace's permissions and its drive.", err)
	case e.Code == sqlite3.ErrCorrupt, e.Code == sqlite3.ErrNotADB:
		return fault.New(fault.Corrupt, "The session store is damaged.",
			"Move session.db away, but keep it: corrections that were not committed are in it. "+
				"Without it, files that still lie in the instruments' folders are captured again.", err)
	}
	return err
}
