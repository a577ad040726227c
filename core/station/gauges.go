package station

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// Moment is how a server did between two checks. What nobody knows is NaN: all of a server
// that did not answer, and the times where nothing was asked.
type Moment struct {
	At       time.Time
	Answered float64 // requests a second
	Failed   float64 // requests a second
	Each     float64 // seconds that a request took, on average
	Queued   float64 // of those, seconds in the server's queue
	Waiting  float64 // requests that wait now, anybody's
	CPU, GPU float64 // 0…1
}

// gauges remember how engines were at the checks before. The zero value is ready.
type gauges struct {
	mu    sync.Mutex            // guards all below
	ready map[string]*latencies // of the checks, by address
	asked map[string]*latencies // of questions to models
	own   map[string]reading    // this program's questions
	last  map[string]reading
	past  map[string][]Moment
}

// latencies are those at the last checks that had any. Slow ones do not become usual by that they
// last, but for so long that nobody remembers anything else.
type latencies struct {
	fine  []time.Duration // and not slow, the oldest first
	last  time.Duration
	at    time.Time     // of the last
	usual time.Duration // the median of those before the last that were fine; 0 while there are few
	slow  time.Time     // since when all were; zero: the last was not
}

func (l *latencies) add(d time.Duration, at time.Time) {
	l.usual = 0
	if len(l.fine) >= few {
		sorted := slices.Sorted(slices.Values(l.fine))
		l.usual = sorted[len(sorted)/2]
	}
	l.last, l.at = d, at
	switch {
	case l.usual == 0 || d <= max(slowFrom*l.usual, unnoticed):
		l.slow = time.Time{}
	case l.slow.IsZero():
		l.slow = at
		return
	case at.Sub(l.slow) < settles:
		return
	default: // it is another server by now
		l.fine, l.slow = nil, time.Time{}
	}
	l.fine = append(l.fine[max(0, len(l.fine)-remembered+1):], d)
}

// reading is what an engine told, and when.
type reading struct {
	infer.Load
	at time.Time
}

// remembered is how many latencies the usual one is of, and few how many that takes. What is slow
// takes slowFrom times the usual and more than nobody notices, as the Servers screen has it, and
// becomes usual after settles. Those of questions to models count for so long after the last
// question.
const (
	remembered, few = 60, 5
	slowFrom        = 3
	unnoticed       = 200 * time.Millisecond
	settles         = time.Hour
	recent          = time.Minute
)

// Engines are checked every pulse; the course of one goes back so many moments, ten minutes.
const (
	pulse   = 5 * time.Second
	moments = 120
)

