package tileview

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// scaleBar is a bar of a round length with its name, over the image.
type scaleBar struct {
	widget.BaseWidget

	text   string
	pixels float32
}

func newScaleBar() *scaleBar {
	b := &scaleBar{}
	b.ExtendBaseWidget(b)
	return b
}

const mostBar = 140 // units of the screen

// set shows the scale of an image with pixels of that many micrometres, at scale
// units of the screen a pixel. Nothing is shown of an image without calibration.
func (b *scaleBar) set(micron, scale float64) {
	if micron <= 0 || scale <= 0 {
		b.Hide()
		return
	}
	text, px := barOf(micron/scale, mostBar)
	if text != b.text || float32(px) != b.pixels {
		b.text, b.pixels = text, float32(px)
		b.Refresh()
	}
	b.Show()
}

// barOf names the longest round length that is not above most units, at so many micrometres
// a unit, and tells its units.
func barOf(micron, most float64) (text string, units float64) {
	length, units := niceLength(micron, most)
	switch {
	case length >= 1000:
		return strconv.FormatFloat(length/1000, 'g', -1, 64) + " mm", units
	case length < 1:
		return strconv.FormatFloat(length*1000, 'g', -1, 64) + " nm", units
	}
	return strconv.FormatFloat(length, 'g', -1, 64) + " µm", units
}

// CreateRenderer makes scaleBar a Fyne widget.
func (b *scaleBar) CreateRenderer() fyne.WidgetRenderer {
	r := &barRenderer{
		b: b, ground: canvas.NewRectangle(color.NRGBA{A: 0x90}),
		bar: canvas.NewRectangle(color.White), word: canvas.NewText("", color.White),
	}
	r.ground.CornerRadius = 6
	r.word.Alignment = fyne.TextAlignCenter
	r.word.TextSize = 13
	r.word.TextStyle.Bold = true
	return r
}

type barRenderer struct {
	b           *scaleBar
	ground, bar *canvas.Rectangle
	word        *canvas.Text
}

func (r *barRenderer) Destroy() {}

func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(mostBar+20, 38) }

func (r *barRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.bar, r.word}
}

func (r *barRenderer) Layout(s fyne.Size) {
	w := max(r.b.pixels, r.word.MinSize().Width) + 20
	r.ground.Resize(fyne.NewSize(w, s.Height))
	r.word.Resize(fyne.NewSize(w, 20))
	r.word.Move(fyne.NewPos(0, 4))
	r.bar.Resize(fyne.NewSize(r.b.pixels, 4))
	r.bar.Move(fyne.NewPos((w-r.b.pixels)/2, s.Height-11))
}

func (r *barRenderer) Refresh() {
	r.word.Text = r.b.text
	r.Layout(r.b.Size())
	r.word.Refresh()
}
