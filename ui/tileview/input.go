package tileview

import (
	"image"
	"math"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/bind"
)

var (
	_ fyne.Draggable     = (*View)(nil)
	_ fyne.Scrollable    = (*View)(nil)
	_ fyne.Tappable      = (*View)(nil)
	_ fyne.Shortcutable  = (*View)(nil)
	_ desktop.Hoverable  = (*View)(nil)
	_ desktop.Mouseable  = (*View)(nil)
	_ desktop.Keyable    = (*View)(nil)
	_ desktop.Cursorable = (*View)(nil)
)

// pixels returns the size of the screen in its own pixels.
func (v *View) pixels() (w, h int) {
	s := v.Size()
	return int(float64(s.Width) * v.ratio), int(float64(s.Height) * v.ratio)
}

func (v *View) imageSize() image.Point {
	if len(v.info.Levels) == 0 {
		return image.Point{}
	}
	return v.info.Levels[0].Size
}

func (v *View) place(p fyne.Position) annotation.Point {
	return v.at.toImage(v.upright(float64(p.X)*v.ratio, float64(p.Y)*v.ratio))
}

// Sight is the part of the image that is on screen, in pixels of level 0; of a turned view what
// encloses it.
func (v *View) Sight() image.Rectangle {
	s := v.Size()
	size := v.imageSize()
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for _, p := range []fyne.Position{{}, {X: s.Width}, {Y: s.Height}, {X: s.Width, Y: s.Height}} {
		at := v.place(p)
		lo, hi = [2]float64{min(lo[0], at.X), min(lo[1], at.Y)}, [2]float64{max(hi[0], at.X), max(hi[1], at.Y)}
	}
	return image.Rect(int(math.Floor(lo[0])), int(math.Floor(lo[1])), int(math.Ceil(hi[0])), int(math.Ceil(hi[1]))).Intersect(image.Rectangle{Max: size})
}

func (v *View) move(c camera) {
	if v.src == nil {
		return
	}
	w, h := v.pixels()
	zoomed := c.scale != v.at.scale
	v.at = c.hold(v.imageSize(), v.angle, w, h)
	v.work.reach()
	v.stir()
	v.redraw()
	v.share()
	if zoomed {
		v.told()
	}
}

// Fit shows the whole image.
func (v *View) Fit() {
	w, h := v.pixels()
	v.move(fit(v.imageSize(), v.angle, w, h))
}

// OneToOne shows a pixel of the image on a pixel of the screen, around the middle.
func (v *View) OneToOne() { v.Zoom(v.ratio / v.at.scale) }

// Zoom scales by k around the middle.
func (v *View) Zoom(k float64) {
	w, h := v.pixels()
	v.zoomAt(k, float64(w)/2, float64(h)/2)
}

func (v *View) zoomAt(k, x, y float64) {
	w, h := v.pixels()
	least := fit(v.imageSize(), v.angle, w, h).scale / 4
	v.move(v.at.zoom(k, x, y, least))
}

// Center moves to an object, and nearer when it would be seen too small.
func (v *View) Center(id string) {
	o := v.objects.object(id)
	if o == nil {
		return
	}
	b := boxOf(o.Outline)
	c := v.at
	if big := max(b.x1-b.x0, b.y1-b.y0); big*c.scale < 60 {
		c.scale = min(90/max(big, 1), 8)
	}
	v.at.scale = c.scale
	v.centerOn(annotation.Point{X: (b.x0 + b.x1) / 2, Y: (b.y0 + b.y1) / 2})
	v.told()
}

// Dragged moves the image, or draws; from the overview on it goes where the pointer is on that.
func (v *View) Dragged(e *fyne.DragEvent) {
	if v.stale {
		return
	}
	v.pointer = e.Position
	if v.mini {
		if p, in := v.small(e.Position); in {
			v.centerOn(p)
		}
		return
	}
	if v.tool != Select && !v.space {
		v.drawing = true
		v.dragPen(v.place(e.Position.Subtract(e.Dragged)), v.place(e.Position))
		return
	}
	from, to := v.place(e.Position.Subtract(e.Dragged)), v.place(e.Position)
	c := v.at
	c.x += from.X - to.X
	c.y += from.Y - to.Y
	v.move(c)
}

// DragEnd closes what was drawn by a drag.
func (v *View) DragEnd() {
	drew := v.drawing && !v.stale
	v.drawing, v.stale = false, false
	switch {
	case !drew: // it moved the image, or was given up
	case v.painting():
		v.endStroke()
	default:
		v.endPen()
	}
}

// Scrolled zooms at the pointer: a notch of a usual wheel is a factor of 1.2. With Alt it
// changes the size of the brush.
func (v *View) Scrolled(e *fyne.ScrollEvent) {
	k := math.Exp2(float64(e.Scrolled.DY+e.Scrolled.DX) / 38)
	k = min(max(k, 0.5), 2)
	if v.alt && (v.painting() || v.lens.on) {
		if v.painting() {
			v.ScaleBrush(k)
		} else {
			v.ScaleLens(k)
		}
		return
	}
	x, y := v.upright(float64(e.Position.X)*v.ratio, float64(e.Position.Y)*v.ratio)
	v.zoomAt(k, x, y)
}

