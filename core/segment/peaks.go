package segment

import (
	"cmp"
	"slices"
)

// number is what an image's pixels may be.
type number interface{ ~int32 | ~float32 | ~float64 }

// Peaks returns the pixels of an image w pixels wide that are above threshold, that no
// pixel within reach (a square) exceeds, and of which no higher one is nearer than reach
// along both axes: skimage.feature.peak_local_max with min_distance. The highest comes
// first; of equals the one that reading row by row meets first.
func Peaks[T number](v []T, w, reach int, threshold T) []int {
	h := len(v) / max(w, 1)
	var at []int
	for i, x := range v {
		if x > threshold && highest(v, w, h, i, reach) {
			at = append(at, i)
		}
	}
	if len(at) == len(v) {
		return nil // an image of one value has no peak
	}
	slices.SortStableFunc(at, func(a, b int) int { return cmp.Compare(v[b], v[a]) })
	if reach <= 1 {
		return at
	}
	return spaced(at, w, reach)
}

// highest reports whether no pixel within reach is above pixel i. The nearest come first,
// as they decide nearly always.
func highest[T number](v []T, w, h, i, reach int) bool {
	x, y := i%w, i/w
	top := v[i]
	if x > 0 && v[i-1] > top || x+1 < w && v[i+1] > top || y > 0 && v[i-w] > top || y+1 < h && v[i+w] > top {
		return false
	}
	for yy := max(y-reach, 0); yy <= min(y+reach, h-1); yy++ {
		for _, u := range v[yy*w+max(x-reach, 0) : yy*w+min(x+reach, w-1)+1] {
			if u > top {
				return false
			}
		}
	}
	return true
}

// spaced keeps, in order, the positions that have none kept before nearer than reach.
func spaced(at []int, w, reach int) []int {
	cells := map[[2]int][]int{}
	kept := at[:0]
	for _, i := range at {
		x, y := i%w, i/w
		cx, cy := x/reach, y/reach
		if near(cells, cx, cy, func(j int) bool { return max(x-j%w, j%w-x) < reach && max(y-j/w, j/w-y) < reach }) {
			continue
		}
		kept = append(kept, i)
		cells[[2]int{cx, cy}] = append(cells[[2]int{cx, cy}], i)
	}
	return kept
}

// near reports whether something in a cell or its neighbours is close.
func near(cells map[[2]int][]int, cx, cy int, isClose func(int) bool) bool {
	for dy := -1; dy <= 1; dy++ {
		for dx := -1; dx <= 1; dx++ {
			if slices.ContainsFunc(cells[[2]int{cx + dx, cy + dy}], isClose) {
				return true
			}
		}
	}
	return false
}
