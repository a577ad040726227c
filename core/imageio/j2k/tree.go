package j2k

import "image"

// node is one of a tag tree (B.10.2): at least low, and exactly that once it is known.
type node struct {
	low    int32
	known  bool
	parent int32 // -1: the root
}

// tree makes a tag tree over leaves in rows and returns the first leaf.
func (d *Decoder) tree(grid image.Point) int {
	first := len(d.nodes)
	for {
		next := len(d.nodes) + grid.X*grid.Y
		above := image.Pt((grid.X+1)/2, (grid.Y+1)/2)
		for y := range grid.Y {
			for x := range grid.X {
				parent := int32(next + y/2*above.X + x/2)
				if grid == above { // 1 × 1
					parent = -1
				}
				d.nodes = append(d.nodes, node{parent: parent})
			}
		}
		if grid == above {
			return first
		}
		grid = above
	}
}

// below reads until it is known whether a leaf is below the threshold.
func (d *Decoder) below(r *bitReader, leaf int, threshold int32) bool {
	var path [32]int32
	n := 0
	for i := int32(leaf); i >= 0; i = d.nodes[i].parent {
		path[n] = i
		n++
	}
	low := int32(0)
	for n--; n >= 0; n-- {
		q := &d.nodes[path[n]]
		q.low = max(q.low, low)
		for !q.known && q.low < threshold && !r.short {
			if r.bit() != 0 {
				q.known = true
			} else {
				q.low++
			}
		}
		low = q.low
	}
	return low < threshold && d.nodes[leaf].known
}
