package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Holder is a widget with something inside that fills it from its upper left corner.
type Holder interface{ Inside() fyne.CanvasObject }

// Reveal scrolls what scrolls under root so far that o is seen: Fyne's Tab goes to fields that
// are out of sight and leaves them there.
func Reveal(root, o fyne.CanvasObject) { findIn(root, o) }

// findIn returns how far o lies below the upper edge of in, which it is somewhere inside.
func findIn(in, o fyne.CanvasObject) (y float32, found bool) {
	if in == o {
		return 0, true
	}
	switch x := in.(type) {
	case *fyne.Container:
		for _, c := range x.Objects {
			if y, found := findIn(c, o); found {
				return c.Position().Y + y, true
			}
		}
	case *container.Scroll:
		y, found := findIn(x.Content, o)
		if !found {
			return 0, false
		}
		const air = 12
		to := min(x.Offset.Y, y-air)
		to = max(to, y+o.Size().Height+air-x.Size().Height)
		to = max(0, min(to, x.Content.Size().Height-x.Size().Height))
		if to != x.Offset.Y {
			x.ScrollToOffset(fyne.NewPos(x.Offset.X, to))
		}
		return y - to, true
	case Holder:
		return findIn(x.Inside(), o)
	}
	return 0, false
}
