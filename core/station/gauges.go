package station

import (
	"context"
	"math"
	"slices"
	"sync"
	"time"

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
	mu   sync.Mutex // guards all below
	late map[string][]time.Duration
	last map[string]reading
	past map[string][]Moment
}

// reading is what an engine told, and when.
type reading struct {
	infer.Load
	at time.Time
}

// remembered is how many latencies the usual one is of, and few how many that takes.
const remembered, few = 60, 5

// moments is how many checks the course of a server goes back: ten minutes.
const moments = 120

// read adds to s how busy the engine is, as far as it tells, and what is usual.
func (g *gauges) read(ctx context.Context, r remoteEngine, s *Server) {
	if en, ok := r.Engine.(infer.Gauge); ok {
		if l, err := en.Busy(ctx); err == nil {
			s.Load = &l
		}
	}
	if en, ok := r.Engine.(*counted); ok {
		s.Mine = int(en.now.Load())
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.late == nil {
		g.late, g.last, g.past = map[string][]time.Duration{}, map[string]reading{}, map[string][]Moment{}
	}
	late := g.late[r.address]
	if len(late) >= few {
		sorted := slices.Sorted(slices.Values(late))
		s.Usual = sorted[len(sorted)/2]
	}
	g.late[r.address] = append(late[max(0, len(late)-remembered+1):], s.Latency)
	if s.Load == nil {
		return
	}
	was, before := g.last[r.address]
	now := reading{*s.Load, s.Checked}
	g.last[r.address] = now
	if !before {
		was = now // counters tell by how they grow
	}
	m := now.since(was)
	if m.Answered > 0 {
		s.Left = time.Duration(m.Waiting / m.Answered * float64(time.Second))
	}
	g.note(r.address, m)
	s.Past = g.past[r.address]
}

// lost notes that an engine did not answer, and returns its course.
func (g *gauges) lost(address string, at time.Time) []Moment {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.past[address]) == 0 {
		return nil // it has never told anything
	}
	nan := math.NaN()
	g.note(address, Moment{At: at, Answered: nan, Failed: nan, Each: nan, Queued: nan, Waiting: nan, CPU: nan, GPU: nan})
	delete(g.last, address) // it may come back with counters that begin anew
	return g.past[address]
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
