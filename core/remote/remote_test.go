package remote_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/folder"
	"coverslip.dev/coverslip/core/remote/remotetest"
)

var errCable = fault.New(fault.Offline, "The cable is out.", "", nil)

var thrice = remote.Backoff{Tries: 3, First: time.Second, Most: 2 * time.Second}

func TestContractHoldsUnderFaults(t *testing.T) {
	t.Run("retrying", func(t *testing.T) {
		remotetest.Run(t, func(t *testing.T) remote.Remote {
			t.Helper()
			return remote.Retrying(folder.Open(t.TempDir()), remote.Backoff{Tries: 2})
		})
	})
	t.Run("every second call fails", func(t *testing.T) {
		remotetest.Run(t, func(t *testing.T) remote.Remote {
			t.Helper()
			odd := func(n int64) error {
				if n%2 == 1 {
					return errCable
				}
				return nil
			}
			f := &remote.Faulty{Remote: folder.Open(t.TempDir()), Fail: odd}
			return remote.Retrying(f, remote.Backoff{Tries: 12}) // eight callers share the count
		})
	})
}

func TestRetryingWaitsAndGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &remote.Faulty{Remote: folder.Open(t.TempDir()), Fail: remote.FailFrom(1, errCable)}
		start := time.Now()
		_, err := remote.Retrying(f, thrice).Stat(t.Context(), "a")
		took := time.Since(start)
		if fault.KindOf(err) != fault.Offline || f.Calls() != 3 {
			t.Errorf("%v after %d calls", err, f.Calls())
		}
		if took < 2250*time.Millisecond || took > 3*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestRetryingLeavesOtherFaultsAlone(t *testing.T) {
	f := &remote.Faulty{Remote: folder.Open(t.TempDir()), Fail: remote.FailAt(9, nil)}
	if _, err := remote.Retrying(f, thrice).Stat(t.Context(), "a"); fault.KindOf(err) != fault.NotFound || f.Calls() != 1 {
		t.Errorf("%v after %d calls", err, f.Calls())
	}
}

func TestRetryingStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, nil)
		defer cancel()
		f := &remote.Faulty{Remote: folder.Open(t.TempDir()), Fail: remote.FailFrom(1, errCable)}
		start := time.Now()
		if err := remote.Retrying(f, thrice).Put(ctx, "a", strings.NewReader("x"), 1); err == nil {
			t.Error("no error")
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestOpenGoesOnWhereItBroke(t *testing.T) {
	dir := folder.Open(t.TempDir())
	text := strings.Repeat("0123456789", 1000)
	if err := dir.Put(t.Context(), "a", strings.NewReader(text), int64(len(text))); err != nil {
		t.Fatal(err)
	}
	f := &remote.Faulty{Remote: dir, Fail: remote.FailAt(1, errCable)}
	rc, err := remote.Retrying(f, remote.Backoff{Tries: 2}).Open(t.Context(), "a", 7)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(rc)
	if err != nil || string(b) != text[7:] || f.Calls() != 2 {
		t.Errorf("%d bytes, %v, %d calls", len(b), err, f.Calls())
	}
	if err := rc.Close(); err != nil {
		t.Error(err)
	}
}

func TestFaultyPutLeavesNothing(t *testing.T) {
	dir := folder.Open(t.TempDir())
	f := &remote.Faulty{Remote: dir, Fail: remote.FailAt(1, errCable)}
	if err := f.Put(t.Context(), "a", strings.NewReader("hello"), 5); fault.KindOf(err) != fault.Offline {
		t.Error(err)
	}
	if _, err := dir.Stat(t.Context(), "a"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a half is there: %v", err)
	}
}
