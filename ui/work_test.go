package ui

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/annotation"
)

// TestWhatIsDecidedIsKeptWhenTheWindowCloses, whatever waits in other queues.
func TestWhatIsDecidedIsKeptWhenTheWindowCloses(t *testing.T) {
	w, _ := corrected(t)
	w.draw(square(10, 20))
	w.judge(w.desk.objects[0].ID, annotation.Accepted)
	w.step(annotation.Undo, w.station.Undo)
	ctx, shut := context.WithCancel(t.Context())
	shut()
	if err := w.decisions.run(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if got := kept(t, w); len(got) != 3 {
		t.Errorf("kept: %+v", got)
	}
}

// TestTheLastWordEnds: a disk that does not answer holds nobody for ever, and the log has it.
func TestTheLastWordEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		q := newQueues(func(func()) {}, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, shut := context.WithCancel(t.Context())
		q.decisions.do(func(ctx context.Context) error {
			shut()
			<-ctx.Done()
			return ctx.Err()
		})
		if err := q.decisions.run(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(log.String(), "asked for in vain") {
			t.Errorf("%v, logged: %s", err, log.String())
		}
	})
}

// TestWithin tells what came in time from what did not.
func TestWithin(t *testing.T) {
	done := make(chan struct{})
	if within(time.Millisecond, done) {
		t.Error("what never came, came")
	}
	close(done)
	if !within(time.Hour, done) {
		t.Error("what was there did not come")
	}
}
