package tileview

import (
	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
)

// At returns the image's position under a place on the view.
func (v *View) At(p fyne.Position) annotation.Point { return v.place(p) }

// Frame paints one frame.
func (v *View) Frame(w, h int) { v.paint(w, h) }

// Compose colours planes as the program does; slow by the tables alone.
func Compose(pix []uint32, planes [][]uint16, cs []Channel, tint Tint, slow bool) {
	spans := make([]span, len(cs))
	for i := range spans {
		spans[i] = span{0, 1}
	}
	p := newPalette(1, cs, spans, tint)
	if !slow {
		p.compose(pix, planes)
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
