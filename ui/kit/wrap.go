package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
)

// NewWrap lays things out in a row and, where that is too narrow, in more of them.
func NewWrap(objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(&wrap{}, objs...)
}

// wrap knows the width that it was given last: how high it is depends on that.
type wrap struct{ width float32 }

func (l *wrap) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	l.width = s.Width
	l.place(objs, func(o fyne.CanvasObject, at fyne.Position, size fyne.Size) {
		o.Move(at)
		o.Resize(size)
	})
}

func (l *wrap) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var widest float32
	height := l.place(objs, func(_ fyne.CanvasObject, _ fyne.Position, size fyne.Size) { widest = max(widest, size.Width) })
	return fyne.NewSize(widest, height)
}

func (l *wrap) place(objs []fyne.CanvasObject, put func(fyne.CanvasObject, fyne.Position, fyne.Size)) (height float32) {
	gap := fynetheme.Padding()
	var x, y float32
	for _, o := range objs {
		if !o.Visible() {
			continue
		}
		size := o.MinSize()
		if x > 0 && l.width > 0 && x+size.Width > l.width {
			x, y = 0, height+gap
		}
		put(o, fyne.NewPos(x, y), size)
		x, height = x+size.Width+gap, max(height, y+size.Height)
	}
	return height
}
