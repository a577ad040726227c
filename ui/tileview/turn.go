package tileview

import (
	"math"

	"coverslip.dev/coverslip/core/annotation"
)

// Turn turns the view clockwise around its middle, by degrees. A whole image stays whole.
func (v *View) Turn(degrees float64) {
	w, h := v.pixels()
	all := v.src != nil && v.fitted && v.showsAll(w, h)
	v.angle = math.Mod(v.angle+degrees+360, 360)
	if all {
		v.at = fit(v.imageSize(), v.angle, w, h)
	}
	v.stir()
	v.redraw()
	v.share()
	v.told()
}

// Angle returns by how many degrees the view is turned clockwise, 0…360.
func (v *View) Angle() float64 { return v.angle }

// upright turns a pixel of the screen to where it would be if the view were not turned.
func (v *View) upright(x, y float64) (ux, uy float64) { return v.turned(x, y, -v.angle) }

// turned turns a pixel of the screen around the middle.
func (v *View) turned(x, y, degrees float64) (tx, ty float64) {
	if degrees == 0 {
		return x, y
	}
	w, h := v.pixels()
	cx, cy := float64(w)/2, float64(h)/2
	dx, dy := rotate(x-cx, y-cy, degrees)
	return cx + dx, cy + dy
}

// rotate turns a vector clockwise, as y goes down.
func rotate(x, y, degrees float64) (rx, ry float64) {
	s, c := sincos(degrees)
	return x*c - y*s, x*s + y*c
}

// boundsOf is the size of the upright box around a box of w×h that is turned by degrees.
func boundsOf(w, h, degrees float64) (bw, bh float64) {
	s, c := sincos(degrees)
	s, c = math.Abs(s), math.Abs(c)
	return c*w + s*h, s*w + c*h
}

// sincos is exact for quarters.
func sincos(degrees float64) (s, c float64) {
	if q := math.Mod(degrees+720, 360) / 90; q == math.Trunc(q) {
		return [...]float64{0, 1, 0, -1}[int(q)], [...]float64{1, 0, -1, 0}[int(q)]
	}
	return math.Sincos(degrees * math.Pi / 180)
}

// onScreen is where a place in the image stands on the turned screen.
func (v *View) onScreen(p annotation.Point) (x, y float64) {
	x, y = v.at.toScreen(p)
	return v.turned(x, y, v.angle)
}

// across is how many micrometres a pixel of the image is along the screen's rows, also where pixels
// are not square; 0 where the image is not calibrated.
func (v *View) across() float64 {
	m := v.info.Micron
	if m.Y <= 0 {
		m.Y = m.X
	}
	s, c := sincos(v.angle)
	return math.Hypot(c*m.X, s*m.Y)
}

// paintTurned paints an upright picture that holds the turned screen, and turns that.
func (v *View) paintTurned(dst []uint32, w, h int) {
	s, c := sincos(v.angle)
	wide, high := boundsOf(float64(w), float64(h), v.angle)
	bw, bh := int(math.Ceil(wide))+2, int(math.Ceil(high))+2
	if len(v.upper) < bw*bh {
		v.upper = make([]uint32, bw*bh)
	}
	pix := v.upper[:bw*bh]
	at := v.at
	at.x += (float64(w) - float64(bw)) / 2 / at.scale
	at.y += (float64(h) - float64(bh)) / 2 / at.scale
	v.scene(pix, bw, bh, at)
	const one = 1 << 32
	dx, dy := int64(c*one), int64(-s*one) // a step to the right, on the upright picture
	for y := range h {
		ox, oy := 0.5-float64(w)/2, float64(y)+0.5-float64(h)/2
		ux := int64((ox*c + oy*s + float64(bw)/2) * one)
		uy := int64((-ox*s + oy*c + float64(bh)/2) * one)
		for x := range w {
			px, py := min(max(int(ux>>32), 0), bw-1), min(max(int(uy>>32), 0), bh-1)
			dst[y*w+x] = pix[py*bw+px]
			ux, uy = ux+dx, uy+dy
		}
	}
}
