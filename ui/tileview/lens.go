package tileview

import (
	"fmt"
	"image/color"
	"math"

	"coverslip.dev/coverslip/core/annotation"
)

// lens is a circle at the pointer in which the objects of another layer stand instead of
// those of the image.
type lens struct {
	on     bool
	radius float64 // units of the screen
	a, b   string  // names of the two layers
	other  *index
	at     int // the time point that other lies in
	lay    *layer

	letters letters
}

const firstLens, leastLens, mostLens = 110, 40, 400 // units of the screen

// SetOther brings the layer that the lens shows, with the time point that it was found in, and names
// both. At other time points there is no lens.
func (v *View) SetOther(name, other string, objs []annotation.Object, t int) {
	v.lens.a, v.lens.b, v.lens.at = name, other, t
	if !v.lens.other.holds(objs) {
		v.lens.other = newTailed(objs, nil, v.filter.lets)
	}
	v.restyle()
	if v.lens.on {
		v.redraw()
	}
}

// SetLens switches the lens on or off.
func (v *View) SetLens(on bool) {
	v.lens.on = on
	v.restyle()
	v.redraw()
}

// Lens reports whether the lens is on.
func (v *View) Lens() bool { return v.lens.on }

// ScaleLens makes the lens larger or smaller.
func (v *View) ScaleLens(k float64) {
	v.lens.radius = min(max(v.lens.radius*k, leastLens), mostLens)
	v.redraw()
}

// looks reports whether there is something under the lens on the screen.
func (v *View) looks() bool { return v.lens.on && v.over && v.pictured() == v.lens.at }

// Under counts the objects that are shown at the time point on the screen and whose middle lies under
// the lens, on both layers.
func (v *View) Under() (a, b int) {
	r, t := v.lens.radius*v.ratio/v.at.scale, v.pictured()
	if t == v.objectsAt {
		a = v.objects.around(v.pen.cursor, r)
	}
	if t == v.lens.at {
		b = v.lens.other.around(v.pen.cursor, r)
	}
	return a, b
}

// around counts the shown objects the middle of whose outlines' boxes lies within r of p.
func (x *index) around(p annotation.Point, r float64) int {
	n := 0
	for _, i := range x.within(box{p.X - r, p.Y - r, p.X + r, p.Y + r}) {
		b := boxOf(x.all[i].Outline)
		if math.Hypot((b.x0+b.x1)/2-p.X, (b.y0+b.y1)/2-p.Y) <= r {
			n++
		}
	}
	return n
}

// lensed is a piece of the picture with the other layer on it.
type lensed struct {
	pix            []uint32
	x, y, w, h     int
	cx, cy, radius float64
}

// lookThrough makes the lens's piece of a picture that has no objects on it yet; false where there
// is none.
func (v *View) lookThrough(dst []uint32, w, h int, at camera) (lensed, bool) {
	if !v.looks() {
		return lensed{}, false
	}
	cx, cy := at.toScreen(v.pen.cursor)
	r := v.lens.radius * v.ratio
	l := lensed{x: max(0, int(cx-r)), y: max(0, int(cy-r)), cx: cx, cy: cy, radius: r}
	l.w, l.h = min(w, int(cx+r)+1)-l.x, min(h, int(cy+r)+1)-l.y
	if l.w <= 0 || l.h <= 0 {
		return lensed{}, false
	}
	l.pix = make([]uint32, l.w*l.h)
	for y := range l.h {
		copy(l.pix[y*l.w:(y+1)*l.w], dst[(l.y+y)*w+l.x:])
	}
	at.x += float64(l.x) / at.scale
	at.y += float64(l.y) / at.scale
	v.lens.lay.blit(l.pix, l.w, l.h, at)
	return l, true
}

// paintLens lays the piece into the picture, with a rim.
func (v *View) paintLens(s sheet, l lensed) {
	for y := range l.h {
		for x := range l.w {
			if math.Hypot(float64(l.x+x)+0.5-l.cx, float64(l.y+y)+0.5-l.cy) < l.radius {
				s.pix[(l.y+y)*s.w+l.x+x] = l.pix[y*l.w+x]
			}
		}
	}
	rim := make([]pt, 72)
	for i := range rim {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(rim)))
		rim[i] = pt{l.cx + l.radius*cos, l.cy + l.radius*sin}
	}
	s.stroke(rim, true, ink{0, 0, 0, 160}, 4*v.ratio, 0)
	s.stroke(rim, true, inkOf(color.NRGBA{0xe8, 0xec, 0xf0, 255}, 1), 2*v.ratio, 0)
}

// paintCounts writes the counts of both layers below the lens, or above it where there is no
// room; upright also where the view is turned.
func (v *View) paintCounts(s sheet) {
	if !v.looks() {
		return
	}
	a, b := v.Under()
	cx, cy := v.onScreen(v.pen.cursor)
	r := v.lens.radius * v.ratio
	if cx < -r || cy < -r || cx > float64(s.w)+r || cy > float64(s.h)+r {
		return
	}
	v.lens.letters.writeUnder(s, fmt.Sprintf("%s: %d, shown here  ·  %s: %d", v.lens.b, b, v.lens.a, a), cx, cy, r, v.ratio)
}

const countsText, countsAir = 14, 6 // units

// writeUnder writes text in white on dark below a circle, or above it, within the picture.
func (l *letters) writeUnder(s sheet, text string, cx, cy, r, unit float64) {
	m := l.mask(text, countsText*unit)
	air := countsAir
	wide, high := m.Rect.Dx()+2*air, m.Rect.Dy()+air
	x, y := min(max(int(cx)-wide/2, 1), max(s.w-wide-1, 1)), int(cy+r)+air
	if y+high > s.h {
		y = max(int(cy-r)-air-high, 0)
	}
	s.block(x, y, wide, high, ink{0, 0, 0, 190})
	s.print(m, x+air, y+air/2)
}
