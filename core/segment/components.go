package segment

// run is a stretch of foreground in one row: pixels from ≤ x < to.
type run struct {
	y, from, to, set int32
	class            uint8 // runs of two classes do not touch
}

// sets says which runs belong together: a forest in which each set points at another of
// its component with a lower number, the first at itself.
type sets []int32

func (s sets) root(x int32) int32 {
	for s[x] != x {
		s[x] = s[s[x]]
		x = s[x]
	}
	return x
}

// join makes one set of those of the runs before that r touches, and returns it; -1 if
// there are none. A run touches those that begin below r.to + reach.
func (s sets) join(before []run, r run, reach int32) int32 {
	set := int32(-1)
	for i := range before {
		if before[i].from >= r.to+reach {
			break
		}
		if before[i].class == r.class {
			set = s.unite(set, s.root(before[i].set))
		}
	}
	return set
}

// unite makes one set of two that are roots, and returns it; set may be -1, which is none.
func (s sets) unite(set, other int32) int32 {
	if set < 0 || set == other {
		return other
	}
	s[max(set, other)] = min(set, other)
	return min(set, other)
}

// Components numbers the connected pixels of a mask, from 1, in the order in which reading
// row by row meets them. Pixels that touch at a corner connect if diagonal is true.
func Components(m Mask, diagonal bool) (labels []uint32, n int) {
	var (
		runs  []run
		of    sets
		reach int32 // how far beyond its ends a run touches those of the row before
	)
	if diagonal {
		reach = 1
	}
	above, end := 0, 0 // the runs of the row before
	for y := range m.h {
		start := len(runs)
		m.rowRuns(y, func(from, to int) {
			r := run{y: int32(y), from: int32(from), to: int32(to)}
			for above < end && runs[above].to+reach <= r.from {
				above++
			}
			if r.set = of.join(runs[above:end], r, reach); r.set < 0 {
				r.set = int32(len(of))
				of = append(of, r.set)
			}
			runs = append(runs, r)
		})
		above, end = start, len(runs)
	}
	return paint(runs, of, m.w, m.h)
}

// paint numbers the sets in the order of their runs.
func paint(runs []run, of sets, w, h int) (labels []uint32, n int) {
	number := make([]uint32, len(of))
	labels = make([]uint32, w*h)
	for _, r := range runs {
		root := of.root(r.set)
		if number[root] == 0 {
			n++
			number[root] = uint32(n)
		}
		part, l := labels[int(r.y)*w:][r.from:r.to], number[root]
		for x := range part {
			part[x] = l
		}
	}
	return labels, n
}
