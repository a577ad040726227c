package tileview

import (
	"math"

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
	largeBrush  = 400 // units of the screen
	brushRounds = 40  // corners of the circle at the pointer
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
// held), or for the eraser on whatever lies there; else on nothing.
func (v *View) beginStroke(p annotation.Point) {
	r := v.BrushSize() / 2
	b := &v.brush
	b.erase = v.tool == Eraser || v.alt
	b.target = ""
	marked := v.objects.object(v.selected)
	switch o := v.objects.at(p); {
	case marked != nil && (b.erase || v.shift || inside(marked.Outline, p)):
		b.target = marked.ID
	case b.erase && o != nil:
		b.target = o.ID
	case b.erase:
		return
	}
	w, h := v.pixels()
	size := v.imageSize()
	seen := boxOf([]annotation.Point{
		v.at.toImage(v.upright(0, 0)), v.at.toImage(v.upright(float64(w), 0)),
		v.at.toImage(v.upright(0, float64(h))), v.at.toImage(v.upright(float64(w), float64(h))),
	})
	seen = box{seen.x0 - r, seen.y0 - r, seen.x1 + r, seen.y1 + r}
	o := v.objects.object(b.target)
	if o != nil {
		t := boxOf(o.Outline)
		seen = box{min(seen.x0, t.x0), min(seen.y0, t.y0), max(seen.x1, t.x1), max(seen.y1, t.y1)}
	}
	seen = box{max(math.Floor(seen.x0), 0), max(math.Floor(seen.y0), 0), min(seen.x1, float64(size.X)), min(seen.y1, float64(size.Y))}
	if seen.x1 <= seen.x0 || seen.y1 <= seen.y0 {
		return
	}
	b.mask = newMask(seen, max(0.5, 1/v.at.scale))
	if o != nil {
		b.mask.fill(o.Outline)
	}
	v.stroke(p, p)
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

// endStroke hands over what came out.
func (v *View) endStroke() {
	b := &v.brush
	if b.mask == nil {
		return
	}
	ring := simplify(b.mask.outline(), 0.75*b.mask.cell)
	target := b.target
	b.mask, b.target = nil, ""
	v.redraw()
	switch {
	case len(ring) < 3 || Area(ring) < 4:
		if target != "" && v.act.Erased != nil {
			v.act.Erased(target)
		}
	case target != "":
		if v.act.Reshaped != nil {
			v.act.Reshaped(target, ring)
		}
	case v.act.Drawn != nil:
		v.act.Drawn(ring)
	}
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
