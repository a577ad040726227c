package bind_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/ui/bind"
)

func TestTableShowsTheLastRowsAndNotTooOften(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var f event.Feed[string, int]
		f.Put("a", 0)
		ctx, cancel := context.WithCancel(t.Context())
		q := make(bind.Queue)
		shown, calls := map[string]int{}, 0
		done := make(chan error)
		go func() {
			done <- bind.Table(ctx, q.Post, &f, time.Second, func(m map[string]int) { shown = m; calls++ })
		}()
		if err := q.RunUntil(ctx, func() bool { return calls == 1 }); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		for i := range 500 {
			f.Put("a", i)
		}
		if err := q.RunUntil(ctx, func() bool { return calls == 2 }); err != nil {
			t.Fatal(err)
		}
		if shown["a"] != 499 {
			t.Errorf("the screen shows %v", shown)
		}
		if d := time.Since(start); d < time.Second {
			t.Errorf("the second picture came after %s", d)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}
