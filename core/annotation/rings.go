package annotation

import (
	"cmp"
	"math"
	"slices"
)

// Join makes one outline of that of an object and those of its holes: a bridge leads from each
// hole straight up to what is above it, and back. An edge that an outline runs in both directions
// can only be a bridge, so that [Rings] takes them apart again; filled or measured, the outline
// is that of the object without its holes. A hole with nothing above it is left out.
func Join(outer []Point, holes [][]Point) []Point {
	if len(outer) < 3 {
		return outer
	}
	j, way := joint{rings: [][]Point{outer}}, turns(outer)
	for _, h := range holes {
		if len(h) > 2 {
			j.rings = append(j.rings, fromAbove(h, turns(h) == way))
		}
	}
	if len(j.rings) == 1 {
		return outer
	}
	slices.SortStableFunc(j.rings[1:], func(a, b []Point) int { return higher(a[0], b[0]) })
	j.look()
	j.run(0)
	return j.out
}

func higher(a, b Point) int { return cmp.Or(cmp.Compare(a.Y, b.Y), cmp.Compare(a.X, b.X)) }

// turns reports whether a ring goes from x to y.
func turns(ring []Point) bool {
	var area float64
	a := ring[len(ring)-1]
	for _, b := range ring {
		area += (a.X-ring[0].X)*(b.Y-ring[0].Y) - (a.Y-ring[0].Y)*(b.X-ring[0].X)
		a = b
	}
	return area > 0
}

// fromAbove is a ring from its highest corner on, the other way round if turn is set.
func fromAbove(ring []Point, turn bool) []Point {
	top := 0
	for i, p := range ring {
		if higher(p, ring[top]) < 0 {
			top = i
		}
	}
	out := slices.Concat(ring[top:], ring[:top])
	if turn {
		slices.Reverse(out[1:])
	}
	return out
}

// joint is rings on their way to be one: the outer one, then holes from above to below.
type joint struct {
	rings [][]Point
	feet  map[[2]int][]foot // of bridges, by the ring and the edge that they stand on
	out   []Point
}

// foot is where the bridge of a hole ends.
type foot struct {
	at   Point
	hole int
}

// wall is an edge of a ring, from left to right.
type wall struct {
	ring, edge int
	a, b       Point
}

// look finds what each hole has above it, going from left to right past all edges.
func (j *joint) look() {
	walls := j.walls()
	holes := make([]int, len(j.rings)-1)
	for i := range holes {
		holes[i] = i + 1
	}
	slices.SortFunc(holes, func(a, b int) int { return cmp.Compare(j.rings[a][0].X, j.rings[b][0].X) })
	j.feet = map[[2]int][]foot{}
	var near []wall
	var hits []hit
	for len(holes) > 0 {
		x := j.rings[holes[0]][0].X
		for len(walls) > 0 && walls[0].a.X <= x {
			near, walls = append(near, walls[0]), walls[1:]
		}
		near = slices.DeleteFunc(near, func(w wall) bool { return w.b.X < x })
		hits = hits[:0]
		for i, w := range near {
			hits = append(hits, hit{w.reach(x), i})
		}
		slices.SortFunc(hits, func(a, b hit) int { return cmp.Compare(a.y, b.y) })
		for len(holes) > 0 && j.rings[holes[0]][0].X == x { // a mask has many in a column
			j.stand(holes[0], hits, near)
			holes = holes[1:]
		}
	}
}

// hit is where an edge meets a column.
type hit struct {
	y    float64
	wall int
}

// stand puts the bridge of a hole on the lowest edge above it; hits are from above to below.
func (j *joint) stand(hole int, hits []hit, near []wall) {
	from := j.rings[hole][0]
	n, _ := slices.BinarySearchFunc(hits, from.Y, func(h hit, y float64) int {
		if h.y <= y {
			return -1
		}
		return 1
	})
	for n > 0 && near[hits[n-1].wall].ring >= hole { // what is above begins higher
		n--
	}
	if n == 0 {
		return
	}
	w, at := near[hits[n-1].wall], Point{X: from.X, Y: hits[n-1].y}
	if ring := j.rings[w.ring]; at == ring[(w.edge+1)%len(ring)] {
		w.edge = (w.edge + 1) % len(ring)
	}
	k := [2]int{w.ring, w.edge}
	j.feet[k] = append(j.feet[k], foot{at, hole})
}

