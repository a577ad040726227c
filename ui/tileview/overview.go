package tileview

import (
	"image"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/theme"
)

const (
	overviewSide = 180 // units: its longer side
	overviewEdge = 12  // units to the corner of the view
)

// SetOverview shows or hides the small picture of the whole image in the corner.
func (v *View) SetOverview(on bool) {
	v.overview = on
	v.redraw()
}

// Overview reports whether the small picture is shown when there is more than the screen.
func (v *View) Overview() bool { return v.overview }

// overviewBox is where the small picture lies on a screen of w×h pixels, and its pixels a pixel of
// the image; empty while the screen shows the whole image anyway. Of a long image it is wider than
// the picture, which would be less than a pixel.
func (v *View) overviewBox(w, h int) (box image.Rectangle, k float64) {
	size := v.imageSize()
	if !v.overview || size.X == 0 || v.at.scale <= fit(size, v.angle, w, h).scale*1.02 {
		return image.Rectangle{}, 0
	}
	k = min(overviewSide*v.ratio, float64(w)/4, float64(h)/2) / float64(max(size.X, size.Y))
	d := image.Pt(max(int(float64(size.X)*k), 2), max(int(float64(size.Y)*k), 2))
	at := image.Pt(w-d.X-int(overviewEdge*v.ratio), int(overviewEdge*v.ratio))
	return image.Rectangle{Min: at, Max: at.Add(d)}.Intersect(image.Rect(0, 0, w, h)), k
}

// mapped reports whether the small picture is on the screen.
func (v *View) mapped() bool {
	box, _ := v.overviewBox(v.painted.X, v.painted.Y)
	return !box.Empty()
}

// paintOverview draws the coarsest level small, and a frame around what the screen shows.
func (v *View) paintOverview(dst []uint32, w, h int) {
	box, k := v.overviewBox(w, h)
	if box.Empty() {
		return
	}
	top, at := len(v.info.Levels)-1, camera{scale: k}
	small := make([]uint32, box.Dx()*box.Dy())
	v.paintLevel(small, box.Dx(), box.Dy(), at, top, false)
	for y := range box.Dy() {
		copy(dst[(box.Min.Y+y)*w+box.Min.X:], small[y*box.Dx():(y+1)*box.Dx()])
	}
	s := canvasOf(dst, w, h)
	x0, y0, x1, y1 := float64(box.Min.X), float64(box.Min.Y), float64(box.Max.X), float64(box.Max.Y)
	s.stroke([]pt{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}, true, ink{160, 170, 180, 255}, v.ratio, 0)
	frame := make([]pt, 0, 4)
	for _, c := range [][2]float64{{0, 0}, {float64(w), 0}, {float64(w), float64(h)}, {0, float64(h)}} {
		x, y := at.toScreen(v.at.toImage(v.upright(c[0], c[1])))
		frame = append(frame, pt{x0 + x, y0 + y})
	}
	if frame = within(frame, box); len(frame) > 0 {
		s.stroke(frame, true, inkOf(theme.Objects().Predicted, 1), 2*v.ratio, 0)
	}
}

// within cuts a polygon to a box, side by side as Sutherland and Hodgman do: pieces of one that is not
// convex stay joined along the box.
func within(ring []pt, box image.Rectangle) []pt {
	for _, side := range []struct{ nx, ny, most float64 }{
		{-1, 0, -float64(box.Min.X)}, {1, 0, float64(box.Max.X)}, {0, -1, -float64(box.Min.Y)}, {0, 1, float64(box.Max.Y)},
	} {
		var in []pt
		over := func(p pt) float64 { return p.x*side.nx + p.y*side.ny - side.most }
		for i, b := range ring {
			a := ring[(i+len(ring)-1)%len(ring)]
			oa, ob := over(a), over(b)
			if oa > 0 != (ob > 0) {
				k := oa / (oa - ob)
				in = append(in, pt{a.x + k*(b.x-a.x), a.y + k*(b.y-a.y)})
			}
			if ob <= 0 {
				in = append(in, b)
			}
		}
		ring = in
	}
	return ring
}

// small returns the place in the image that a position on the small picture stands for.
func (v *View) small(p fyne.Position) (annotation.Point, bool) {
	x, y := float64(p.X)*v.ratio, float64(p.Y)*v.ratio
	w, h := v.pixels()
	box, k := v.overviewBox(w, h)
	if !image.Pt(int(x), int(y)).In(box) {
		return annotation.Point{}, false
	}
	size := v.imageSize()
	return annotation.Point{
		X: min((x-float64(box.Min.X))/k, float64(size.X)), Y: min((y-float64(box.Min.Y))/k, float64(size.Y)),
	}, true
}

// centerOn moves a place to the middle of the screen.
func (v *View) centerOn(p annotation.Point) {
	w, h := v.pixels()
	c := v.at
	c.x, c.y = p.X-float64(w)/2/c.scale, p.Y-float64(h)/2/c.scale
	v.move(c)
}
