package ui

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"

	"coverslip.dev/coverslip/core/imageio"
)

// page is an open image that notes when it is closed.
type page struct {
	imageio.Source
	closed bool
}

func (p *page) Close() error { p.closed = true; return nil }

// TestOnlyTheImageThatWasAskedForLastIsOpened: those before it are left out, and one that was
// being opened when it was asked for is closed and not shown.
func TestOnlyTheImageThatWasAskedForLastIsOpened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		post := func(f func()) { f() }
		log := slog.New(slog.DiscardHandler)
		w := &window{work: newWork(post, log), slow: newWork(post, log)}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 2)
		go func() { ended <- w.work.run(ctx) }()
		go func() { ended <- w.slow.run(ctx) }()
		first, more := &page{}, make(chan struct{})
		w.bring(func(context.Context) (desk, error) {
			<-more
			return desk{src: first}, nil
		})
		synctest.Wait()
		var began []int
		for i := range 3 {
			w.bring(func(context.Context) (desk, error) {
				began = append(began, i)
				return desk{}, context.Canceled // there is no screen here
			})
		}
		close(more)
		synctest.Wait()
		if !first.closed || w.desk.src != nil || len(began) != 1 || began[0] != 2 {
			t.Errorf("the first is closed: %v, shown is %v, of the others began %v", first.closed, w.desk.src, began)
		}
		stop()
		<-ended
		<-ended
	})
}
