package measure

import (
	"math"
	"slices"
)

// dot is a point in half pixels, so that the middles of pixels' edges are whole numbers.
type dot struct{ x, y int }

func (a dot) cross(b, c dot) int { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// hull is the convex hull of an object's pixels, as regionprops takes its diameter: that of the
// middles of the pixels' edges, painted, and of what is painted the edges' middles again.
type hull []dot

func hullOf(runs []run) hull {
	top, end := runs[0].y, runs[len(runs)-1].y+1
	l := newLevels(top, end-top)
	for _, s := range runs {
		l.add(s.y, s.from, s.to-1)
	}
	ring := l.hull()
	l.clear()
	for y := top; y < end; y++ {
		if from, to := across(ring, 2*y); from <= to {
			l.add(y, from, to)
		}
	}
	return l.hull()
}

// width is the largest diameter where a pixel is so wide and so high.
func (h hull) width(sx, sy float64) float64 {
	most := 0.0
	for i, a := range h {
		for _, b := range h[:i] {
			x, y := float64(a.x-b.x)*sx, float64(a.y-b.y)*sy
			most = max(most, x*x+y*y)
		}
	}
	return math.Sqrt(most) / 2
}

// levels hold the outermost points of each row of half pixels, from above to below.
type levels struct {
	top    int // in half pixels
	lo, hi []int
}

// newLevels is for h rows of pixels from y on.
func newLevels(y, h int) *levels {
	l := &levels{top: 2*y - 1, lo: make([]int, 2*h+1), hi: make([]int, 2*h+1)}
	l.clear()
	return l
}

func (l *levels) clear() {
	for i := range l.lo {
		l.lo[i], l.hi[i] = math.MaxInt, math.MinInt
	}
}

// add takes the middles of the edges of the two outermost pixels of a row.
func (l *levels) add(y, from, to int) {
	i := 2*y - l.top
	for k, wide := range [3]int{0, 1, 0} {
		l.lo[i-1+k], l.hi[i-1+k] = min(l.lo[i-1+k], 2*from-wide), max(l.hi[i-1+k], 2*to+wide)
	}
}

// hull returns the corners of the convex hull: down the points to the left and up those to
// the right (Andrew's monotone chain; the points are in order as they are).
func (l *levels) hull() []dot {
	ring := make([]dot, 0, 2*len(l.lo))
	for i, lo := range l.lo {
		if lo <= l.hi[i] {
			ring = bend(ring, 0, dot{lo, l.top + i})
		}
	}
	base := len(ring)
	for i, hi := range slices.Backward(l.hi) {
		if l.lo[i] <= hi {
			ring = bend(ring, base, dot{hi, l.top + i})
		}
	}
	return ring
}

// bend appends p to the chain that begins at base, without what lies in the hull then.
func bend(ring []dot, base int, p dot) []dot {
	for len(ring) >= base+2 && ring[len(ring)-2].cross(ring[len(ring)-1], p) >= 0 {
		ring = ring[:len(ring)-1]
	}
	return append(ring, p)
}

// across returns the first and the last pixel of a row whose centres are in a convex ring
// or on its line; y is in half pixels.
func across(ring []dot, y int) (from, to int) {
	lo, hi := math.Inf(1), math.Inf(-1)
	a := ring[len(ring)-1]
	for _, b := range ring {
		if min(a.y, b.y) <= y && y <= max(a.y, b.y) {
			x := float64(a.x)
			if a.y != b.y {
				x += float64(b.x-a.x) * float64(y-a.y) / float64(b.y-a.y)
			} else {
				lo, hi = min(lo, float64(b.x)), max(hi, float64(b.x))
			}
			lo, hi = min(lo, x), max(hi, x)
		}
		a = b
	}
	if lo > hi {
		return 1, 0
	}
	return int(math.Ceil(lo/2 - 1e-10)), int(math.Floor(hi/2 + 1e-10))
}
