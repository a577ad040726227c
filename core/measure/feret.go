package measure

import (
	"cmp"
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
	var pts []dot
	for y := m.rect.Min.Y; y < m.rect.Max.Y; y++ {
		from, to := m.rect.Max.X, m.rect.Min.X-1
		for x := m.rect.Min.X; x < m.rect.Max.X; x++ {
			if m.at(x, y) == 1 {
				from, to = min(from, x), max(to, x)
			}
		}
		pts = diamonds(pts, from, to, y)
	}
	ring := hull(pts)
	if len(ring) < 3 {
		return 0
	}
	pts = pts[:0]
	for y := m.rect.Min.Y; y < m.rect.Max.Y; y++ {
		from, to := across(ring, 2*y)
		pts = diamonds(pts, from, to, y)
	}
	most := 0
	ring = hull(pts)
	for i, a := range ring {
		for _, b := range ring[:i] {
			most = max(most, (a.x-b.x)*(a.x-b.x)+(a.y-b.y)*(a.y-b.y))
		}
	}
	return math.Sqrt(float64(most)) / 2
}

// diamonds appends the middles of the edges of the two outermost pixels of a row.
func diamonds(pts []dot, from, to, y int) []dot {
	if from > to {
		return pts
	}
	for _, x := range [2]int{from, to} {
		pts = append(pts, dot{2*x - 1, 2 * y}, dot{2*x + 1, 2 * y}, dot{2 * x, 2*y - 1}, dot{2 * x, 2*y + 1})
	}
	return pts
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

// hull returns the corners of the convex hull (Andrew's monotone chain).
func hull(pts []dot) []dot {
	slices.SortFunc(pts, func(a, b dot) int { return cmp.Or(a.x-b.x, a.y-b.y) })
	pts = slices.Compact(pts)
	if len(pts) < 3 {
		return pts
	}
	var ring []dot
	for range 2 {
		base := len(ring)
		for _, p := range pts {
			for len(ring) >= base+2 && ring[len(ring)-2].cross(ring[len(ring)-1], p) <= 0 {
				ring = ring[:len(ring)-1]
			}
			ring = append(ring, p)
		}
		ring = ring[:len(ring)-1]
		slices.Reverse(pts)
	}
	return ring
}
