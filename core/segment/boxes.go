package segment

import (
	"cmp"
	"math"
	"slices"
)

// Box is a rectangle with a score, in pixels.
type Box struct {
	X0, Y0, X1, Y1 float64
	Score          float64
	Class          int
}

// SuppressBoxes returns the numbers of the boxes with a score above least that remain when
// of two of one class whose intersection is more than iou of their union the one with the
// lower score goes. The best comes first; of equals the first one.
func SuppressBoxes(boxes []Box, least, iou float64) []int {
	var order []int
	side := 1.0
	for i, b := range boxes {
		if b.Score > least && b.X1 >= b.X0 && b.Y1 >= b.Y0 && !math.IsInf(b.X1-b.X0, 0) && !math.IsInf(b.Y1-b.Y0, 0) {
			order = append(order, i)
			side = max(side, b.X1-b.X0, b.Y1-b.Y0)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(boxes[b].Score, boxes[a].Score) })
	// Boxes that touch have their upper left corners in neighbouring cells.
	cells := map[[2]int][]int{}
	kept := order[:0]
	for _, i := range order {
		b := &boxes[i]
		cx, cy := int(math.Floor(b.X0/side)), int(math.Floor(b.Y0/side))
		if near(cells, cx, cy, func(j int) bool { return boxes[j].Class == b.Class && b.iou(&boxes[j]) > iou }) {
			continue
		}
		kept = append(kept, i)
		cells[[2]int{cx, cy}] = append(cells[[2]int{cx, cy}], i)
	}
	return kept
}

// iou is the intersection of two boxes over their union.
func (b *Box) iou(o *Box) float64 {
	w := max(min(b.X1, o.X1)-max(b.X0, o.X0), 0)
	h := max(min(b.Y1, o.Y1)-max(b.Y0, o.Y0), 0)
	return w * h / ((b.X1-b.X0)*(b.Y1-b.Y0) + (o.X1-o.X0)*(o.Y1-o.Y0) - w*h)
}