// Tapped marks an object, or sets a corner.
func (v *View) Tapped(e *fyne.PointEvent) {
	v.TakeKeys()
	if p, in := v.small(e.Position); in {
		v.centerOn(p)
		return
	}
	p := v.place(e.Position)
	if v.tool != Select {
		v.clickPen(p)
		return
	}
	if v.style.Hidden {
		return
	}
	if o := v.lying(p); o != nil {
		v.Select(o.ID)
	} else {
		v.Select("")
	}
}

// TakeKeys gives the view the focus, so that keys come here.
func (v *View) TakeKeys() {
	bind.OnCanvas(v, func(c fyne.Canvas) {
		if c.Focused() != v {
			c.Focus(v)
		}
	})
}

// MouseIn is the first MouseMoved.
func (v *View) MouseIn(e *desktop.MouseEvent) { v.MouseMoved(e) }

// MouseMoved tells what lies under the pointer.
func (v *View) MouseMoved(e *desktop.MouseEvent) {
	if v.src == nil {
		return
	}
	drawing := len(v.pen.ring) > 0 && !v.pen.free || v.painting() || v.lens.on
	was := v.hover
	v.pointer, v.over = e.Position, true
	v.point(false)
	if v.hover != was || drawing {
		v.redraw()
	}
}

// point tells what lies under the pointer, which has moved, or has another plane or object under it.
func (v *View) point(still bool) {
	if !v.over || v.src == nil {
		return
	}
	v.pen.cursor = v.place(v.pointer)
	r := v.readout(v.pen.cursor)
	v.hover = ""
	if r.Object != nil {
		v.hover = r.Object.ID
	}
	r.Still = still
	v.tell(r)
}

// tell tells what lies under the pointer, if that is news.
func (v *View) tell(r Readout) {
	if v.act.Moved != nil && (!r.Still || !r.same(v.said)) {
		v.said = r
		v.act.Moved(r)
	}
}

// same reports whether two say the same, but for what a drag rounds.
func (r Readout) same(o Readout) bool {
	return r.Inside == o.Inside && max(math.Abs(r.X-o.X), math.Abs(r.Y-o.Y)) < 1e-3 && r.Object == o.Object &&
		slices.EqualFunc(r.Values, o.Values, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
}

// MouseOut says that nothing is under the pointer.
func (v *View) MouseOut() {
	v.over = false
	if v.hover != "" || v.painting() || v.lens.on {
		v.hover = ""
		v.redraw()
	}
	v.tell(Readout{})
}

// MouseDown takes the focus, so that keys come here, and notes the keys that are held and where a
// drag begins.
func (v *View) MouseDown(e *desktop.MouseEvent) {
	v.TakeKeys()
	_, v.mini = v.small(e.Position)
	v.alt = e.Modifier&fyne.KeyModifierAlt != 0
	v.shift = e.Modifier&fyne.KeyModifierShift != 0
}

// MouseUp is for Fyne.
func (v *View) MouseUp(*desktop.MouseEvent) {}

// Cursor is a cross while a drawing tool is on.
func (v *View) Cursor() desktop.Cursor {
	if v.tool != Select && !v.space {
		return desktop.CrosshairCursor
	}
	return desktop.DefaultCursor
}

func (v *View) readout(p annotation.Point) Readout {
	size := v.imageSize()
	r := Readout{X: p.X, Y: p.Y, Inside: p.X >= 0 && p.Y >= 0 && p.X < float64(size.X) && p.Y < float64(size.Y)}
	if !r.Inside {
		return r
	}
	r.Micron = imageio.Micron{X: p.X * v.info.Micron.X, Y: p.Y * v.info.Micron.Y}
	r.Values = v.values(p)
	r.Object = v.lying(p)
	return r
}

// values reads samples at p from the finest level in memory.
func (v *View) values(p annotation.Point) []float64 {
	v.work.mu.Lock()
	defer v.work.mu.Unlock()
	out := make([]float64, len(v.info.Channels))
	z, tm := v.plane()
	for l, lv := range v.info.Levels {
		x, y := int(p.X/lv.Downsample), int(p.Y/lv.Downsample)
		ts := v.info.TileSize
		t := v.work.look(tileKey{l, x / ts.X, y / ts.Y, z, tm})
		if t == nil {
			continue
		}
		i := min(y%ts.Y, t.size.Y-1)*t.size.X + min(x%ts.X, t.size.X-1)
		for c := range out {
			if t.exact != nil {
				out[c] = t.exact[c].Sample(i)
			} else {
				out[c] = v.work.spans[c].value(t.planes[c][i])
			}
		}
		return out
	}
	for c := range out {
		out[c] = math.NaN()
	}
	return out
}

// Reveal moves to an object only if it is not wholly on the screen.
func (v *View) Reveal(id string) {
	o := v.objects.object(id)
	if o == nil {
		return
	}
	b := boxOf(o.Outline)
	w, h := v.pixels()
	for _, p := range []annotation.Point{{X: b.x0, Y: b.y0}, {X: b.x1, Y: b.y0}, {X: b.x1, Y: b.y1}, {X: b.x0, Y: b.y1}} {
		if x, y := v.onScreen(p); x < 0 || y < 0 || x > float64(w) || y > float64(h) {
			v.Center(id)
			return
		}
	}
}
