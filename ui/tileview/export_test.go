package tileview

import (
	"fmt"
	"image"
	"math/rand/v2"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
)

// At returns the image's position under a place on the view.
func (v *View) At(p fyne.Position) annotation.Point { return v.place(p) }

// Pointer is the image's position where the pointer was last.
func (v *View) Pointer() annotation.Point { return v.pen.cursor }

// Bar is what the scale bar says, and how long it is on the screen.
func (v *View) Bar() (text string, units float32) { return v.scale.text, v.scale.pixels }

// Frame paints one frame.
func (v *View) Frame(w, h int) { v.paint(w, h) }

// Owes reports whether objects of the last frame are still being drawn.
func (v *View) Owes() bool { return v.owes }

// RingsAreKept reports whether the outline of an object is taken apart once, whatever is shown.
func RingsAreKept(o annotation.Object) bool {
	x := newTailed([]annotation.Object{o}, nil, nil)
	first, again := x.ringsOf(&o), x.sift(func(*index, int) bool { return false }).ringsOf(&o)
	return &first[0] == &again[0]
}

// Fill says which of w×h pixels the inside of rings covers.
func Fill(rings [][]annotation.Point, w, h int) []bool {
	var lines [][]pt
	for _, r := range rings {
		line := make([]pt, len(r))
		for i, p := range r {
			line[i] = pt{p.X, p.Y}
		}
		lines = append(lines, line)
	}
	s := sheet{make([]uint32, w*h), w, h}
	s.fill(lines, ink{255, 255, 255, 255})
	in := make([]bool, w*h)
	for i, c := range s.pix {
		in[i] = c != 0
	}
	return in
}

// Spread says where the pieces begin that n things are cut into, and where the last one ends.
func Spread(n, most int) []int { return spread(n, most) }

// Inside reports whether p lies in a ring.
func Inside(ring []annotation.Point, p annotation.Point) bool { return inside(ring, p) }

// Compose colours planes as the program does; slow by the tables alone.
func Compose(pix []uint32, planes [][]uint16, cs []Channel, tint Tint, slow bool) {
	spans := make([]span, len(cs))
	for i := range spans {
		spans[i] = span{mul: 1}
	}
	p := newPalette(1, cs, spans, tint)
	if !slow {
		p.compose(pix, planes, len(pix), image.Rect(0, 0, len(pix), 1))
		return
	}
	var on []*stain
	var from [][]uint16
	for c, s := range p.stains {
		if s != nil {
			s.tabulate()
			on, from = append(on, s), append(from, planes[c])
		}
	}
	composeTables(pix, from, on, 0, p.flip)
}

// TraceAgain takes a random mask apart, fills the outline of each piece with the holes that other pieces lie in, and
// says where that is not all of the mask, or two are in one place.
func TraceAgain(r *rand.Rand, w, h int, full float64) string {
	m := newMask(box{0, 0, float64(w) - 0.5, float64(h) - 0.5}, 1)
	for i := range m.in {
		m.in[i] = r.Float64() < full
	}
	all := m.blobs()
	fillHoles(all)
	times := make([]int, len(m.in))
	for _, p := range all {
		again := newMask(box{0, 0, float64(w) - 0.5, float64(h) - 0.5}, 1)
		again.fill(annotation.Join(p.outer, p.holes))
		for i, in := range again.in {
			if in {
				times[i]++
			}
		}
	}
	out := make([]bool, len(m.in)) // reached from outside, over corners too
	var reach func(x, y int)
	reach = func(x, y int) {
		if x < 0 || y < 0 || x >= m.w || y >= m.h || m.at(x, y) || out[y*m.w+x] {
			return
		}
		out[y*m.w+x] = true
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				reach(x+dx, y+dy)
			}
		}
	}
	for i := range max(m.w, m.h) {
		reach(i, 0)
		reach(i, m.h-1)
		reach(0, i)
		reach(m.w-1, i)
	}
	for y := range m.h {
		for x := range m.w {
			n, in, beside := times[y*m.w+x], m.at(x, y), out[y*m.w+x]
			if n > 1 || in && n == 0 || beside && n > 0 {
				return fmt.Sprintf("%d×%d: cell %d,%d, in %v, outside of all %v, lies in %d outlines", w, h, x, y, in, beside, n)
			}
		}
	}
	return ""
}

// Lay lays premultiplied pixels over dst, and over slow without the kernel.
func Lay(dst, slow, src []uint32, strength uint32) {
	lay(dst, src, strength)
	for i := range src {
		lay(slow[i:i+1], src[i:i+1], strength)
	}
}

// Within is a ring of corners cut to a box.
func Within(ring []annotation.Point, b image.Rectangle) []annotation.Point {
	in := make([]pt, len(ring))
	for i, p := range ring {
		in[i] = pt{p.X, p.Y}
	}
	var out []annotation.Point
	for _, p := range within(in, b) {
		out = append(out, annotation.Point{X: p.x, Y: p.y})
	}
	return out
}