// walls are all edges, by where they begin.
func (j *joint) walls() []wall {
	var out []wall
	for r, ring := range j.rings {
		for i, a := range ring {
			b := ring[(i+1)%len(ring)]
			if a.X > b.X {
				a, b = b, a
			}
			out = append(out, wall{r, i, a, b})
		}
	}
	slices.SortFunc(out, func(a, b wall) int { return cmp.Compare(a.a.X, b.a.X) })
	return out
}

// reach is how far down the edge comes at x, which it meets.
func (w wall) reach(x float64) float64 {
	switch {
	case w.a.X == w.b.X:
		return max(w.a.Y, w.b.Y)
	case x == w.a.X:
		return w.a.Y
	case x == w.b.X:
		return w.b.Y
	}
	return w.a.Y + (x-w.a.X)*(w.b.Y-w.a.Y)/(w.b.X-w.a.X)
}

// run goes along a ring, and from each foot of a bridge around the hole and back.
func (j *joint) run(ring int) {
	for i, p := range j.rings[ring] {
		j.step(p)
		feet := j.feet[[2]int{ring, i}]
		away := func(f foot) float64 { return math.Abs(f.at.X-p.X) + math.Abs(f.at.Y-p.Y) }
		slices.SortStableFunc(feet, func(a, b foot) int { return cmp.Compare(away(a), away(b)) })
		for _, f := range feet {
			j.step(f.at)
			j.run(f.hole)
			j.step(j.rings[f.hole][0])
			j.step(f.at)
		}
	}
}

func (j *joint) step(p Point) {
	if n := len(j.out); n == 0 || j.out[n-1] != p {
		j.out = append(j.out, p)
	}
}

// fewest is how many corners an outline with a hole has at least.
const fewest = 8

// upright is an edge straight up or down.
type upright struct{ x, top, end float64 }

// Rings takes apart what [Join] has joined: the outer ring comes first.
func Rings(outline []Point) [][]Point {
	bridges := bridgesOf(outline)
	if len(bridges) == 0 {
		return [][]Point{outline}
	}
	type left struct { // to walk around a hole
		over upright
		ring []Point
	}
	var (
		rings [][]Point
		ring  []Point
		open  []left
	)
	keep := func() {
		if len(ring) > 2 {
			rings = append(rings, ring)
		}
	}
	for i, p := range outline {
		q := outline[(i+1)%len(outline)]
		e := upright{p.X, min(p.Y, q.Y), max(p.Y, q.Y)}
		switch n := len(open); {
		case p == q:
		case p.X != q.X || !bridges[e]:
			ring = append(ring, p)
		case n > 0 && open[n-1].over == e:
			keep()
			ring, open = open[n-1].ring, open[:n-1]
		default:
			ring, open = nil, append(open, left{e, ring})
		}
	}
	keep()
	if len(open) > 0 || len(rings) == 0 { // drawn so, not joined
		return [][]Point{outline}
	}
	last := len(rings) - 1
	return slices.Insert(rings[:last], 0, rings[last])
}

// bridgesOf are the edges that an outline runs both up and down.
func bridgesOf(outline []Point) map[upright]bool {
	if len(outline) < fewest {
		return nil
	}
	n, p := 0, outline[len(outline)-1]
	for _, q := range outline {
		if p.X == q.X && q.Y < p.Y {
			n++
		}
		p = q
	}
	if n == 0 {
		return nil
	}
	up := make(map[upright]bool, n)
	for _, q := range outline {
		if p.X == q.X && q.Y < p.Y {
			up[upright{p.X, q.Y, p.Y}] = false
		}
		p = q
	}
	n = 0
	for _, q := range outline {
		if p.X == q.X && p.Y < q.Y {
			e := upright{p.X, p.Y, q.Y}
			if _, both := up[e]; both {
				up[e] = true
				n++
			}
		}
		p = q
	}
	if n == 0 {
		return nil
	}
	return up
}
