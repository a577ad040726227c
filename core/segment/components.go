package segment

// run is a stretch of foreground in one row: pixels from ≤ x < to.
type run struct{ y, from, to, set int32 }

// Components numbers the connected pixels for which inside is true, from 1, in the order
// in which reading row by row meets them. Pixels that touch at a corner connect if
// diagonal is true.
func Components(inside func(i int) bool, w, h int, diagonal bool) (labels []uint32, n int) {
	var (
		runs   []run
		parent []int32
		reach  int32 // how far beyond its ends a run touches those of the row before
	)
	if diagonal {
		reach = 1
	}
	find := func(x int32) int32 {
		for parent[x] != x {
			parent[x] = parent[parent[x]]
			x = parent[x]
		}
		return x
	}
	above, end := 0, 0 // the runs of the row before
	for y := range h {
		start := len(runs)
		for x := 0; x < w; x++ {
			if !inside(y*w + x) {
				continue
			}
			r := run{y: int32(y), from: int32(x), set: -1}
			for x < w && inside(y*w+x) {
				x++
			}
			r.to = int32(x)
			for above < end && runs[above].to+reach <= r.from {
				above++
			}
			for k := above; k < end && runs[k].from < r.to+reach; k++ {
				a := find(runs[k].set)
				if r.set < 0 {
					r.set = a
				} else if b := r.set; a != b {
					r.set = min(a, b)
					parent[max(a, b)] = r.set
				}
			}
			if r.set < 0 {
				r.set = int32(len(parent))
				parent = append(parent, r.set)
			}
			runs = append(runs, r)
		}
		above, end = start, len(runs)
	}
	return paint(runs, len(parent), w, h, find)
}

// paint numbers the sets in the order of their runs.
func paint(runs []run, sets, w, h int, find func(int32) int32) (labels []uint32, n int) {
	number := make([]uint32, sets)
	labels = make([]uint32, w*h)
	for _, r := range runs {
		root := find(r.set)
		if number[root] == 0 {
			n++
			number[root] = uint32(n)
		}
		row := labels[int(r.y)*w:][:w]
		for x := r.from; x < r.to; x++ {
			row[x] = number[root]
		}
	}
	return labels, n
}
