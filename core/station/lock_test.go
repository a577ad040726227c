package station

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/health"
)

// TestOneStationIsOpenAtATime: a second one is not opened, before it has read anything; one that is
// only asked is, and does not run.
func TestOneStationIsOpenAtATime(t *testing.T) {
	ws := t.TempDir()
	log := slog.New(slog.DiscardHandler)
	first, err := Open(t.Context(), Options{Workspace: ws, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	beside, err := Open(t.Context(), Options{Workspace: ws, Beside: true, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := beside.Run(t.Context()); err == nil {
		t.Error("it runs beside the first")
	}
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(ws, "settings.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := Open(t.Context(), Options{Workspace: ws, Log: log}); fault.KindOf(err) != fault.Busy {
			t.Errorf("the second: %v", err)
		}
	})
	if err := errors.Join(first.Close(), os.Remove(filepath.Join(ws, "settings.json"))); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), Options{Workspace: ws, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

// TestTheLockIsWaitedFor while a program that holds it is about to end.
func TestTheLockIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "lock")
		first, err := lock(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(lockWait/2, func() {
			if err := first.Close(); err != nil {
				t.Error(err)
			}
		})
		second, err := lock(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	})
}

// TestTheBoardTellsWhyAStationStops: the light is red, and says what to do.
func TestTheBoardTellsWhyAStationStops(t *testing.T) {
	ws := t.TempDir()
	s, err := Open(t.Context(), Options{Workspace: ws, Sample: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	folder := filepath.Join(ws, "instrument") // of the one that is played
	if err := errors.Join(os.RemoveAll(folder), os.WriteFile(folder, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Fatal("it went on")
	}
	if now, ok := s.Troubles().Row("station"); !ok || now.Severity != health.Stop || now.Say == "" || now.Hint == "" {
		t.Errorf("%+v", now)
	}
}
