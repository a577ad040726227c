package kit

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// Surface is a coloured ground under something; its colour follows the theme.
type Surface struct {
	widget.BaseWidget

	name   fyne.ThemeColorName
	border fyne.ThemeColorName // "" for none
	radius float32
	over   fyne.CanvasObject
}

// NewSurface returns content on a ground of that colour.
func NewSurface(name fyne.ThemeColorName, content fyne.CanvasObject) *Surface {
	s := &Surface{name: name, over: content}
	s.ExtendBaseWidget(s)
	return s
}

// NewCard returns content on a rounded, bordered panel with some air.
func NewCard(content fyne.CanvasObject) *Surface {
	s := &Surface{
		name: theme.Panel, border: fynetheme.ColorNameSeparator, radius: 10,
		over: container.New(layout.NewCustomPaddedLayout(12, 12, 14, 14), content),
	}
	s.ExtendBaseWidget(s)
	return s
}

// Paint changes the colour.
func (s *Surface) Paint(name fyne.ThemeColorName) {
	if s.name != name {
		s.name = name
		s.Refresh()
	}
}

// CreateRenderer makes Surface a Fyne widget.
func (s *Surface) CreateRenderer() fyne.WidgetRenderer {
	r := &surfaceRenderer{s: s}
	if s.radius > 0 || s.border != "" {
		r.card = canvas.NewRectangle(nil)
		r.ground = r.card
	} else {
		r.ground = newFlat(func() color.Color { return fynetheme.Color(s.name) })
	}
	r.paint()
	return r
}

// newFlat is one colour, in every frame for a third of what OpenGL in software takes over a
// [canvas.Rectangle]: one pixel, drawn out.
func newFlat(of func() color.Color) *canvas.Raster {
	pixel := image.NewRGBA(image.Rect(0, 0, 1, 1))
	flat := canvas.NewRaster(func(int, int) image.Image {
		pixel.Set(0, 0, of())
		return pixel
	})
	flat.ScaleMode = canvas.ImageScalePixels
	return flat
}

type surfaceRenderer struct {
	s      *Surface
	ground fyne.CanvasObject
	card   *canvas.Rectangle // ground of one that is rounded or has a border
}

func (r *surfaceRenderer) Destroy() {}

func (r *surfaceRenderer) Layout(size fyne.Size) {
	r.ground.Resize(size)
	r.s.over.Resize(size)
}

func (r *surfaceRenderer) MinSize() fyne.Size { return r.s.over.MinSize() }

func (r *surfaceRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.ground, r.s.over}
}

func (r *surfaceRenderer) Refresh() {
	r.paint()
	r.ground.Refresh()
	r.s.over.Refresh()
}

func (r *surfaceRenderer) paint() {
	if r.card == nil {
		return
	}
	r.card.FillColor = fynetheme.Color(r.s.name)
	r.card.CornerRadius = r.s.radius
	if r.s.border != "" {
		r.card.StrokeColor, r.card.StrokeWidth = fynetheme.Color(r.s.border), 1
	}
}

// Inside makes Surface a [Holder].
func (s *Surface) Inside() fyne.CanvasObject { return s.over }
