package tileview

import (
	"math"

	"coverslip.dev/coverslip/core/annotation"
)

// mask is a piece of the image in square cells, each in or out of an object.
type mask struct {
	x0, y0  float64 // the upper left corner, in pixels of the image
	cell    float64 // the side of a cell, in pixels of the image
	w, h    int
	in      []bool
	was     []bool // in before the stroke; nil for nothing
	changed bool   // a cell went in or out since it was last false
}

// mostCells bounds a mask; larger pieces get larger cells.
const mostCells = 4 << 20

func newMask(b box, cell float64) *mask {
	for (b.x1-b.x0)/cell*((b.y1-b.y0)/cell) > mostCells {
		cell *= 1.5
	}
	m := &mask{x0: b.x0, y0: b.y0, cell: cell, w: int((b.x1-b.x0)/cell) + 1, h: int((b.y1-b.y0)/cell) + 1}
	m.in = make([]bool, m.w*m.h)
	return m
}

// span puts the cells of row y whose centres lie from a to b, in cells, in or out.
func (m *mask) span(y int, a, b float64, yes bool) {
	for x := max(0, int(math.Ceil(a-0.5))); x <= min(m.w-1, int(math.Floor(b-0.5))); x++ {
		if c := &m.in[y*m.w+x]; *c != yes {
			*c, m.changed = yes, true
		}
	}
}

// fill puts the inside of a ring in, by the even-odd rule.
func (m *mask) fill(ring []annotation.Point) {
	var cuts []float64
	for y := range m.h {
		cy := m.y0 + (float64(y)+0.5)*m.cell
		cuts = cuts[:0]
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if (a.Y > cy) != (b.Y > cy) {
				cuts = append(cuts, (a.X+(b.X-a.X)*(cy-a.Y)/(b.Y-a.Y)-m.x0)/m.cell)
			}
		}
		sortFloats(cuts)
		for i := 0; i+1 < len(cuts); i += 2 {
			m.span(y, cuts[i], cuts[i+1], true)
		}
	}
}

// stamp puts what a disc of radius r covers on its way from a to b in, or out.
func (m *mask) stamp(a, b annotation.Point, r float64, yes bool) {
	ax, ay := (a.X-m.x0)/m.cell, (a.Y-m.y0)/m.cell
	bx, by := (b.X-m.x0)/m.cell, (b.Y-m.y0)/m.cell
	r /= m.cell
	steps := int(math.Hypot(bx-ax, by-ay)/max(r/8, 0.5)) + 1
	for i := range steps + 1 {
		t := float64(i) / float64(steps)
		x, y := ax+(bx-ax)*t, ay+(by-ay)*t
		for row := max(0, int(y-r)); row <= min(m.h-1, int(y+r)+1); row++ {
			if d := r*r - (float64(row)+0.5-y)*(float64(row)+0.5-y); d >= 0 {
				m.span(row, x-math.Sqrt(d), x+math.Sqrt(d), yes)
			}
		}
	}
}

// simplify drops corners that lie nearer than off to the line without them (Douglas and
// Peucker), on a closed ring.
func simplify(ring []annotation.Point, off float64) []annotation.Point {
	if len(ring) < 5 {
		return ring
	}
	far, best := 0, 0.0 // the two ends of the ring's halves
	for i, p := range ring {
		if d := math.Hypot(p.X-ring[0].X, p.Y-ring[0].Y); d > best {
			far, best = i, d
		}
	}
	keep := make([]bool, len(ring)+1)
	keep[0], keep[far] = true, true
	closed := append(append([]annotation.Point(nil), ring...), ring[0])
	peucker(closed, 0, far, off, keep)
	peucker(closed, far, len(ring), off, keep)
	out := ring[:0:0]
	for i, p := range ring {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

func peucker(line []annotation.Point, from, to int, off float64, keep []bool) {
	a, b := line[from], line[to]
	l := math.Hypot(b.X-a.X, b.Y-a.Y)
	far, best := 0, off
	for i := from + 1; i < to; i++ {
		p := line[i]
		d := math.Hypot(p.X-a.X, p.Y-a.Y)
		if l > 0 {
			d = math.Abs((b.X-a.X)*(a.Y-p.Y)-(a.X-p.X)*(b.Y-a.Y)) / l
		}
		if d > best {
			far, best = i, d
		}
	}
	if far > 0 {
		keep[far] = true
		peucker(line, from, far, off, keep)
		peucker(line, far, to, off, keep)
	}
}
