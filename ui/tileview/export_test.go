package tileview

import (
	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
)

// At returns the image's position under a place on the view.
func (v *View) At(p fyne.Position) annotation.Point { return v.place(p) }

// Frame paints one frame.
func (v *View) Frame(w, h int) { v.paint(w, h) }
