package measure

import (
	"bytes"
	"math"
	"slices"
)

// dot is a point in half pixels, so that the middles of pixels' edges are whole numbers.
type dot struct{ x, y int }

func (a dot) cross(b, c dot) int { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }

// feret is the largest diameter of the object's convex hull, as regionprops measures it:
// the hull of the middles of the pixels' edges, painted, and of what is painted the edges'
// middles again.
func (m mask) feret() float64 {
	w, h := m.rect.Dx(), m.rect.Dy()
	l := newLevels(m.rect.Min.Y, h)
	for y := range h {
		row := m.in[y*w:][:w]
		if from := bytes.IndexByte(row, 1); from >= 0 {
			l.add(m.rect.Min.Y+y, m.rect.Min.X+from, m.rect.Min.X+bytes.LastIndexByte(row, 1))
		}
	}
	ring := l.hull()
	if len(ring) < 3 {
		return 0
	}
	l.clear()
	for y := m.rect.Min.Y; y < m.rect.Max.Y; y++ {
		if from, to := across(ring, 2*y); from <= to {
			l.add(y, from, to)
		}
	}
	most := 0
	ring = l.hull()
	for i, a := range ring {
		for _, b := range ring[:i] {
			most = max(most, (a.x-b.x)*(a.x-b.x)+(a.y-b.y)*(a.y-b.y))
		}
	}
	return math.Sqrt(float64(most)) / 2
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

// hull returns the corners of the convex hull (Andrew's monotone chain; the points are in
// order as they are).
func (l *levels) hull() []dot {
	pts := make([]dot, 0, 2*len(l.lo))
	for i, lo := range l.lo {
		if hi := l.hi[i]; lo <= hi {
			pts = append(pts, dot{lo, l.top + i})
			if lo < hi {
				pts = append(pts, dot{hi, l.top + i})
			}
		}
	}
	if len(pts) < 3 {
		return pts
	}
	ring := make([]dot, 0, len(pts)+2)
	for range 2 {
		base := len(ring)
		for _, p := range pts {
			for len(ring) >= base+2 && ring[len(ring)-2].cross(ring[len(ring)-1], p) >= 0 {
				ring = ring[:len(ring)-1]
			}
			ring = append(ring, p)
		}
		ring = ring[:len(ring)-1]
		slices.Reverse(pts)
	}
	return ring
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
