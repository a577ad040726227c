package tileview

import (
	"math"

	"coverslip.dev/coverslip/core/annotation"
)

// box is an axis-parallel rectangle in pixels of the full image.
type box struct{ x0, y0, x1, y1 float64 }

func boxOf(ring []annotation.Point) box {
	b := box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, p := range ring {
		b.x0, b.y0 = min(b.x0, p.X), min(b.y0, p.Y)
		b.x1, b.y1 = max(b.x1, p.X), max(b.y1, p.Y)
	}
	return b
}

func (b box) meets(o box) bool {
	return b.x0 <= o.x1 && o.x0 <= b.x1 && b.y0 <= o.y1 && o.y0 <= b.y1
}

// index finds objects by place: a grid over their boxes. It is never changed
// once made, so workers may read it.
type index struct {
	all   []annotation.Object
	boxes []box
	shown []int // indices into all, in drawing order
	cells map[[2]int][]int
	size  float64 // of a cell, in pixels
	byID  map[string]int
}

// newIndex indexes the objects that show lets through; nil lets all through.
func newIndex(objs []annotation.Object, show func(annotation.Object) bool) *index {
	x := &index{all: objs, boxes: make([]box, len(objs)), cells: map[[2]int][]int{}, byID: make(map[string]int, len(objs))}
	var sum float64
	for i, o := range objs {
		x.byID[o.ID] = i
		x.boxes[i] = boxOf(o.Outline)
		if len(o.Outline) < 2 || show != nil && !show(o) {
			continue
		}
		x.shown = append(x.shown, i)
		sum += max(x.boxes[i].x1-x.boxes[i].x0, x.boxes[i].y1-x.boxes[i].y0)
	}
	x.size = 64
	if n := len(x.shown); n > 0 {
		x.size = max(16, 4*sum/float64(n)) // some sixteen objects a cell where they lie side by side
	}
	for _, i := range x.shown {
		x.each(x.boxes[i], func(k [2]int) { x.cells[k] = append(x.cells[k], i) })
	}
	return x
}

func (x *index) each(b box, fn func([2]int)) {
	cell := func(v float64) int { return int(math.Floor(v / x.size)) }
	for r := cell(b.y0); r <= cell(b.y1); r++ {
		for c := cell(b.x0); c <= cell(b.x1); c++ {
			fn([2]int{c, r})
		}
	}
}

// within returns the shown objects whose boxes meet b, in drawing order.
func (x *index) within(b box) []int {
	// A look at everything is cheaper than at more cells than there are objects.
	if cols, rows := (b.x1-b.x0)/x.size+1, (b.y1-b.y0)/x.size+1; cols*rows > float64(len(x.shown)) {
		var out []int
		for _, i := range x.shown {
			if x.boxes[i].meets(b) {
				out = append(out, i)
			}
		}
		return out
	}
	seen := map[int]bool{}
	x.each(b, func(k [2]int) {
		for _, i := range x.cells[k] {
			if x.boxes[i].meets(b) {
				seen[i] = true
			}
		}
	})
	out := make([]int, 0, len(seen))
	for i := range seen {
		out = append(out, i)
	}
	sortInts(out)
	return out
}

// at returns the smallest shown object that p lies in, or nil.
func (x *index) at(p annotation.Point) *annotation.Object {
	best, area := -1, math.Inf(1)
	for _, i := range x.within(box{p.X, p.Y, p.X, p.Y}) {
		if a := Area(x.all[i].Outline); a < area && inside(x.all[i].Outline, p) {
			best, area = i, a
		}
	}
	if best < 0 {
		return nil
	}
	return &x.all[best]
}

// object returns the object of that ID, shown or not, or nil.
func (x *index) object(id string) *annotation.Object {
	i, ok := x.byID[id]
	if !ok || id == "" {
		return nil
	}
	return &x.all[i]
}

// inside by the even-odd rule.
func inside(ring []annotation.Point, p annotation.Point) bool {
	in := false
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < (b.X-a.X)*(p.Y-a.Y)/(b.Y-a.Y)+a.X {
			in = !in
		}
	}
	return in
}

// Area returns a ring's area in square pixels, by the shoelace formula.
func Area(ring []annotation.Point) float64 {
	var s float64
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		s += a.X*b.Y - b.X*a.Y
	}
	return math.Abs(s) / 2
}

// Perimeter returns a ring's length in pixels.
func Perimeter(ring []annotation.Point) float64 {
	var s float64
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		s += math.Hypot(b.X-a.X, b.Y-a.Y)
	}
	return s
}
