package annotation

import (
	"cmp"
	"math"
	"slices"
)

// Overlap tells how much of two outlines lies in both, and how large each of them is, in any
// measure.
type Overlap func(a, b []Point) (both, ofA, ofB float64)

// Objects are found by squares of so many pixels; one that meets more than most of them is
// held against everything.
const (
	square = 256
	most   = 64
)

// places know where predicted objects lie.
type places struct {
	objects []Object
	bounds  []box
	squares map[[2]int][]int
	large   []int
	classes map[string]bool
}

func newPlaces(objects []Object, open []bool) *places {
	p := &places{objects: objects, bounds: make([]box, len(objects)), squares: map[[2]int][]int{}, classes: map[string]bool{}}
	for i, o := range objects {
		p.classes[o.Class] = true
		if !open[i] || len(o.Outline) == 0 {
			continue
		}
		p.bounds[i] = around(o.Outline)
		if !p.bounds[i].each(func(at [2]int) { p.squares[at] = append(p.squares[at], i) }) {
			p.large = append(p.large, i)
		}
	}
	return p
}

// same are the objects of a layer that a decision is about, the likest first: by the outline
// that the model had given it and by the one that a person has.
func (p *places) same(d decision, l Layer, overlap Overlap) []int {
	if !d.mayReplace(l) {
		return nil
	}
	type like struct {
		i  int
		by float64
	}
	var found []like
	for _, o := range []*Object{d.was, d.now} {
		if o == nil || len(o.Outline) == 0 || o == d.now && d.was != nil && slices.Equal(o.Outline, d.was.Outline) {
			continue
		}
		for _, i := range p.near(around(o.Outline)) {
			its := p.objects[i]
			both, own, other := overlap(o.Outline, its.Outline)
			if both > 0 && d.is(o.Class == its.Class || !p.classes[o.Class], both, own, other) {
				found = append(found, like{i, both / (own + other - both)})
			}
		}
	}
	slices.SortStableFunc(found, func(a, b like) int { return cmp.Compare(b.by, a.by) })
	out := make([]int, len(found))
	for k, f := range found {
		out[k] = f.i
	}
	return out
}

// near are the objects whose bounds meet a box, in their order.
func (p *places) near(b box) []int {
	out := slices.Clone(p.large)
	if !b.each(func(at [2]int) { out = append(out, p.squares[at]...) }) {
		out = out[:0]
		for i := range p.objects {
			out = append(out, i)
		}
	}
	out = slices.DeleteFunc(out, func(i int) bool { return !p.bounds[i].meets(b) })
	slices.Sort(out)
	return slices.Compact(out)
}

// box is a rectangle around an outline; that of none meets nothing.
type box struct{ lo, hi Point }

func around(outline []Point) box {
	b := box{outline[0], outline[0]}
	for _, p := range outline {
		b.lo = Point{min(b.lo.X, p.X), min(b.lo.Y, p.Y)}
		b.hi = Point{max(b.hi.X, p.X), max(b.hi.Y, p.Y)}
	}
	return b
}

// meets reports whether two boxes have an area in common.
func (b box) meets(o box) bool {
	return b.lo.X < o.hi.X && o.lo.X < b.hi.X && b.lo.Y < o.hi.Y && o.lo.Y < b.hi.Y
}

// each calls f for the squares that a box meets; false if they are too many.
func (b box) each(f func(at [2]int)) bool {
	x0, y0 := math.Floor(b.lo.X/square), math.Floor(b.lo.Y/square)
	x1, y1 := math.Floor(b.hi.X/square), math.Floor(b.hi.Y/square)
	if !((x1-x0+1)*(y1-y0+1) <= most) {
		return false
	}
	for y := int(y0); y <= int(y1); y++ {
		for x := int(x0); x <= int(x1); x++ {
			f([2]int{x, y})
		}
	}
	return true
}
