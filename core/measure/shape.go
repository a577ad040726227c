package measure

import (
	"image"
	"math"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

// mask is the pixels of one object: 1 inside, 0 outside.
type mask struct {
	rect image.Rectangle
	in   []uint8
}

func newMask(outline []annotation.Point, whole image.Rectangle) mask {
	m := mask{rect: segment.Bounds(outline).Intersect(whole)}
	m.in = make([]uint8, m.rect.Dx()*m.rect.Dy())
	segment.Fill(outline, m.rect, func(y, x0, x1 int) {
		row := m.in[(y-m.rect.Min.Y)*m.rect.Dx():]
		for x := x0; x < x1; x++ {
			row[x-m.rect.Min.X] = 1
		}
	})
	return m
}

// at returns 0 outside the rectangle.
func (m mask) at(x, y int) uint8 {
	if !(image.Point{X: x, Y: y}).In(m.rect) {
		return 0
	}
	return m.in[(y-m.rect.Min.Y)*m.rect.Dx()+x-m.rect.Min.X]
}

func (m mask) shape(r *Row) {
	var n, sx, sy float64
	m.each(func(x, y int) { n, sx, sy = n+1, sx+float64(x), sy+float64(y) })
	if n == 0 {
		return
	}
	cx, cy := sx/n, sy/n
	var xx, yy, xy float64 // second central moments over the area
	m.each(func(x, y int) {
		dx, dy := float64(x)-cx, float64(y)-cy
		xx, yy, xy = xx+dx*dx/n, yy+dy*dy/n, xy+dx*dy/n
	})
	half := math.Hypot((xx-yy)/2, xy)
	large, small := (xx+yy)/2+half, max((xx+yy)/2-half, 0)
	r.X, r.Y, r.Area = cx+0.5, cy+0.5, n
	r.Diameter = math.Sqrt(4 * n / math.Pi)
	r.Major, r.Minor = 4*math.Sqrt(large), 4*math.Sqrt(small)
	r.Feret, r.Orientation = m.feret(), orientation(xx, yy, xy)
	if large > 0 {
		r.Eccentricity = math.Sqrt(1 - small/large)
	}
	if r.Perimeter = m.perimeter(); r.Perimeter > 0 {
		r.Circularity = 4 * math.Pi * n / (r.Perimeter * r.Perimeter)
	}
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

func (m mask) each(f func(x, y int)) {
	for y := m.rect.Min.Y; y < m.rect.Max.Y; y++ {
		for x := m.rect.Min.X; x < m.rect.Max.X; x++ {
			if m.at(x, y) == 1 {
				f(x, y)
			}
		}
	}
}

// perimeter is that of Benkrid and Crookes (Design and FPGA implementation of a
// perimeter estimator, 2000), which regionprops uses: the line through the centres of the
// border pixels, each weighted by how its neighbours on the border lie.
func (m mask) perimeter() float64 {
	border := func(x, y int) int {
		if m.at(x, y) == 1 && (m.at(x-1, y)&m.at(x+1, y)&m.at(x, y-1)&m.at(x, y+1)) == 0 {
			return 1
		}
		return 0
	}
	var sum float64
	m.each(func(x, y int) {
		if border(x, y) == 0 {
			return // weighs nothing
		}
		code := 1 + 2*(border(x-1, y)+border(x+1, y)+border(x, y-1)+border(x, y+1)) +
			10*(border(x-1, y-1)+border(x+1, y-1)+border(x-1, y+1)+border(x+1, y+1))
		switch code {
		case 5, 7, 15, 17, 25, 27:
			sum++
		case 21, 33:
			sum += math.Sqrt2
		case 13, 23:
			sum += (1 + math.Sqrt2) / 2
		}
	})
	return sum
}
