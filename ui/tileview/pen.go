package tileview

import (
	"image"
	"math"
	"slices"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/theme"
)

// Tool is what a drag does.
type Tool int

// The tools.
const (
	Select    Tool = iota // move the image; a click marks an object
	Rectangle             // drag from corner to corner, with Shift a square
	Ellipse               // the same way, with Shift a circle
	Polygon               // drag freely, or click corner by corner
	Brush                 // a disc that adds; with Alt it takes away
	Eraser                // a disc that takes away
)

// pen is an outline that is being drawn.
type pen struct {
	ring   []annotation.Point
	from   annotation.Point // where the drag of a rectangle or an ellipse began
	free   bool             // drawn by a drag, not by clicks
	cursor annotation.Point
}

// SetTool changes the tool and drops what was being drawn.
func (v *View) SetTool(t Tool) {
	v.drop()
	v.tool = t
	v.redraw()
}

// drop gives up what is being drawn, with what is left of the drag that draws it.
func (v *View) drop() {
	v.stale = v.stale || v.drawing
	v.pen, v.brush.mask = pen{cursor: v.pen.cursor}, nil
}

// Back takes the last corner of the outline that is being drawn back, or all of it where a drag draws
// it; false if none is.
func (v *View) Back() bool {
	n := len(v.pen.ring)
	if n == 0 && v.brush.mask == nil {
		return false
	}
	if n > 0 && !v.pen.free && !v.drawing {
		v.pen.ring = v.pen.ring[:n-1]
	} else {
		v.drop()
	}
	v.redraw()
	return true
}

// Tool returns the tool.
func (v *View) Tool() Tool { return v.tool }

// dragPen draws on; from is where the drag was before this step.
func (v *View) dragPen(from, to annotation.Point) {
	switch v.tool {
	case Rectangle, Ellipse:
		if !v.pen.free {
			v.pen = pen{free: true, from: from}
		}
		v.pen.ring = v.boxed(v.pen.from, to)
	case Polygon:
		if len(v.pen.ring) == 0 {
			v.pen = pen{free: true, ring: []annotation.Point{from}}
		} // else it goes on from the last corner: a hand slips in a click
		last := v.pen.ring[len(v.pen.ring)-1]
		if math.Hypot(to.X-last.X, to.Y-last.Y)*v.at.scale >= 2 {
			v.pen.ring = append(v.pen.ring, to)
		}
	case Brush, Eraser:
		v.stroke(from, to)
	case Select:
	}
	v.pen.cursor = to
	v.redraw()
}

// ellipseOff is how far, in pixels, the line of a drawn ellipse is from the true one at most.
const ellipseOff = 0.1

// boxed is the outline that the tool draws into the box from a to b; while Shift is held, b is moved so
// that the box is a square.
func (v *View) boxed(a, b annotation.Point) []annotation.Point {
	if v.shift {
		side := max(math.Abs(b.X-a.X), math.Abs(b.Y-a.Y))
		b = annotation.Point{X: a.X + math.Copysign(side, b.X-a.X), Y: a.Y + math.Copysign(side, b.Y-a.Y)}
	}
	if v.tool == Rectangle {
		return []annotation.Point{a, {X: b.X, Y: a.Y}, b, {X: a.X, Y: b.Y}}
	}
	rx, ry := (b.X-a.X)/2, (b.Y-a.Y)/2
	ring := make([]annotation.Point, int(math.Ceil(math.Pi/math.Acos(1-ellipseOff/max(math.Abs(rx), math.Abs(ry), 1)))))
	for i := range ring {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(len(ring)))
		ring[i] = annotation.Point{X: a.X + rx*(1+cos), Y: a.Y + ry*(1+sin)}
	}
	return ring
}

// clickPen adds a corner; a click near the first one closes the outline.
func (v *View) clickPen(p annotation.Point) {
	if v.painting() { // a dab
		v.stroke(p, p)
		v.endStroke()
		return
	}
	if v.tool != Polygon {
		return
	}
	if n := len(v.pen.ring); n >= 3 && v.near(p, v.pen.ring[0]) {
		v.closePen()
		return
	} else if n > 0 && v.near(p, v.pen.ring[n-1]) {
		return // the second click of a double click
	}
	v.pen.ring = append(v.pen.ring, p)
	v.redraw()
}

// endPen ends a drag: it closes what was drawn by it alone, or what it has led back to its first
// corner.
func (v *View) endPen() {
	n := len(v.pen.ring)
	far := func(p annotation.Point) bool { return !v.near(p, v.pen.ring[0]) }
	if v.pen.free || n > 2 && !far(v.pen.ring[n-1]) && slices.ContainsFunc(v.pen.ring, far) {
		v.closePen()
	}
}

func (v *View) near(a, b annotation.Point) bool {
	return math.Hypot(a.X-b.X, a.Y-b.Y)*v.at.scale < 9*v.ratio
}

// slip reports whether an outline is that of a slip of the hand: smaller than four pixels of a usual
// screen, however few of the image these are.
func (v *View) slip(ring []annotation.Point) bool {
	k := v.at.scale / v.ratio
	return len(ring) < 3 || Area(ring)*k*k < 4
}

// closePen hands the outline over, cut to the image.
func (v *View) closePen() {
	ring := v.pen.ring
	v.pen = pen{cursor: v.pen.cursor}
	defer v.redraw()
	line := make([]pt, len(ring))
	for i, p := range ring {
		line[i] = pt{p.X, p.Y}
	}
	ring = nil
	for _, p := range within(line, image.Rectangle{Max: v.imageSize()}) {
		ring = append(ring, annotation.Point{X: p.x, Y: p.y})
	}
	if !v.slip(ring) && v.act.Drawn != nil {
		v.act.Drawn(ring)
	}
}

// paintMarks draws what changes with every move: the marked object, the one under
// the pointer, and the pen.
func (v *View) paintMarks(s sheet, at camera) {
	of, lie := theme.Objects(), v.lies()
	if o := v.objects.object(v.hover); lie && o != nil && !v.style.Hidden && v.hover != v.selected {
		for _, line := range v.objects.screenLines(o, at) {
			s.stroke(line, true, inkOf(of.Hovered, 1), 2*v.ratio, 0)
		}
	}
	if o := v.marked(); lie && o != nil {
		c, dash := v.style.colorOf(o)
		for _, line := range v.objects.screenLines(o, at) {
			s.stroke(line, true, inkOf(of.Selected, 1), 4*v.ratio, 0)
			s.stroke(line, true, inkOf(c, 1), 2*v.ratio, dash)
		}
	}
	v.paintBrush(s, at)
	if len(v.pen.ring) == 0 {
		return
	}
	line := make([]pt, 0, len(v.pen.ring)+1)
	for _, p := range v.pen.ring {
		x, y := at.toScreen(p)
		line = append(line, pt{x, y})
	}
	if !v.pen.free {
		for _, p := range line {
			s.disc(p, 3.5*v.ratio, inkOf(of.Drawn, 1))
		}
		x, y := at.toScreen(v.pen.cursor)
		line = append(line, pt{x, y})
	}
	s.stroke(line, v.tool == Rectangle || v.tool == Ellipse, inkOf(of.Drawn, 1), 2*v.ratio, 0)
}