// read adds to s how busy the engine is, as far as it tells, and what is usual.
func (g *gauges) read(ctx context.Context, r remoteEngine, s *Server) {
	if en, ok := r.Engine.(infer.Gauge); ok {
		if l, err := en.Busy(ctx); err == nil {
			s.Load = &l
		} else {
			_, s.Untold = fault.Explain(err)
		}
	}
	g.mu.Lock()
	if g.ready == nil {
		g.ready, g.asked, g.own = map[string]*latencies{}, map[string]*latencies{}, map[string]reading{}
		g.last, g.past = map[string]reading{}, map[string][]Moment{}
	}
	g.mu.Unlock()
	if s.Load != nil {
		g.recall(ctx, r, s.Checked)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	each := g.course(r, s)
	if en, ok := r.Engine.(*counted); ok {
		s.Mine = int(en.now.Load())
		mine := reading{en.mine(), s.Checked}
		if m := mine.since(g.own[r.address]); s.Load == nil {
			each = m.Each
		}
		g.own[r.address] = mine
	}
	g.latency(r.address, each, s)
}

// latency notes how long the check took, and each question to a model, if that is known, and
// has s tell of the latter: a model may be slow on a server that says at once that it is there.
func (g *gauges) latency(address string, each float64, s *Server) {
	if g.ready[address] == nil {
		g.ready[address], g.asked[address] = &latencies{}, &latencies{}
	}
	ready, asked := g.ready[address], g.asked[address]
	ready.add(s.Latency, s.Checked)
	if !math.IsNaN(each) {
		asked.add(time.Duration(each*float64(time.Second)), s.Checked)
	}
	if s.OfModels = s.Checked.Sub(asked.at) < recent; s.OfModels {
		s.Latency, s.Usual = asked.last, asked.usual
	} else {
		s.Usual = ready.usual
	}
}

// course notes what the engine tells, and returns how many seconds each question took since the
// check before; NaN if none is known, or who watches it has not looked again.
func (g *gauges) course(r remoteEngine, s *Server) (each float64) {
	if s.Load == nil {
		return math.NaN()
	}
	was := g.last[r.address]
	m := g.step(r.address, *s.Load, s.Checked)
	if m.Answered > 0 {
		s.Left = time.Duration(m.Waiting / m.Answered * float64(time.Second))
	}
	s.Past = g.past[r.address]
	if at := s.Load.At; !at.IsZero() && at.Equal(was.at) {
		return math.NaN()
	}
	return m.Each
}

// step notes what an engine told at a time, and how it did since it told that before.
func (g *gauges) step(address string, l infer.Load, at time.Time) Moment {
	was, before := g.last[address]
	now := reading{l, at}
	if !l.At.IsZero() {
		now.at = l.At
	}
	g.last[address] = now
	if !before {
		was = now // counters tell by how they grow
	}
	m := now.since(was)
	if past := g.past[address]; before && now.at.Equal(was.at) {
		m = past[len(past)-1] // who watches the engine has not looked again
	}
	m.At = at
	g.note(address, m)
	return m
}

// recall fills the course of an engine that is new here, if somebody has watched it.
func (g *gauges) recall(ctx context.Context, r remoteEngine, now time.Time) {
	en, ok := r.Engine.(infer.Recorder)
	g.mu.Lock()
	ok = ok && len(g.past[r.address]) == 0
	g.mu.Unlock()
	if !ok {
		return
	}
	from := now.Add(-(moments - 1) * pulse)
	was, err := en.Was(ctx, from, pulse)
	if err != nil {
		return // then it begins now
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, l := range was[:max(0, len(was)-1)] { // the last is now
		if at := from.Add(time.Duration(i) * pulse); l.At.IsZero() {
			g.gap(r.address, at)
		} else {
			g.step(r.address, l, at)
		}
	}
}

// lost notes that an engine did not answer, and returns its course.
func (g *gauges) lost(address string, at time.Time) []Moment {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.gap(address, at)
	return g.past[address]
}

// gap notes that nobody knows of a time.
func (g *gauges) gap(address string, at time.Time) {
	if len(g.past[address]) == 0 {
		return // it has never told anything
	}
	nan := math.NaN()
	g.note(address, Moment{At: at, Answered: nan, Failed: nan, Each: nan, Queued: nan, Waiting: nan, CPU: nan, GPU: nan})
	delete(g.last, address) // it may come back with counters that begin anew
}

// note appends to a copy: the course that was shown before stays as it is.
func (g *gauges) note(address string, m Moment) {
	past := g.past[address]
	g.past[address] = append(slices.Clone(past[max(0, len(past)-moments+1):]), m)
}

// since is what happened from an earlier reading to this one. Counters that went back, as
// those of a model that left the server do, tell nothing.
func (r reading) since(was reading) Moment {
	nan := math.NaN()
	m := Moment{
		At: r.at, Answered: nan, Failed: nan, Each: nan, Queued: nan,
		Waiting: float64(r.Waiting), CPU: known(r.CPU), GPU: known(r.GPU),
	}
	took := r.at.Sub(was.at).Seconds()
	answered, failed := r.Answered-was.Answered, r.Failed-was.Failed
	spent, queued := r.Spent-was.Spent, r.Queued-was.Queued
	if took <= 0 || min(answered, failed, int64(spent), int64(queued)) < 0 {
		return m
	}
	m.Answered, m.Failed = float64(answered)/took, float64(failed)/took
	if answered > 0 {
		m.Each, m.Queued = spent.Seconds()/float64(answered), queued.Seconds()/float64(answered)
	}
	return m
}

// known is NaN where nobody knows.
func known(v float64) float64 {
	if v < 0 {
		return math.NaN()
	}
	return v
}
