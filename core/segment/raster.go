package segment

import (
	"cmp"
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

// Labels paints objects into an image of w·h pixels, row by row: the i-th object is
// i+1, 0 is background. Where objects overlap the one with the higher score shows. A
// pixel belongs to an outline if its centre is inside or on the line, as in
// skimage.draw.polygon.
func Labels(objects []annotation.Object, w, h int) []uint32 {
	out := make([]uint32, w*h)
	order := make([]int, len(objects))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(objects[a].Score, objects[b].Score) })
	for _, i := range order {
		Fill(objects[i].Outline, image.Rect(0, 0, w, h), func(y, x0, x1 int) {
			row := out[y*w : (y+1)*w]
			for x := x0; x < x1; x++ {
				row[x] = uint32(i + 1)
			}
		})
	}
	return out
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
	put := func(y int, a, b float64) { // from a to b, in coordinates of pixel centres
		x0, x1 := max(int(math.Ceil(a)), r.Min.X), min(int(math.Floor(b))+1, r.Max.X)
		if x0 < x1 {
			span(y, x0, x1)
		}
	}
	var xs []float64
	for y := r.Min.Y; y < r.Max.Y; y++ {
		xs = xs[:0]
		fy := float64(y)
		p := outline[len(outline)-1]
		px, py := p.X-0.5, p.Y-0.5
		for _, q := range outline {
			qx, qy := q.X-0.5, q.Y-0.5
			if (py <= fy) != (qy <= fy) {
				xs = append(xs, (px-qx)*(fy-qy)/(py-qy)+qx)
			}
			if py == fy && qy == fy { // a level edge is part of the outline
				put(y, min(px, qx), max(px, qx))
			} else if qy == fy { // so is a corner
				put(y, qx, qx)
			}
			px, py = qx, qy
		}
		slices.Sort(xs)
		for i := 0; i+1 < len(xs); i += 2 {
			put(y, xs[i], xs[i+1])
		}
	}
}
