package segment

import (
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

// Regions finds the connected pixels above a level, as [Components] does, or those of each
// class, as [ClassComponents] does, row by row: the image need never be in memory. Pixels that
// touch at a corner do not connect.
type Regions struct {
	joined
	level float32
	y     int32
	sum   []float64 // of the values, by run
	above int       // where those runs begin that the next one may touch
	end   int       // and where they end: where this row's begin
}

// NewRegions finds what is above a level.
func NewRegions(level float32) *Regions { return &Regions{level: level} }

// Row takes the next row; all are as long.
func (r *Regions) Row(v []float32) {
	for x := 0; x < len(v); x++ {
		if !(v[x] > r.level) {
			continue
		}
		n := run{y: r.y, from: int32(x)}
		sum := 0.0
		for ; x < len(v) && v[x] > r.level; x++ {
			sum += float64(v[x])
		}
		n.to = int32(x)
		r.add(n, sum)
	}
	r.turn()
}

// ClassRow takes the next row of an image in which each pixel has a class, 0 the background,
// and a score. Pixels of one class connect.
func (r *Regions) ClassRow(class []uint8, score []float32) {
	for x := 0; x < len(class); {
		n := run{y: r.y, from: int32(x), class: class[x]}
		sum := 0.0
		for ; x < len(class) && class[x] == n.class; x++ {
			sum += float64(score[x])
		}
		if n.to = int32(x); n.class > 0 {
			r.add(n, sum)
		}
	}
	r.turn()
}

// add takes the next run of a row.
func (r *Regions) add(n run, sum float64) {
	for r.above < r.end && r.runs[r.above].to <= n.from {
		r.above++
	}
	if n.set = r.of.join(r.runs[r.above:r.end], n, 0); n.set < 0 {
		n.set = int32(len(r.of))
		r.of = append(r.of, n.set)
	}
	r.runs, r.sum = append(r.runs, n), append(r.sum, sum)
}

// turn ends a row.
func (r *Regions) turn() {
	r.above, r.end = r.end, len(r.runs)
	r.y++
}

// Region is one of the regions.
type Region struct {
	Class   int // 0 if it has none
	Pixels  int
	X, Y    float64            // the middle; that of the first pixel is (0.5, 0.5)
	Mean    float64            // of the values
	Outline []annotation.Point // as of [Contours]
}

// All returns the regions of at least so many pixels, class by class, in the order in which
// reading row by row meets them. The error is [fault.Invalid] where one is too large to be outlined.
func (r *Regions) All(least int) ([]Region, error) {
	first, order := r.byRegion()
	var out []Region
	var box []uint8
	for i := range len(first) - 1 {
		var x, y float64
		runs := order[first[i]:first[i+1]]
		g := Region{Class: int(r.runs[runs[0]].class)}
		for _, k := range runs {
			a := r.runs[k]
			n := int(a.to - a.from)
			g.Pixels += n
			g.Mean += r.sum[k]
			x += float64(a.from+a.to) / 2 * float64(n)
			y += (float64(a.y) + 0.5) * float64(n)
		}
		if g.Pixels < least {
			continue
		}
		n := float64(g.Pixels)
		g.X, g.Y, g.Mean = x/n, y/n, g.Mean/n
		if err := r.fits(runs); err != nil {
			return nil, err
		}
		g.Outline, box = r.outline(runs, box)
		out = append(out, g)
	}
	slices.SortStableFunc(out, func(a, b Region) int { return a.Class - b.Class })
	return out, nil
}
