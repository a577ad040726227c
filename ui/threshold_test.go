package ui

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
)

// TestOnlyTheLastMove: a move ends the one before, and those that never began are left out.
func TestOnlyTheLastMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := moves{work: newWork(func(f func()) { f() }, slog.New(slog.DiscardHandler))}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- m.run(ctx) }()
		var began, done []int
		move := func(i int, wait bool) {
			m.do(func(ctx context.Context) error {
				began = append(began, i)
				if wait {
					<-ctx.Done()
					return nil
				}
				done = append(done, i)
				return nil
			})
		}
		move(1, true)
		synctest.Wait()
		move(2, false)
		move(3, false)
		move(4, false)
		synctest.Wait()
		if len(began) < 2 || began[0] != 1 || !slices.Contains(done, 4) || slices.Index(done, 4) != len(done)-1 {
			t.Errorf("began %v, done %v", began, done)
		}
		stop()
		<-ended
	})
}
