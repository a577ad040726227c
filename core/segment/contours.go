package segment

import (
	"fmt"
	"math"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
)

// Contours returns the outline of each label of an image w pixels wide, along the edges of
// its pixels, with corners only where it turns; holes are joined to it as by
// [annotation.Join]. Of a
// label in several parts it is the one of most pixels, of equals the one that reading row by
// row meets first; pixels that touch at a corner do not connect. Painting the outline with
// [Labels] gives these pixels again.
func Contours(labels []uint32, w int) map[uint32][]annotation.Point {
	j := parts(labels, w)
	first, order := j.byRegion()
	type part struct{ i, n int }
	largest := map[uint32]part{}
	for i := range len(first) - 1 {
		runs, n := order[first[i]:first[i+1]], 0
		for _, k := range runs {
			n += int(j.runs[k].to - j.runs[k].from)
		}
		l := labels[int(j.runs[runs[0]].y)*w+int(j.runs[runs[0]].from)]
		if n > largest[l].n {
			largest[l] = part{i, n}
		}
	}
	out := make(map[uint32][]annotation.Point, len(largest))
	var box []uint8
	for l, p := range largest {
		out[l], box = j.outline(order[first[p.i]:first[p.i+1]], box)
	}
	return out
}

// joined is runs of pixels, from above to below, and which of them belong together.
type joined struct {
	runs []run
	of   sets
}

// parts joins the runs of each label.
func parts(labels []uint32, w int) *joined {
	var j joined
	before := 0
	for y := 0; y*w < len(labels); y++ {
		above, end := before, len(j.runs)
		before = end
		j.runs = labelRuns(labels[y*w:][:w], int32(y), j.runs)
		for i := range j.runs[end:] {
			r := &j.runs[end+i]
			for above < end && j.runs[above].to <= r.from {
				above++
			}
			for k := above; k < end && j.runs[k].from < r.to; k++ {
				if o := j.runs[k]; labels[int(o.y)*w+int(o.from)] == labels[y*w+int(r.from)] {
					r.set = j.of.unite(r.set, j.of.root(o.set))
				}
			}
			if r.set < 0 {
				r.set = int32(len(j.of))
				j.of = append(j.of, r.set)
			}
		}
	}
	return &j
}

// labelRuns appends the stretches of one label in a row to out, of no set yet.
func labelRuns(row []uint32, y int32, out []run) []run {
	for x := 0; x < len(row); {
		from, l := x, row[x]
		for x < len(row) && row[x] == l {
			x++
		}
		if l != 0 {
			out = append(out, run{y: y, from: int32(from), to: int32(x), set: -1})
		}
	}
	return out
}

// byRegion returns the runs in the order of their regions, and where each region begins.
func (j *joined) byRegion() (first, order []int32) {
	number := make([]int32, len(j.of)) // by root, from 1
	of := make([]int32, len(j.runs))
	for k, a := range j.runs {
		root := j.of.root(a.set)
		if number[root] == 0 {
			first = append(first, 0)
			number[root] = int32(len(first))
		}
		of[k] = number[root] - 1
		first[of[k]]++
	}
	first = append(first, 0)
	at := int32(0)
	for i, n := range first {
		first[i] = at
		at += n
	}
	next := append([]int32(nil), first...)
	order = make([]int32, len(j.runs))
	for k, i := range of {
		order[next[i]] = int32(k)
		next[i]++
	}
	return first, order
}

// bounds is the rectangle of a region.
func (j *joined) bounds(runs []int32) (left, top, w, h int) {
	x0, x1 := int32(math.MaxInt32), int32(0)
	for _, k := range runs {
		x0, x1 = min(x0, j.runs[k].from), max(x1, j.runs[k].to)
	}
	y0, y1 := j.runs[runs[0]].y, j.runs[runs[len(runs)-1]].y
	return int(x0), int(y0), int(x1 - x0), int(y1-y0) + 1
}

// maxBox bounds the rectangle of a region that is not in memory, in pixels, of a byte each.
const maxBox = 1 << 30

// fits is the error for a region that is too large to be outlined.
func (j *joined) fits(runs []int32) error {
	if _, _, w, h := j.bounds(runs); w*h > maxBox {
		return fault.New(fault.Invalid, "The model sees one object nearly everywhere in this image.",
			"Check the channel, raise the threshold, or analyse a part.", fmt.Errorf("a region of %d×%d pixels", w, h))
	}
	return nil
}

// outline paints a region into box, which may grow, and walks around it and its holes.
func (j *joined) outline(runs []int32, box []uint8) ([]annotation.Point, []uint8) {
	left, top, w, h := j.bounds(runs)
	if cap(box) < w*h {
		box = make([]uint8, w*h)
	}
	box = box[:w*h]
	clear(box)
	n := 0
	for _, k := range runs {
		a := j.runs[k]
		n += int(a.to - a.from)
		row := box[(int(a.y)-top)*w:]
		for x := int(a.from) - left; x < int(a.to)-left; x++ {
			row[x] = 1
		}
	}
	pts := contour(box, w, int(j.runs[runs[0]].from)-left, 0, 0)
	if Area(pts) != float64(n) {
		pts = annotation.Join(pts, holes(box, w))
	}
	for i := range pts {
		pts[i].X += float64(left)
		pts[i].Y += float64(top)
	}
	return pts, box
}

// below marks pixels of a box under which an outline runs.
const below = 2

// holes walks around what a region, which is alone in its box, encloses. Pixels below which
// its outline runs are marked.
func holes(box []uint8, w int) [][]annotation.Point {
	var out [][]annotation.Point
	for i := range len(box) - w {
		if box[i] == 1 && box[i+w] == 0 { // above the first pixel of a hole
			out = append(out, contour(box, w, i%w, i/w+1, 1))
		}
	}
	return out
}

// contour walks around the pixels of a box that are not 0 with them at the right hand, from
// the corner (x0, y0), in direction d: from the upper left one of an object's first pixel
// east, of a hole's south. Where two pixels touch only at a corner it keeps to the pixel it is
// at, so what comes out is 4-connected and never crosses itself.
func contour(box []uint8, w, x0, y0, d int) []annotation.Point {
	h := len(box) / w
	in := func(x, y int) bool { return x >= 0 && y >= 0 && x < w && y < h && box[y*w+x] != 0 }
	// Directions east, south, west, north; ahead are the pixels at the left and right
	// of the next step, from the corner (x, y).
	dx, dy := [4]int{1, 0, -1, 0}, [4]int{0, 1, 0, -1}
	left := [4][2]int{{0, -1}, {0, 0}, {-1, 0}, {-1, -1}}
	right := [4][2]int{{0, 0}, {-1, 0}, {-1, -1}, {0, -1}}
	x, y := x0, y0
	pts := []annotation.Point{{X: float64(x), Y: float64(y)}}
	for {
		x, y = x+dx[d], y+dy[d]
		if d == 2 {
			box[(y-1)*w+x] |= below
		}
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
