package segment

import (
	"image"
	"math/bits"

	"coverslip.dev/coverslip/core/annotation"
)

// samples are the sides of a raster that tells of outlines of any size about as well.
const samples = 64

// sampled paints an outline by so many samples along each side of a rectangle.
func sampled(outline []annotation.Point, in image.Rectangle) (rows [samples]uint64) {
	sx, sy := samples/float64(in.Dx()), samples/float64(in.Dy())
	scaled := make([]annotation.Point, len(outline))
	for i, p := range outline {
		scaled[i] = annotation.Point{X: (p.X - float64(in.Min.X)) * sx, Y: (p.Y - float64(in.Min.Y)) * sy}
	}
	Fill(scaled, image.Rect(0, 0, samples, samples), func(y, x0, x1 int) {
		rows[y] |= (1<<(x1-x0) - 1) << x0
	})
	return rows
}

// Overlap tells how much of two outlines lies in both, and how large each of them is, by
// samples in the rectangle around them: an [annotation.Overlap] that takes as long for a slide
// as for a nucleus.
func Overlap(a, b []annotation.Point) (both, ofA, ofB float64) {
	around := Bounds(a).Union(Bounds(b))
	inA, inB := sampled(a, around), sampled(b, around)
	for y := range inA {
		both += float64(bits.OnesCount64(inA[y] & inB[y]))
		ofA += float64(bits.OnesCount64(inA[y]))
		ofB += float64(bits.OnesCount64(inB[y]))
	}
	return both, ofA, ofB
}
