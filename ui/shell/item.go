package shell

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// itemSize is the least size of an entry of the rail: 56 units high is about
// 9 mm on a usual screen, what a gloved finger meets.
func itemSize() fyne.Size { return fyne.NewSize(84, 56) }

// item is one entry of the rail: an icon over its name.
type item struct {
	widget.BaseWidget

	title  string
	icon   fyne.Resource
	tapped func()

	chosen, hovered bool
	count           int
}

var (
	_ fyne.Tappable     = (*item)(nil)
	_ desktop.Hoverable = (*item)(nil)
)

func newItem(title string, icon fyne.Resource, tapped func()) *item {
	i := &item{title: title, icon: icon, tapped: tapped}
	i.ExtendBaseWidget(i)
	return i
}

func (i *item) choose(yes bool) {
	if i.chosen != yes {
		i.chosen = yes
		i.Refresh()
	}
}

func (i *item) badge(n int) {
	if i.count != n {
		i.count = n
		i.Refresh()
	}
}

// Tapped opens the page.
func (i *item) Tapped(*fyne.PointEvent) { i.tapped() }

// MouseIn lights the entry up.
func (i *item) MouseIn(*desktop.MouseEvent) { i.hovered = true; i.Refresh() }

// MouseMoved is for Fyne.
func (i *item) MouseMoved(*desktop.MouseEvent) {}

// MouseOut takes the light away.
func (i *item) MouseOut() { i.hovered = false; i.Refresh() }

// CreateRenderer makes item a Fyne widget.
func (i *item) CreateRenderer() fyne.WidgetRenderer {
	r := &itemRenderer{
		i: i, ground: canvas.NewRectangle(nil), mark: canvas.NewRectangle(nil),
		icon: widget.NewIcon(i.icon), word: canvas.NewText(i.title, nil),
		dot: kit.NewChip("", kit.Held),
	}
	r.word.Alignment = fyne.TextAlignCenter
	r.Refresh()
	return r
}

type itemRenderer struct {
	i            *item
	ground, mark *canvas.Rectangle
	icon         *widget.Icon
	word         *canvas.Text
	dot          *kit.Chip
}

func (r *itemRenderer) Destroy() {}

func (r *itemRenderer) MinSize() fyne.Size { return itemSize() }

func (r *itemRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.mark, r.icon, r.word, r.dot}
}

func (r *itemRenderer) Layout(s fyne.Size) {
	r.ground.Resize(s)
	r.mark.Resize(fyne.NewSize(4, s.Height-24))
	r.mark.Move(fyne.NewPos(0, 12))
	r.icon.Resize(fyne.NewSize(26, 26))
	r.icon.Move(fyne.NewPos((s.Width-26)/2, 6))
	r.word.Resize(fyne.NewSize(s.Width, 18))
	r.word.Move(fyne.NewPos(0, 33))
	d := r.dot.MinSize()
	r.dot.Resize(d)
	r.dot.Move(fyne.NewPos(s.Width-d.Width-1, 1))
}

func (r *itemRenderer) Refresh() {
	r.ground.CornerRadius, r.mark.CornerRadius = 8, 2
	r.ground.FillColor, r.mark.FillColor = color.Transparent, color.Transparent // Fyne does not draw them
	r.word.Color = fynetheme.Color(theme.Subtle)
	r.word.TextStyle.Bold = r.i.chosen
	r.icon.SetResource(r.i.icon)
	switch {
	case r.i.chosen:
		r.ground.FillColor = fynetheme.Color(theme.Accent)
		r.mark.FillColor = fynetheme.Color(fynetheme.ColorNamePrimary)
		r.word.Color = fynetheme.Color(fynetheme.ColorNamePrimary)
		r.icon.SetResource(fynetheme.NewPrimaryThemedResource(r.i.icon))
	case r.i.hovered:
		r.ground.FillColor = fynetheme.Color(fynetheme.ColorNameButton)
	}
	r.word.TextSize = fynetheme.CaptionTextSize()
	if r.i.count > 0 {
		r.dot.Set(strconv.Itoa(r.i.count), kit.Held)
		r.dot.Show()
	} else {
		r.dot.Hide()
	}
	r.ground.Refresh()
	r.mark.Refresh()
	r.word.Refresh()
	r.Layout(r.i.Size())
}
