package segment

import (
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

type vec struct{ x, y float64 }

func (a vec) sub(b vec) vec       { return vec{a.x - b.x, a.y - b.y} }
func (a vec) cross(b vec) float64 { return a.x*b.y - a.y*b.x }

// poly is a polygon of whole-numbered corners with what comparing it again and again needs.
type poly struct {
	pts      []vec // first point not repeated
	min, max vec
	area     float64
	longest  float64  // edge, along the longer of the axes
	rows     []extent // from min.y on
	gaps     float64  // of the rows' extents, what is not of the polygon
}

// extent is from where to where a polygon reaches in the middle of a row of pixels.
type extent struct{ from, to float32 }

func newPoly(pts []vec) poly {
	p := poly{pts: pts}
	p.measure()
	return p
}

// clone returns a copy that shares nothing.
func (p *poly) clone() poly {
	c := *p
	c.pts, c.rows = slices.Clone(p.pts), slices.Clone(p.rows)
	return c
}

// measure computes all from the corners.
func (p *poly) measure() {
	p.min, p.max, p.area, p.longest = p.pts[0], p.pts[0], math.Abs(shoelace(p.pts)), 0
	a := p.pts[len(p.pts)-1]
	for _, b := range p.pts {
		p.min, p.max = vec{min(p.min.x, b.x), min(p.min.y, b.y)}, vec{max(p.max.x, b.x), max(p.max.y, b.y)}
		p.longest = max(p.longest, math.Abs(b.x-a.x), math.Abs(b.y-a.y))
		a = b
	}
	n := int(p.max.y - p.min.y)
	p.rows = slices.Grow(p.rows[:0], n)[:n]
	for i := range p.rows {
		p.rows[i] = extent{math.MaxFloat32, -math.MaxFloat32}
	}
	a = p.pts[len(p.pts)-1]
	for _, b := range p.pts {
		lo, hi := a, b
		if a.y > b.y {
			lo, hi = b, a
		}
		a = b
		if lo.y == hi.y {
			continue
		}
		step := float32((hi.x - lo.x) / (hi.y - lo.y))
		x := float32(lo.x) + step/2
		for i := int(lo.y - p.min.y); i < int(hi.y-p.min.y); i++ {
			r := &p.rows[i]
			r.from, r.to = min(r.from, x), max(r.to, x)
			x += step
		}
	}
	// Corners are whole: the middle of a row is its mean, and the sum of means the area.
	p.gaps = -p.area
	for _, r := range p.rows {
		p.gaps += float64(r.to - r.from)
	}
}

// shared returns bounds of [overlap]: what extents share counts gaps too, and a crossing of
// two edges moves by less than a pixel when it is rounded, and is not in the middle of a row.
func shared(a, b *poly) (lo, hi float64) {
	top, end := max(a.min.y, b.min.y), min(a.max.y, b.max.y)
	n := int(end - top)
	if n <= 0 {
		return 0, 0
	}
	p, q := a.rows[int(top-a.min.y):][:n], b.rows[int(top-b.min.y):][:n]
	var sum float32
	for i, r := range p {
		sum += max(min(r.to, q[i].to)-max(r.from, q[i].from), 0)
	}
	slack := crossingSlack * (a.longest + b.longest)
	return float64(sum) - a.gaps - b.gaps - slack, float64(sum) + slack
}

// crossingSlack is how much of the area of an overlap each pixel of the longest edges may
// be wrong: twice what was seen among 200,000 pairs of stars like those of the test.
const crossingSlack = 3

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
