package segment

import (
	"slices"

	"coverslip.dev/coverslip/core/annotation"
)

// Contours returns the outer outline of each label of an image w pixels wide, along the
// edges of its pixels, with corners only where it turns. Of a label in several parts it
// is the one of most pixels, of equals the one that reading row by row meets first; pixels
// that touch at a corner do not connect; holes are filled. Painting the outline with
// [Labels] gives these pixels again.
func Contours(labels []uint32, w int) map[uint32][]annotation.Point {
	largest := map[uint32]part{}
	for _, p := range parts(labels, w) {
		if p.n > largest[p.label].n {
			largest[p.label] = p
		}
	}
	out := make(map[uint32][]annotation.Point, len(largest))
	for l, p := range largest {
		out[l] = contour(labels, w, p.first)
	}
	return out
}

// part is connected pixels of one label.
type part struct {
	label    uint32
	first, n int // its first pixel, and how many it has
}

// parts returns those of all labels in the order in which reading row by row meets them.
func parts(labels []uint32, w int) []part {
	var (
		all         []part // by set; what joins another has none left
		of          sets
		before, row []run
	)
	for y := 0; y*w < len(labels); y++ {
		above := 0
		row = labelRuns(labels[y*w:][:w], row[:0])
		for i := range row {
			r := &row[i]
			first := y*w + int(r.from)
			for above < len(before) && before[above].to <= r.from {
				above++
			}
			for k := above; k < len(before) && before[k].from < r.to; k++ {
				if s := of.root(before[k].set); all[s].label == labels[first] {
					r.set = of.unite(r.set, s)
				}
			}
			if r.set < 0 {
				r.set = int32(len(of))
				of, all = append(of, r.set), append(all, part{label: labels[first], first: first})
			}
			all[r.set].n += int(r.to - r.from)
		}
		before, row = row, before
	}
	addUp(all, of)
	return all
}

// addUp gives the pixels of parts to those that they joined.
func addUp(all []part, of sets) {
	for s, to := range slices.Backward(of) { // each points at a lower one
		if int(to) != s {
			all[to].n += all[s].n
			all[s].n = 0
		}
	}
}

// labelRuns appends the stretches of one label in a row to out, of no set yet.
func labelRuns(row []uint32, out []run) []run {
	for x := 0; x < len(row); {
		from, l := x, row[x]
		for x < len(row) && row[x] == l {
			x++
		}
		if l != 0 {
			out = append(out, run{from: int32(from), to: int32(x), set: -1})
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
