package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
)

// NewFlow is a row that goes on in the next line where there is no room.
func NewFlow(objs ...fyne.CanvasObject) *fyne.Container {
	return container.New(&flow{lines: 1}, objs...)
}

// flow knows how high it is by how wide it was laid out last, as Fyne's own GridWrap does.
type flow struct{ lines int }

func (f *flow) MinSize(objs []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range objs {
		size = size.Max(o.MinSize())
	}
	size.Height += float32(f.lines-1) * (size.Height + fynetheme.Padding())
	return size
}

func (f *flow) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	high, at := float32(0), fyne.Position{}
	for _, o := range objs {
		high = max(high, o.MinSize().Height)
	}
	f.lines = 1
	for _, o := range objs {
		wide := o.MinSize().Width
		if at.X > 0 && at.X+wide > s.Width {
			at = fyne.NewPos(0, at.Y+high+fynetheme.Padding())
			f.lines++
		}
		o.Move(at)
		o.Resize(fyne.NewSize(wide, high))
		at.X += wide + fynetheme.Padding()
	}
}

// NewExcerpt is a row that, where there is no room for all, has the one that at tells, and of the
// others those before it first.
func NewExcerpt(at func() int) *fyne.Container { return container.New(excerpt{at}) }

type excerpt struct{ at func() int }

func (excerpt) MinSize(objs []fyne.CanvasObject) (size fyne.Size) {
	for _, o := range objs {
		size = size.Max(o.MinSize())
	}
	return size
}

func (e excerpt) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	if len(objs) == 0 {
		return
	}
	wide := func(i int) float32 { return objs[i].MinSize().Width }
	from := min(max(e.at(), 0), len(objs)-1)
	to, free := from+1, s.Width-wide(from)
	for ; from > 0 && free >= wide(from-1)+fynetheme.Padding(); from-- {
		free -= wide(from-1) + fynetheme.Padding()
	}
	for ; to < len(objs) && free >= wide(to)+fynetheme.Padding(); to++ {
		free -= wide(to) + fynetheme.Padding()
	}
	x := float32(0)
	for i, o := range objs {
		shown := i >= from && i < to
		if shown && !o.Visible() {
			o.Show()
		} else if !shown && o.Visible() {
			o.Hide()
		}
		if shown {
			o.Move(fyne.NewPos(x, 0))
			o.Resize(fyne.NewSize(wide(i), s.Height))
			x += wide(i) + fynetheme.Padding()
		}
	}
}
