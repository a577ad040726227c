package station

import (
	"context"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/infer"
)

// gauges remember how engines were at the checks before. The zero value is ready.
type gauges struct {
	mu   sync.Mutex // guards all below
	late map[string][]time.Duration
	last map[string]infer.Load
}

// remembered is how many latencies the usual one is of, and few how many that takes.
const remembered, few = 60, 5

// read adds to s how busy the engine is, as far as it tells, and what is usual.
func (g *gauges) read(ctx context.Context, r remoteEngine, s *Server) {
	if en, ok := r.Engine.(infer.Gauge); ok {
		if l, err := en.Busy(ctx); err == nil {
			s.Load = &l
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.late == nil {
		g.late, g.last = map[string][]time.Duration{}, map[string]infer.Load{}
	}
	before := g.late[r.address]
	if len(before) >= few {
		sorted := slices.Sorted(slices.Values(before))
		s.Usual = sorted[len(sorted)/2]
	}
	g.late[r.address] = append(before[max(0, len(before)-remembered+1):], s.Latency)
	if s.Load == nil {
		return
	}
	was, known := g.last[r.address]
	if n := s.Load.Answered - was.Answered; known && n > 0 && s.Load.Spent > was.Spent {
		s.Each = (s.Load.Spent - was.Spent) / time.Duration(n)
	}
	g.last[r.address] = *s.Load
}
