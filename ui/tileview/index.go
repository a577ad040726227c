package tileview

import (
	"math"
	"slices"
	"sync"

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

func (b box) with(o box) box {
	return box{min(b.x0, o.x0), min(b.y0, o.y0), max(b.x1, o.x1), max(b.y1, o.y1)}
}

func (b box) meets(o box) bool {
	return b.x0 <= o.x1 && o.x0 <= b.x1 && b.y0 <= o.y1 && o.y0 <= b.y1
}

// index finds objects by place: a grid over their boxes. It is never changed once made, so
// workers may read it.
type index struct {
	all   []annotation.Object
	boxes []box
	areas []float64            // square pixels
	tails [][]annotation.Point // of the objects; nil for none
	byID  map[string]int
	// rings of the large outlines, by their first corner: they are taken apart once, when they are first
	// drawn. The others are as soon done as kept.
	rings map[*annotation.Point]func() [][]annotation.Point

	shown      []int32 // indices into all, in drawing order
	size       float64 // of a cell, in pixels
	left, top  float64 // of the grid
	cols, rows int
	starts     []int32 // of a cell's objects in items; one more than there are cells
	items      []int32
}

// newIndex is of no objects.
func newIndex() *index { return newTailed(nil, nil, nil) }

// holds reports whether these objects are the ones that x was made of: an object is a value.
func (x *index) holds(objs []annotation.Object) bool {
	return len(objs) == len(x.all) && (len(objs) == 0 || &objs[0] == &x.all[0])
}

// newTailed indexes objects, tails of which may be nil, and shows those that show lets through;
// nil lets all through.
func newTailed(objs []annotation.Object, tails [][]annotation.Point, show func(x *index, i int) bool) *index {
	x := &index{
		all: objs, boxes: make([]box, len(objs)), areas: make([]float64, len(objs)), tails: tails,
		byID: make(map[string]int, len(objs)), rings: map[*annotation.Point]func() [][]annotation.Point{},
	}
	for i, o := range objs {
		x.byID[o.ID] = i
		x.boxes[i], x.areas[i] = boxOf(o.Outline), Area(o.Outline)
		if i < len(tails) {
			x.boxes[i] = x.boxes[i].with(boxOf(tails[i]))
		}
		if len(o.Outline) >= large {
			x.rings[&o.Outline[0]] = sync.OnceValue(func() [][]annotation.Point { return annotation.Rings(o.Outline) })
		}
	}
	return x.sift(show)
}

// sift returns an index of the same objects that shows others of them.
func (x *index) sift(show func(x *index, i int) bool) *index {
	n := &index{all: x.all, boxes: x.boxes, areas: x.areas, tails: x.tails, byID: x.byID, rings: x.rings}
	all := box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	var sum float64
	for i := range n.all {
		if len(n.all[i].Outline) < 2 || show != nil && !show(n, i) {
			continue
		}
		b := n.boxes[i]
		n.shown = append(n.shown, int32(i))
		sum += max(b.x1-b.x0, b.y1-b.y0)
		all = all.with(b)
	}
	if len(n.shown) == 0 {
		return n
	}
	n.left, n.top = all.x0, all.y0
	n.size = max(16, 4*sum/float64(len(n.shown))) // some sixteen objects a cell where they lie side by side
	for (all.x1-all.x0)/n.size*((all.y1-all.y0)/n.size) > float64(4*len(n.shown)+16) {
		n.size *= 2
	}
	n.cols, n.rows = int((all.x1-all.x0)/n.size)+1, int((all.y1-all.y0)/n.size)+1
	n.starts = make([]int32, n.cols*n.rows+1)
	for _, i := range n.shown {
		n.each(n.boxes[i], func(c int) { n.starts[c+1]++ })
	}
	for c := range n.cols * n.rows {
		n.starts[c+1] += n.starts[c]
	}
	n.items = make([]int32, n.starts[n.cols*n.rows])
	next := append([]int32(nil), n.starts...)
	for _, i := range n.shown {
		n.each(n.boxes[i], func(c int) { n.items[next[c]] = i; next[c]++ })
	}
	return n
}

// each calls fn with the cells that b meets.
func (x *index) each(b box, fn func(cell int)) {
	if x.cols == 0 {
		return
	}
	at := func(v, from float64, n int) int { return min(max(int(math.Floor((v-from)/x.size)), 0), n-1) }
	for r := at(b.y0, x.top, x.rows); r <= at(b.y1, x.top, x.rows); r++ {
		for c := at(b.x0, x.left, x.cols); c <= at(b.x1, x.left, x.cols); c++ {
			fn(r*x.cols + c)
		}
	}
}

// within returns the shown objects whose boxes meet b, in drawing order.
func (x *index) within(b box) []int32 {
	var out []int32
	// A look at everything is cheaper than at more cells than there are objects.
	if cols, rows := (b.x1-b.x0)/x.size+1, (b.y1-b.y0)/x.size+1; cols*rows > float64(len(x.shown)) {
		for _, i := range x.shown {
			if x.boxes[i].meets(b) {
				out = append(out, i)
			}
		}
		return out
	}
	x.each(b, func(c int) {
		for _, i := range x.items[x.starts[c]:x.starts[c+1]] {
			if x.boxes[i].meets(b) {
				out = append(out, i)
			}
		}
	})
	slices.Sort(out)
	return slices.Compact(out)
}

// at returns the smallest shown object that p lies in, or nil.
func (x *index) at(p annotation.Point) *annotation.Object {
	best, area := int32(-1), math.Inf(1)
	for _, i := range x.within(box{p.X, p.Y, p.X, p.Y}) {
		if a := x.areas[i]; a < area && inside(x.all[i].Outline, p) {
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

// large is how many corners an outline has at least whose rings are kept.
const large = 1000

// ringsOf are the rings of one of the objects, the outer one first.
func (x *index) ringsOf(o *annotation.Object) [][]annotation.Point {
	if len(o.Outline) >= large {
		if f := x.rings[&o.Outline[0]]; f != nil {
			return f()
		}
	}
	return annotation.Rings(o.Outline)
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

// Centroid returns the middle of a ring's area, or of its corners where it has none.
func Centroid(ring []annotation.Point) (x, y float64) {
	var sum float64
	for i, a := range ring {
		b := ring[(i+1)%len(ring)]
		k := a.X*b.Y - b.X*a.Y
		x, y, sum = x+(a.X+b.X)*k, y+(a.Y+b.Y)*k, sum+k
	}
	if sum != 0 {
		return x / (3 * sum), y / (3 * sum)
	}
	for _, p := range ring {
		x, y = x+p.X/float64(len(ring)), y+p.Y/float64(len(ring))
	}
	return x, y
}
