package tileview

import (
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/theme"
)

// brush is a disc that adds to an object, or takes away.
type brush struct {
	radius float64 // pixels of the image; 0 until the first use
	mask   *mask   // of the stroke that goes on, else nil
	erase  bool
	target string // the object that it changes, "" for a new one
}

const (
	firstBrush  = 18 // units of the screen
	leastBrush  = 1.5
	largeBrush  = 400  // units of the screen
	brushRounds = 40   // corners of the circle at the pointer
	leastCells  = 16   // of a mask, along an object
	leastCell   = 0.05 // pixels of the image
	crumb       = 16   // square pixels of a usual screen: what breaks off and is smaller is lost
)

// painting reports whether the tool is the brush or the eraser.
func (v *View) painting() bool { return v.tool == Brush || v.tool == Eraser }

// BrushSize returns the diameter of the brush in pixels of the image.
func (v *View) BrushSize() float64 {
	if v.brush.radius == 0 {
		v.brush.radius = firstBrush * v.ratio / v.at.scale
	}
	return 2 * v.brush.radius
}

// SetBrush makes the brush as wide as another view's.
func (v *View) SetBrush(diameter float64) {
	v.brush.radius = diameter / 2
	v.redraw()
}

// ScaleBrush makes the brush larger or smaller.
func (v *View) ScaleBrush(k float64) {
	v.BrushSize()
	unit := v.ratio / v.at.scale
	v.brush.radius = min(max(v.brush.radius*k, leastBrush*unit), largeBrush*unit)
	v.redraw()
	if v.act.Brushed != nil {
		v.act.Brushed(2 * v.brush.radius)
	}
}

// beginStroke starts at p: on the marked object if the stroke begins there (or Shift is
// held), or for the eraser on whatever is seen there; else on nothing.
func (v *View) beginStroke(p annotation.Point) {
	r := v.BrushSize() / 2
	b := &v.brush
	b.erase = v.tool == Eraser || v.alt
	b.target = ""
	marked := v.objects.object(v.selected)
	if !v.lies() {
		marked = nil
	}
	switch o := v.lying(p); {
	case marked != nil && (b.erase || v.shift || inside(marked.Outline, p)):
		b.target = marked.ID
	case b.erase && o != nil:
		b.target = o.ID
	case b.erase:
		return
	}
	o, size, cell := v.objects.object(b.target), v.imageSize(), max(0.5, 1/v.at.scale)
	reach := v.seen(r)
	if o != nil {
		t := boxOf(o.Outline)
		cell = min(cell, max((t.x1-t.x0)/leastCells, (t.y1-t.y0)/leastCells, leastCell)) // also where it is small on the screen
		if reach = reach.with(t); b.erase {
			reach = t
		}
	}
	reach = box{max(math.Floor(reach.x0), 0), max(math.Floor(reach.y0), 0), min(reach.x1, float64(size.X)), min(reach.y1, float64(size.Y))}
	if reach.x1 <= reach.x0 || reach.y1 <= reach.y0 {
		return
	}
	b.mask = newMask(reach, cell)
	if o != nil {
		b.mask.fill(o.Outline)
		b.mask.was, b.mask.changed = slices.Clone(b.mask.in), false
	}
	v.stroke(p, p)
}

// seen is what of the image is on the screen, and r pixels more on each side.
func (v *View) seen(r float64) box {
	w, h := v.pixels()
	b := boxOf([]annotation.Point{
		v.at.toImage(v.upright(0, 0)), v.at.toImage(v.upright(float64(w), 0)),
		v.at.toImage(v.upright(0, float64(h))), v.at.toImage(v.upright(float64(w), float64(h))),
	})
	return box{b.x0 - r, b.y0 - r, b.x1 + r, b.y1 + r}
}

// stroke goes on from a to b.
func (v *View) stroke(from, to annotation.Point) {
	b := &v.brush
	if b.mask == nil {
		v.beginStroke(from)
		if b.mask == nil {
			return
		}
	}
	b.mask.stamp(from, to, v.BrushSize()/2, !b.erase)
	v.redraw()
}

// endStroke hands over what came out: what it has changed, and each piece that it has cut off or that
// lies apart from it. A stroke that met nothing of an object changes nothing: the outline that cells are
// traced to is coarser than the one before.
func (v *View) endStroke() {
	b := &v.brush
	if b.mask == nil {
		return
	}
	m, target := b.mask, b.target
	b.mask, b.target = nil, ""
	v.redraw()
	if !m.changed {
		return
	}
	all := v.notCrumbs(m.blobs(), m.cell)
	if target != "" && !b.erase && all[0].cells == all[0].had && !slices.ContainsFunc(all[1:], func(p blob) bool { return p.had > 0 }) {
		target, all = "", all[1:] // it lies beside the object
	}
	fillHoles(all)
	rings := make([][]annotation.Point, len(all))
	for i, p := range all {
		rings[i] = m.outline(p)
	}
	switch {
	case target == "":
		for _, ring := range rings {
			if !v.slip(ring) && v.act.Drawn != nil {
				v.act.Drawn(ring)
			}
		}
	case b.erase && (len(rings) == 0 || v.slip(rings[0])): // a crumb is not seen
		if v.act.Erased != nil {
			v.act.Erased(target)
		}
	case len(rings[0]) > 2 && v.act.Reshaped != nil:
		v.act.Reshaped(target, rings[0], rings[1:])
	}
}

// notCrumbs leaves out which blobs besides the first are too small for anyone to have meant them.
func (v *View) notCrumbs(all []blob, cell float64) []blob {
	k := cell * v.at.scale / v.ratio
	for i := len(all) - 1; i > 0; i-- {
		if float64(all[i].cells)*k*k < crumb {
			all = slices.Delete(all, i, i+1)
		}
	}
	return all
}

// paintBrush lays the stroke and the circle at the pointer over the picture.
func (v *View) paintBrush(s sheet, at camera) {
	of := theme.Objects()
	if m := v.brush.mask; m != nil {
		k := inkOf(of.Drawn, 0.45)
		for y := range s.h {
			my := int((at.y + (float64(y)+0.5)/at.scale - m.y0) / m.cell)
			if my < 0 || my >= m.h {
				continue
			}
			row := m.in[my*m.w : (my+1)*m.w]
			for x := range s.w {
				mx := (at.x + (float64(x)+0.5)/at.scale - m.x0) / m.cell
				if mx >= 0 && int(mx) < m.w && row[int(mx)] {
					s.pix[y*s.w+x] = k.over(s.pix[y*s.w+x], 255)
				}
			}
		}
	}
	if !v.painting() || !v.over {
		return
	}
	x, y := at.toScreen(v.pen.cursor)
	r := v.BrushSize() / 2 * at.scale
	line := make([]pt, brushRounds)
	for i := range line {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / brushRounds)
		line[i] = pt{x + r*cos, y + r*sin}
	}
	k := of.Drawn
	if v.tool == Eraser || v.alt {
		k = of.Selected
	}
	s.stroke(line, true, ink{0, 0, 0, 150}, 3.2*v.ratio, 0)
	s.stroke(line, true, inkOf(k, 1), 1.6*v.ratio, 0)
}
