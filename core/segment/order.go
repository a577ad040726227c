package segment

import (
	"cmp"
	"image"
	"math/bits"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

// rank is when an object is painted: after those of lower rank.
type rank struct {
	scores []float64 // of the objects in which it lies that might hide it, from outside, and its own
	i      int
}

func (a rank) compare(b rank) int {
	return cmp.Or(slices.Compare(a.scores, b.scores), cmp.Compare(a.i, b.i))
}

// paintOrder is by score, but what lies in another object comes after it: painted over, it would
// not be there at all.
func paintOrder(objects []annotation.Object, whole image.Rectangle) []rank {
	bounds, larger := make([]image.Rectangle, len(objects)), make([]int, len(objects))
	ranks, scores := make([]rank, len(objects)), make([]float64, len(objects))
	for i, o := range objects {
		bounds[i], larger[i], scores[i] = Bounds(o.Outline).Intersect(whole), i, o.Score
		ranks[i] = rank{scores[i : i+1 : i+1], i}
	}
	slices.SortStableFunc(larger, func(a, b int) int {
		return cmp.Compare(bounds[b].Dx()*bounds[b].Dy(), bounds[a].Dx()*bounds[a].Dy())
	})
	var seen nest
	for _, i := range larger { // what an object lies in has its rank before
		if bounds[i].Empty() {
			continue
		}
		seen.around(bounds[i], func(k int) {
			in := bounds[k] != bounds[i] && bounds[i].In(bounds[k])
			if in && slices.Compare(ranks[k].scores, ranks[i].scores) >= 0 && liesIn(objects[i].Outline, objects[k].Outline, bounds[i]) {
				ranks[i].scores = append(slices.Clip(ranks[k].scores), objects[i].Score)
			}
		})
		seen.add(bounds[i], i)
	}
	slices.SortFunc(ranks, rank.compare)
	return ranks
}

// nest finds the rectangles that may lie around another: by squares of a power of two as large
// as they are, of which each meets four at most.
type nest struct {
	at    map[[3]int][]int // by the power and the square
	sizes uint64           // the powers that there are
}

func (n *nest) add(r image.Rectangle, i int) {
	if n.at == nil {
		n.at = map[[3]int][]int{}
	}
	p := bits.Len(uint(max(r.Dx(), r.Dy()) - 1)) //nolint:gosec // not negative
	n.sizes |= 1 << p
	for y := r.Min.Y >> p; y <= (r.Max.Y-1)>>p; y++ {
		for x := r.Min.X >> p; x <= (r.Max.X-1)>>p; x++ {
			n.at[[3]int{p, x, y}] = append(n.at[[3]int{p, x, y}], i)
		}
	}
}

// around calls f for those that have the corner of r, which may be all that they have of it.
func (n *nest) around(r image.Rectangle, f func(i int)) {
	for all := n.sizes; all != 0; all &= all - 1 {
		p := bits.TrailingZeros64(all)
		for _, i := range n.at[[3]int{p, r.Min.X >> p, r.Min.Y >> p}] {
			f(i)
		}
	}
}

// liesIn reports whether nearly all of a, which is in r, is of b too: what is left of it beside
// b is hardly seen.
func liesIn(a, b []annotation.Point, r image.Rectangle) bool {
	inA, inB := sampled(a, r), sampled(beside(b, r), r)
	own, out := 0, 0
	for y := range inA {
		own += bits.OnesCount64(inA[y])
		out += bits.OnesCount64(inA[y] &^ inB[y])
	}
	return 10*out < own
}

// beside is an outline without the corners between those that lie, with them, above r or below:
// of a whole section not much is left beside one nucleus.
func beside(outline []annotation.Point, r image.Rectangle) []annotation.Point {
	top, end := float64(r.Min.Y), float64(r.Max.Y)
	where := func(p annotation.Point) int {
		switch {
		case p.Y <= top:
			return -1
		case p.Y >= end:
			return 1
		}
		return 0
	}
	var out []annotation.Point
	n := len(outline)
	before, here := where(outline[n-1]), where(outline[0])
	for i, p := range outline {
		next := where(outline[(i+1)%n])
		if here == 0 || here != before || here != next {
			out = append(out, p)
		}
		before, here = here, next
	}
	return out
}
