package measure

import (
	"bytes"
	"image"
	"math"
	"math/bits"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/segment"
)

// mask is the pixels of one object: 1 inside, 0 outside.
type mask struct {
	rect image.Rectangle
	in   []uint8
}

// newMask is of the pixels within rect.
func newMask(outline []annotation.Point, rect image.Rectangle) mask {
	m := mask{rect: rect}
	m.in = make([]uint8, m.rect.Dx()*m.rect.Dy())
	segment.Fill(outline, m.rect, func(y, x0, x1 int) {
		row := m.in[(y-m.rect.Min.Y)*m.rect.Dx():]
		for x := x0; x < x1; x++ {
			row[x-m.rect.Min.X] = 1
		}
	})
	return m
}

// run is the pixels from ≤ x < to of row y.
type run struct{ y, from, to int }

// runs are the pixels of a mask, from above to below and from left to right.
func (m mask) runs() []run {
	w := m.rect.Dx()
	out := make([]run, 0, m.rect.Dy())
	for y := range m.rect.Dy() {
		row := m.in[y*w:][:w]
		for x := 0; ; {
			from := bytes.IndexByte(row[x:], 1)
			if from < 0 {
				break
			}
			from += x
			if x = bytes.IndexByte(row[from:], 0); x < 0 {
				x = w - from
			}
			x += from
			out = append(out, run{m.rect.Min.Y + y, m.rect.Min.X + from, m.rect.Min.X + x})
		}
	}
	return out
}

// shape measures what the pixels, which are as large as um says, tell without the image; runs
// are those of the mask.
func (m mask) shape(r *Row, runs []run, um imageio.Micron) {
	// Whole numbers, from the corner of the rectangle, so that nothing is rounded.
	var n, sx, sy, sxx, syy, sxy uint64
	squares := func(k uint64) uint64 { return (k - 1) * k * (2*k - 1) / 6 } // of the numbers below k
	for _, s := range runs {
		y, from, to := uint64(s.y-m.rect.Min.Y), uint64(s.from-m.rect.Min.X), uint64(s.to-m.rect.Min.X) //nolint:gosec // not negative
		k, x := to-from, (from+to-1)*(to-from)/2
		n, sx, sy = n+k, sx+x, sy+k*y
		sxx, syy, sxy = sxx+squares(to)-squares(from), syy+k*y*y, sxy+x*y
	}
	if n == 0 {
		return
	}
	area := float64(n)
	central := func(ab, a, b uint64) float64 { return difference(ab, n, a, b) / (area * area) } // second moments over the area
	r.X, r.Y = float64(m.rect.Min.X)+float64(sx)/area+0.5, float64(m.rect.Min.Y)+float64(sy)/area+0.5
	r.ellipse(area, central(sxx, sx, sx), central(syy, sy, sy), central(sxy, sx, sy), um)
	hull := hullOf(runs)
	r.Feret = hull.width(1, 1)
	if r.Perimeter = m.perimeter(); r.Perimeter > 0 {
		r.Circularity = 4 * math.Pi * area / (r.Perimeter * r.Perimeter)
	}
	if oblong(um) { // the estimate of a perimeter counts steps that are all of one length
		r.Micron.Feret, r.Micron.Perimeter, r.Circularity = hull.width(um.X, um.Y), math.NaN(), math.NaN()
	}
}

// ellipse is what area and second moments tell of a shape.
func (r *Row) ellipse(area, xx, yy, xy float64, um imageio.Micron) {
	r.Area, r.Diameter = area, math.Sqrt(4*area/math.Pi)
	r.Major, r.Minor = axes(xx, yy, xy)
	long, short := r.Major, r.Minor
	if oblong(um) {
		xx, yy, xy = xx*um.X*um.X, yy*um.Y*um.Y, xy*um.X*um.Y
		long, short = axes(xx, yy, xy)
		r.Micron.Diameter, r.Micron.Major, r.Micron.Minor = r.Diameter*math.Sqrt(um.X*um.Y), long, short
	}
	r.Orientation = orientation(xx, yy, xy)
	if long > 0 {
		r.Eccentricity = math.Sqrt(1 - short/long*(short/long))
	}
}

// axes are those of an ellipse with these second moments.
func axes(xx, yy, xy float64) (major, minor float64) {
	half := math.Hypot((xx-yy)/2, xy)
	return 4 * math.Sqrt((xx+yy)/2+half), 4 * math.Sqrt(max((xx+yy)/2-half, 0))
}

// difference is a·b - c·d, exact until it is rounded: the products of large objects need
// 128 bits.
func difference(a, b, c, d uint64) float64 {
	high, low := bits.Mul64(a, b)
	h, l := bits.Mul64(c, d)
	low, borrow := bits.Sub64(low, l, 0)
	high, borrow = bits.Sub64(high, h, borrow)
	sign := 1.0
	if borrow == 1 { // below 0, by the two's complement
		sign = -1
		low, borrow = bits.Sub64(0, low, 0)
		high, _ = bits.Sub64(0, high, borrow)
	}
	return sign * (float64(high)*0x1p64 + float64(low))
}

// orientation is the angle of the major axis, by the second moments.
func orientation(xx, yy, xy float64) float64 {
	switch {
	case xx != yy:
		return math.Atan2(2*xy, yy-xx) / 2
	case xy > 0:
		return math.Pi / 4
	}
	return -math.Pi / 4
}

// perimeter is that of Benkrid and Crookes (Design and FPGA implementation of a
// perimeter estimator, 2000), which regionprops uses: the line through the centres of the
// border pixels, each weighted by how its neighbours on the border lie.
func (m mask) perimeter() float64 {
	// Both with two pixels of nothing around.
	w, h := m.rect.Dx()+4, m.rect.Dy()+4
	in, border := make([]uint8, w*h), make([]uint8, w*h)
	for y := range m.rect.Dy() {
		copy(in[(y+2)*w+2:], m.in[y*m.rect.Dx():][:m.rect.Dx()])
	}
	for i := 2 * w; i < len(in)-2*w; i++ {
		border[i] = in[i] &^ (in[i-1] & in[i+1] & in[i-w] & in[i+w])
	}
	var straight, diagonal, mixed int
	for i := w; i < len(in)-w; i++ {
		if border[i] == 0 {
			continue // weighs nothing
		}
		code := 1 + 2*(border[i-1]+border[i+1]+border[i-w]+border[i+w]) + 10*(border[i-w-1]+border[i-w+1]+border[i+w-1]+border[i+w+1])
		switch code {
		case 5, 7, 15, 17, 25, 27:
			straight++
		case 21, 33:
			diagonal++
		case 13, 23:
			mixed++
		}
	}
	return float64(straight) + float64(diagonal)*math.Sqrt2 + float64(mixed)*(1+math.Sqrt2)/2
}
