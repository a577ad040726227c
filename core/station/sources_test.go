package station

import (
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// TestAFolderThatDoesNotAnswer is told of after a moment, and at once while the same call hangs;
// others are heard meanwhile, and so is it when it is back.
func TestAFolderThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sources
		back := make(chan struct{})
		looks := 0
		dead := func() error {
			return s.ask(t.Context(), "/dead", fault.Offline, func() { looks++; <-back })
		}
		begun := time.Now()
		for range 3 {
			if err := dead(); fault.KindOf(err) != fault.Offline {
				t.Errorf("a dead share: %v", err)
			}
		}
		if err := s.ask(t.Context(), "/live", fault.Offline, func() {}); err != nil {
			t.Errorf("another: %v", err)
		}
		if looks != 1 || time.Since(begun) != unheard {
			t.Errorf("looked %d times in %v", looks, time.Since(begun))
		}
		close(back)
		synctest.Wait()
		if err := dead(); err != nil || looks != 2 {
			t.Errorf("when it is back: %v, looked %d times", err, looks)
		}
	})
}
