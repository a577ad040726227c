package station

import (
	"context"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/infer"
)

// told is an engine that tells what it is told to.
type told struct {
	infer.Engine
	load *infer.Load
}

func (t told) Busy(context.Context) (infer.Load, error) { return *t.load, nil }

func TestGauges(t *testing.T) {
	var g gauges
	en := told{load: &infer.Load{Answered: 100, Spent: time.Minute}}
	check := func(latency time.Duration) Server {
		s := Server{Latency: latency}
		g.read(t.Context(), remoteEngine{address: "a", Engine: en}, &s)
		return s
	}
	for range 4 {
		if s := check(30 * time.Millisecond); s.Usual != 0 || s.Each != 0 {
			t.Errorf("of few: %+v", s)
		}
	}
	check(40 * time.Millisecond)
	en.load.Answered, en.load.Spent, en.load.Waiting = 110, time.Minute+time.Second, 3
	if s := check(900 * time.Millisecond); s.Usual != 30*time.Millisecond || s.Each != 100*time.Millisecond || s.Load.Waiting != 3 {
		t.Errorf("of some: %+v", s)
	}
	en.load.Answered, en.load.Spent = 2, time.Second // it was started again
	if s := check(30 * time.Millisecond); s.Each != 0 {
		t.Errorf("after a restart a request takes %v", s.Each)
	}
	for range 200 {
		check(50 * time.Millisecond)
	}
	if s := check(0); s.Usual != 50*time.Millisecond || len(g.late["a"]) != remembered {
		t.Errorf("of many: %v of %d", s.Usual, len(g.late["a"]))
	}
}
