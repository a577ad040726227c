package segment

import "coverslip.dev/coverslip/core/annotation"

// Contours returns the outer outline of each label of an image w pixels wide, along the
// edges of its pixels, with corners only where it turns. Of a label in several parts it
// is the part that reading row by row meets first; holes are filled. Painting the
// outline with [Labels] gives these pixels again.
func Contours(labels []uint32, w int) map[uint32][]annotation.Point {
	out := map[uint32][]annotation.Point{}
	last := uint32(0) // pixels of one label stand beside each other
	for i, l := range labels {
		if l == last {
			continue
		}
		last = l
		if l != 0 && out[l] == nil {
			out[l] = contour(labels, w, i)
		}
	}
	return out
}

// contour walks around the label with the object at its right hand, from the upper left
// corner of pixel i, the first of its label. Where two pixels touch only at a corner it
// keeps to the pixel it is at, so what comes out is 4-connected and never crosses itself.
func contour[T uint8 | uint32](labels []T, w, i int) []annotation.Point {
	h := len(labels) / w
	l := labels[i]
	in := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && labels[y*w+x] == l }
	// Directions east, south, west, north; ahead are the pixels at the left and right
	// of the next step, from the corner (x, y).
	dx, dy := [4]int{1, 0, -1, 0}, [4]int{0, 1, 0, -1}
	left := [4][2]int{{0, -1}, {0, 0}, {-1, 0}, {-1, -1}}
	right := [4][2]int{{0, 0}, {-1, 0}, {-1, -1}, {0, -1}}
	x0, y0 := i%w, i/w
	x, y, d := x0, y0, 0
	pts := []annotation.Point{{X: float64(x), Y: float64(y)}}
	for {
		x, y = x+dx[d], y+dy[d]
		if x == x0 && y == y0 {
			return pts
		}
		turn := 0
		switch {
		case !in(x+right[d][0], y+right[d][1]):
			turn = 1
		case in(x+left[d][0], y+left[d][1]):
			turn = 3
		}
		if turn != 0 {
			pts = append(pts, annotation.Point{X: float64(x), Y: float64(y)})
			d = (d + turn) % 4
		}
	}
}
