package event_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"coverslip.dev/coverslip/core/event"
)

func TestWatchSnapshotThenChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f event.Feed[string, int]
		f.Put("a", 1)
		ctx, cancel := context.WithCancel(t.Context())
		got := map[string]int{}
		done := make(chan error)
		go func() {
			done <- f.Watch(ctx, func(cs []event.Change[string, int]) error {
				for _, c := range cs {
					if c.Gone {
						delete(got, c.Key)
					} else {
						got[c.Key] = c.Value
					}
				}
				return nil
			})
		}()
		synctest.Wait()
		if got["a"] != 1 {
			t.Errorf("snapshot: %v", got)
		}
		for i := range 1000 {
			f.Put("b", i)
		}
		f.Drop("a")
		synctest.Wait()
		if len(got) != 1 || got["b"] != 999 {
			t.Errorf("after changes: %v", got)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("watch ended with %v", err)
		}
	})
}
