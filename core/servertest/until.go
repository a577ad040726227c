package servertest

import (
	"testing"
	"time"
)

// Until waits until ok says yes; where it never does, the test fails with what say returns. That
// is after ten minutes: what a test waits for takes long where the machine is slow or has other
// work, and the test is about something else. It is in any case before go test ends all tests and
// says nothing of this one.
func Until(t *testing.T, ok func() bool, say func() string) {
	t.Helper()
	limit := 10 * time.Minute
	if end, has := t.Deadline(); has {
		left := time.Until(end)
		limit = min(limit, max(left-2*time.Minute, left/2))
	}
	end := time.NewTimer(limit)
	defer end.Stop()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-end.C:
			t.Fatal("never: " + say())
		case <-again.C:
		}
	}
}

// Succeeds waits as [Until] does, for ok to return no error.
func Succeeds(t *testing.T, ok func() error) {
	t.Helper()
	var err error
	Until(t, func() bool { err = ok(); return err == nil }, func() string { return err.Error() })
}
