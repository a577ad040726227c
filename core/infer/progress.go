package infer

import "sync/atomic"

// Progress is told how far the work is. A *job.Progress is one. Before anything is done it is told how much is
// to be done, as far as that can be known, so that it does not go back.
type Progress interface {
	Add(n int64)
	Grow(n int64)
	Step(s string)
}

// silent is for who does not look.
type silent struct{}

func (silent) Add(int64)   {}
func (silent) Grow(int64)  {}
func (silent) Step(string) {}

// besides is work that nobody could know of: it is told when it is done.
type besides struct{ Progress }

func (b besides) Grow(int64) {}

func (b besides) Add(n int64) {
	b.Progress.Grow(n)
	b.Progress.Add(n)
}

// readings is how many tiles that are only read are as much work as a block that a network is asked about, about:
// where networks are slow far more, where they are quick less.
const readings = 8

// light counts tiles that are only read.
type light struct {
	Progress

	n atomic.Int64
}

func (l *light) Add(n int64) {
	now := l.n.Add(n)
	l.Progress.Add(now/readings - (now-n)/readings)
}

// blocks is how many a first look at an area asks about.
func (d *detection) blocks(q *question, at around) (int64, error) {
	whole, p, err := d.planned(q, at)
	if err != nil {
		return 0, err
	}
	cells := whole.cells(p)
	if len(cells) < 2 {
		return int64(p.blocks()), nil
	}
	n := 0
	for _, cell := range cells {
		_, p, err := whole.planned(q, cell)
		if err != nil {
			return 0, err
		}
		n += p.blocks()
	}
	return int64(n), nil
}

// planned is a detection as it looks at an area first, and the plan of that.
func (d *detection) planned(q *question, at around) (*detection, *plan, error) {
	c := *d
	c.part = c.grown(at.area, at.least).Intersect(at.limits)
	turned, err := c.question(q.engine, q.spec)
	if err != nil {
		return nil, nil, err
	}
	return &c, turned.plan, nil
}
