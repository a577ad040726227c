package station

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton"
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
	at := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	check := func(latency time.Duration) Server {
		at = at.Add(5 * time.Second)
		s := Server{Latency: latency, Checked: at}
		g.read(t.Context(), remoteEngine{address: "a", Engine: en}, &s)
		return s
	}
	for range 4 {
		if s := check(30 * time.Millisecond); s.Usual != 0 || s.Left != 0 {
			t.Errorf("of few: %+v", s)
		}
	}
	check(40 * time.Millisecond)
	en.load.Answered, en.load.Spent, en.load.Waiting = 110, time.Minute+time.Second, 3
	en.load.Queued, en.load.Failed, en.load.CPU, en.load.GPU = 500*time.Millisecond, 1, 0.5, -1
	if s := check(900 * time.Millisecond); s.Latency != 100*time.Millisecond || s.Usual != 0 || !s.OfModels || s.Left != 1500*time.Millisecond || s.Load.Waiting != 3 {
		t.Errorf("of some: %+v", s)
	}
	past := g.past["a"]
	if m := past[5]; len(past) != 6 || m.Answered != 2 || m.Failed != 0.2 || m.Each != 0.1 || m.Queued != 0.05 || m.Waiting != 3 || m.CPU != 0.5 || !math.IsNaN(m.GPU) {
		t.Errorf("its course: %+v", past)
	}
	if !math.IsNaN(past[1].Each) || past[1].Answered != 0 {
		t.Errorf("while nobody asked: %+v", past[1])
	}
	en.load.Answered, en.load.Spent = 2, time.Second // it was started again
	if s := check(30 * time.Millisecond); s.Left != 0 {
		t.Errorf("after a restart %v are left", s.Left)
	}
	if m := g.past["a"][6]; !math.IsNaN(m.Answered) || m.Waiting != 3 {
		t.Errorf("after a restart: %+v", m)
	}
	if lost := g.lost("a", at); len(lost) != 8 || !math.IsNaN(lost[7].Waiting) || len(past) != 6 {
		t.Errorf("away: %+v", lost)
	}
	if lost := g.lost("never", at); lost != nil {
		t.Errorf("that never told: %+v", lost)
	}
	for range 200 {
		check(50 * time.Millisecond)
	}
	if s := check(0); s.Latency != 0 || s.OfModels || s.Usual != 50*time.Millisecond || len(g.ready["a"].fine) > remembered || len(s.Past) != moments {
		t.Errorf("of many: %+v", s)
	}
}

// TestGaugesOfAWatched: where another reads the server, and less often than it is asked, what it did
// between two readings is shown until the next.
func TestGaugesOfAWatched(t *testing.T) {
	var g gauges
	en := told{load: &infer.Load{Answered: 100}}
	at := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	read := at.Add(-time.Hour) // its clock is another
	var got []float64
	for i := range 9 {
		if i%3 == 0 {
			read = read.Add(15 * time.Second)
			en.load.At = read
			en.load.Answered += 30 * int64(i)
		}
		at = at.Add(5 * time.Second)
		s := Server{Checked: at}
		g.read(t.Context(), remoteEngine{address: "a", Engine: en}, &s)
		m := s.Past[i]
		if got = append(got, m.Answered); !m.At.Equal(at) {
			t.Errorf("at %v: %+v", at, m)
		}
	}
	if !slices.Equal(got[3:], []float64{6, 6, 6, 12, 12, 12}) || !math.IsNaN(got[0]+got[1]+got[2]) {
		t.Errorf("%v requests a second", got)
	}
	each := func() float64 {
		at = at.Add(5 * time.Second)
		return g.course(remoteEngine{address: "a", Engine: en}, &Server{Checked: at, Load: en.load})
	}
	if s := each(); !math.IsNaN(s) {
		t.Errorf("a reading of before tells of %g s again", s)
	}
	en.load.At, en.load.Answered, en.load.Spent = read.Add(15*time.Second), en.load.Answered+10, en.load.Spent+5*time.Second
	if s := each(); s != 0.5 {
		t.Errorf("each question took %g s", s)
	}
}

// watched is an engine that somebody has watched.
type watched struct {
	told

	was []infer.Load
}

func (w watched) Was(_ context.Context, from time.Time, every time.Duration) ([]infer.Load, error) {
	for i := range w.was {
		if !w.was[i].At.IsZero() {
			w.was[i].At = from.Add(time.Duration(i) * every)
		}
	}
	return w.was, nil
}

