package segment

import (
	"image"
	"math/bits"

	"coverslip.dev/coverslip/core/annotation"
)

// Overlap tells how much of two outlines lies in both, and how large each of them is, by 64
// samples along each side of the rectangle around them: an [annotation.Overlap] that takes as
// long for a slide as for a nucleus.
func Overlap(a, b []annotation.Point) (both, ofA, ofB float64) {
	const n = 64
	around := Bounds(a).Union(Bounds(b))
	sx, sy := n/float64(around.Dx()), n/float64(around.Dy())
	paint := func(outline []annotation.Point) (rows [n]uint64) {
		scaled := make([]annotation.Point, len(outline))
		for i, p := range outline {
			scaled[i] = annotation.Point{X: (p.X - float64(around.Min.X)) * sx, Y: (p.Y - float64(around.Min.Y)) * sy}
		}
		Fill(scaled, image.Rect(0, 0, n, n), func(y, x0, x1 int) {
			rows[y] |= (1<<(x1-x0) - 1) << x0
		})
		return rows
	}
	inA, inB := paint(a), paint(b)
	for y := range n {
		both += float64(bits.OnesCount64(inA[y] & inB[y]))
		ofA += float64(bits.OnesCount64(inA[y]))
		ofB += float64(bits.OnesCount64(inB[y]))
	}
	return both, ofA, ofB
}
