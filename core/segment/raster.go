package segment

import (
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

// Labels paints objects into an image of w·h pixels, as a [Painter] does.
func Labels(objects []annotation.Object, w, h int) []uint32 {
	out := make([]uint32, w*h)
	NewPainter(objects, w, h).Rows(0, out)
	return out
}

// Painter paints objects into an image, some rows at a time: the i-th object is i+1, 0 is
// background. Where objects overlap the one with the higher score shows, but one that lies in
// another shows in any case. A pixel belongs to an outline if its centre is inside or on the
// line, as in skimage.draw.polygon.
type Painter struct {
	objects []annotation.Object
	w       int
	in      [][]int32 // objects by the strips of rows that they meet, those that show last
}

// strip is how many rows of an image know their objects together.
const strip = 256

// NewPainter is for an image of w·h pixels.
func NewPainter(objects []annotation.Object, w, h int) *Painter {
	p := &Painter{objects: objects, w: w, in: make([][]int32, (h+strip-1)/strip)}
	whole := image.Rect(0, 0, w, h)
	for _, o := range paintOrder(objects, whole) {
		r := Bounds(objects[o.i].Outline).Intersect(whole)
		for k := r.Min.Y / strip; !r.Empty() && k <= (r.Max.Y-1)/strip; k++ {
			p.in[k] = append(p.in[k], int32(o.i))
		}
	}
	return p
}

// Rows paints the rows from y on over out, which is 0 and as long as the rows are to be.
func (p *Painter) Rows(y int, out []uint32) {
	end := y + len(out)/max(p.w, 1)
	for from := y; from < end; {
		k := from / strip
		to := min((k+1)*strip, end)
		for _, i := range p.in[k] {
			Fill(p.objects[i].Outline, image.Rect(0, from, p.w, to), func(row, x0, x1 int) {
				at := out[(row-y)*p.w:][:p.w]
				for x := x0; x < x1; x++ {
					at[x] = uint32(i + 1)
				}
			})
		}
		from = to
	}
}

// Bounds returns the pixels that an outline can touch.
func Bounds(outline []annotation.Point) image.Rectangle {
	if len(outline) == 0 {
		return image.Rectangle{}
	}
	lo, hi := outline[0], outline[0]
	for _, p := range outline {
		lo.X, lo.Y, hi.X, hi.Y = min(lo.X, p.X), min(lo.Y, p.Y), max(hi.X, p.X), max(hi.Y, p.Y)
	}
	return image.Rect(int(math.Floor(lo.X)), int(math.Floor(lo.Y)), int(math.Floor(hi.X))+1, int(math.Floor(hi.Y))+1)
}

// Fill calls span for runs of pixels x0 ≤ x < x1 of an outline within r, from above to
// below. Runs of one row may overlap where the outline touches itself.
func Fill(outline []annotation.Point, r image.Rectangle, span func(y, x0, x1 int)) {
	if len(outline) < 3 {
		return
	}
	r = r.Intersect(Bounds(outline))
	if r.Empty() {
		return
	}
	put := func(y int, a, b float64) { // from a to b, in coordinates of pixel centres
		x0, x1 := max(int(math.Ceil(a)), r.Min.X), min(int(math.Floor(b))+1, r.Max.X)
		if x0 < x1 {
			span(y, x0, x1)
		}
	}
	xs, first := rowCrossings(outline, r)
	flat := level(outline, r)
	for i := range r.Dy() {
		for ; len(flat) > 0 && flat[0].y == r.Min.Y+i; flat = flat[1:] {
			put(flat[0].y, flat[0].from, flat[0].to)
		}
		row := xs[first[i]:first[i+1]]
		if len(row) == 2 && row[0] > row[1] { // nearly always there are two
			row[0], row[1] = row[1], row[0]
		} else if len(row) > 2 {
			slices.Sort(row)
		}
		for k := 0; k+1 < len(row); k += 2 {
			put(r.Min.Y+i, row[k], row[k+1])
		}
	}
}

// edges calls f for the edges of an outline, in coordinates of pixel centres.
func edges(outline []annotation.Point, f func(p, q annotation.Point)) {
	p := outline[len(outline)-1]
	p.X, p.Y = p.X-0.5, p.Y-0.5
	for _, q := range outline {
		q.X, q.Y = q.X-0.5, q.Y-0.5
		f(p, q)
		p = q
	}
}

// rowCrossings returns where edges cross the middles of the rows of r, row by row; those of
// the i-th row begin at first[i].
func rowCrossings(outline []annotation.Point, r image.Rectangle) (xs []float64, first []int32) {
	rows := func(p, q annotation.Point) (from, to int) {
		return max(int(math.Ceil(min(p.Y, q.Y))), r.Min.Y), min(int(math.Ceil(max(p.Y, q.Y))), r.Max.Y)
	}
	first = make([]int32, r.Dy()+2)
	edges(outline, func(p, q annotation.Point) {
		from, to := rows(p, q)
		for y := from; y < to; y++ {
			first[y-r.Min.Y+2]++
		}
	})
	for i := 2; i < len(first); i++ {
		first[i] += first[i-1]
	}
	xs = make([]float64, first[len(first)-1])
	edges(outline, func(p, q annotation.Point) {
		from, to := rows(p, q)
		for y := from; y < to; y++ {
			at := &first[y-r.Min.Y+1]
			xs[*at] = (p.X-q.X)*(float64(y)-q.Y)/(p.Y-q.Y) + q.X
			*at++
		}
	})
	return xs, first
}

// stretch is a part of a row, in coordinates of pixel centres.
type stretch struct {
	y        int
	from, to float64
}

// level returns the corners and the level edges that lie in the middle of a row: they are
// part of an outline.
func level(outline []annotation.Point, r image.Rectangle) []stretch {
	var out []stretch
	edges(outline, func(p, q annotation.Point) {
		y := int(q.Y)
		switch {
		case float64(y) != q.Y || y < r.Min.Y || y >= r.Max.Y:
		case p.Y == q.Y:
			out = append(out, stretch{y, min(p.X, q.X), max(p.X, q.X)})
		default:
			out = append(out, stretch{y, q.X, q.X})
		}
	})
	slices.SortStableFunc(out, func(a, b stretch) int { return a.y - b.y })
	return out
}