// TestGaugesRecall: the charts of an engine that is new here begin with what another knows of it.
func TestGaugesRecall(t *testing.T) {
	var g gauges
	at := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	en := watched{told{load: &infer.Load{Answered: 260, At: at}}, make([]infer.Load, moments)}
	for _, i := range []int{2, 3, 5, 6, moments - 3, moments - 2, moments - 1} {
		en.was[i] = infer.Load{Answered: int64(10 * i), At: at}
	}
	en.was[6].Answered = 150
	var s Server
	for i := range 2 { // it is asked once
		s = Server{Checked: at.Add(time.Duration(i) * pulse)}
		g.read(t.Context(), remoteEngine{address: "a", Engine: en}, &s)
	}
	var known []float64
	for _, m := range s.Past {
		if !math.IsNaN(m.Answered) {
			known = append(known, m.Answered)
		}
	}
	if first := s.Past[0].At; len(s.Past) != moments-2+1 || !first.Equal(at.Add(-(moments-3)*pulse)) || !slices.Equal(known, []float64{2, 20, 2}) {
		t.Errorf("%d moments from %v, with %v", len(s.Past), first, known)
	}
}

// TestASlowModelShows: behind a health call that is as quick as ever; by what the server tells or,
// of one that tells nothing, by this program's own questions.
func TestASlowModelShows(t *testing.T) {
	dialled, err := triton.Dial(t.Context(), triton.Options{Address: "grpc://127.0.0.1:1", Metrics: "http://127.0.0.1:1/"})
	if err != nil {
		t.Fatal(err)
	}
	defer dialled.Close()
	tells, silent := told{load: &infer.Load{}}, &counted{Engine: dialled}
	for name, c := range map[string]struct {
		en   infer.Engine
		load *infer.Load
	}{"told": {tells, tells.load}, "own": {silent, &silent.load}} {
		var g gauges
		at := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
		check := func(questions int64, each time.Duration) Server {
			at = at.Add(5 * time.Second)
			c.load.Answered += questions
			c.load.Spent += time.Duration(questions) * each
			s := Server{Latency: 2 * time.Millisecond, Checked: at}
			g.read(t.Context(), remoteEngine{address: "a", Engine: c.en}, &s)
			return s
		}
		for range few + 1 {
			check(0, 0)
		}
		s := check(0, 0)
		if s.OfModels || s.Latency != 2*time.Millisecond || s.Usual != 2*time.Millisecond {
			t.Errorf("%s: while nobody asks: %+v", name, s)
		}
		if is := s.Untold == "Its metrics are expected at http://127.0.0.1:1/metrics."; is != (name == "own") {
			t.Errorf("%s: says %q", name, s.Untold)
		}
		for range few + 1 {
			check(10, 100*time.Millisecond)
		}
		if s := check(10, 900*time.Millisecond); !s.OfModels || s.Latency != 900*time.Millisecond || s.Usual != 100*time.Millisecond {
			t.Errorf("%s: a slow model: %+v", name, s)
		}
		if s := check(0, 0); !s.OfModels || s.Latency != 900*time.Millisecond || s.Usual != 100*time.Millisecond {
			t.Errorf("%s: just after: %+v", name, s)
		}
		for range int(recent / (5 * time.Second)) {
			check(0, 0)
		}
		if s := check(0, 0); s.OfModels || s.Latency != 2*time.Millisecond || s.Usual != 2*time.Millisecond {
			t.Errorf("%s: when nobody asks any more: %+v", name, s)
		}
	}
}

// TestSlowIsNotSoonUsual: a server that has become slow is so beside what it was, for an hour;
// then that is what it is like.
func TestSlowIsNotSoonUsual(t *testing.T) {
	var g gauges
	at := time.Date(2026, 3, 4, 14, 0, 0, 0, time.UTC)
	check := func(took time.Duration) Server {
		at = at.Add(5 * time.Second)
		s := Server{Latency: took, Checked: at}
		g.read(t.Context(), remoteEngine{address: "a"}, &s)
		return s
	}
	for range remembered {
		check(20 * time.Millisecond)
	}
	for turned := at; at.Sub(turned) < settles; {
		if s := check(time.Second); s.Usual != 20*time.Millisecond || s.Latency != time.Second {
			t.Fatalf("after %v: %+v", at.Sub(turned), s)
		}
	}
	for range few + 1 {
		check(time.Second)
	}
	if s := check(time.Second); s.Usual != time.Second {
		t.Errorf("after an hour: %+v", s)
	}
	for range few {
		check(20 * time.Millisecond)
	}
	if s := check(100 * time.Millisecond); s.Usual == 0 {
		t.Errorf("quick again: %+v", s)
	}
}
