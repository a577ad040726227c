package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Holder is a widget with something inside that fills it from its upper left corner.
type Holder interface{ Inside() fyne.CanvasObject }

// Reveal scrolls what scrolls under root so far that o is seen, or the beginning of it: Fyne's Tab goes
// to fields that are out of sight and leaves them there.
func Reveal(root, o fyne.CanvasObject) { findIn(root, o) }

// findIn returns where o lies in what it is somewhere inside of.
func findIn(in, o fyne.CanvasObject) (at fyne.Position, found bool) {
	if in == o {
		return at, true
	}
	var inner []fyne.CanvasObject
	switch x := in.(type) {
	case *fyne.Container:
		inner = x.Objects
	case *container.Split:
		inner = []fyne.CanvasObject{x.Leading, x.Trailing}
	case *container.Scroll:
		at, found := findIn(x.Content, o)
		if !found {
			return at, false
		}
		all, seen := x.Content.Size(), x.Size()
		to := fyne.NewPos(
			seenFrom(x.Offset.X, at.X, o.Size().Width, seen.Width, all.Width),
			seenFrom(x.Offset.Y, at.Y, o.Size().Height, seen.Height, all.Height))
		x.ScrollToOffset(to)
		return at.Subtract(to), true
	case Holder:
		return findIn(x.Inside(), o)
	}
	for _, c := range inner {
		if at, found := findIn(c, o); found {
			return c.Position().Add(at), true
		}
	}
	return at, false
}

// seenFrom is how far to scroll for something that lies at a place and is so long, of which seen is seen.
func seenFrom(offset, at, long, seen, all float32) float32 {
	const air = 12
	to := max(offset, at+long+air-seen)
	return max(0, min(to, at-air, all-seen))
}
