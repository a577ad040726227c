package viewer

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/tileview"
)

// grip is what of a histogram can be dragged.
type grip int

const (
	gripMin grip = iota
	gripMax
	gripGamma
)

const (
	histogramHeight         = 52 // units
	leastGamma, mostGamma   = 0.2, 5
	histogramMargin, gripAt = 6, 10 // units: beside the columns; how near the pointer takes gamma
)

// histogram is a channel's samples with the ends of its contrast and its gamma on them, to
// be dragged. Samples are counted on a logarithmic scale. One raster draws it all.
type histogram struct {
	widget.BaseWidget

	rng     tileview.Range
	ch      tileview.Channel
	changed func(tileview.Channel)
	reset   func()
	other   func(rune) // keys that are the viewer's
	at      grip
	held    bool
	stale   bool // what is dragged was given up
	focused bool
	raster  *canvas.Raster
	ratio   float64
	plain   bool // without gamma
}

var (
	_ fyne.Focusable     = (*histogram)(nil)
	_ fyne.Draggable     = (*histogram)(nil)
	_ desktop.Mouseable  = (*histogram)(nil)
	_ desktop.Cursorable = (*histogram)(nil)
)

func newHistogram(changed func(tileview.Channel), reset func(), other func(rune)) *histogram {
	h := &histogram{changed: changed, reset: reset, other: other, ratio: 1}
	h.raster = canvas.NewRaster(h.paint)
	h.ExtendBaseWidget(h)
	return h
}

func (h *histogram) set(r tileview.Range, c tileview.Channel) {
	same := h.ch == c && h.rng.From == r.From && h.rng.To == r.To && h.rng.Bins == r.Bins
	h.rng, h.ch = r, c
	if !same {
		h.raster.Refresh()
	}
}

// place is where a sample stands, in 0…1 of the width between the margins.
func (h *histogram) place(v float64) float64 {
	if h.rng.To <= h.rng.From {
		return 0
	}
	return min(max((v-h.rng.From)/(h.rng.To-h.rng.From), 0), 1)
}

// middle is the sample that is shown at half the brightness: where gamma's grip stands.
func (h *histogram) middle() float64 {
	g := h.ch.Gamma
	if g == 0 {
		g = 1
	}
	return h.ch.Min + (h.ch.Max-h.ch.Min)*math.Pow(0.5, 1/g)
}

// nearest is the grip that a press at x, in units, takes.
func (h *histogram) nearest(x float32) grip {
	w := float64(h.Size().Width) - 2*histogramMargin
	away := func(v float64) float64 { return math.Abs(h.place(v)*w + histogramMargin - float64(x)) }
	lo, hi := away(h.ch.Min), away(h.ch.Max)
	if g := away(h.middle()); !h.plain && g < gripAt && g < lo && g < hi {
		return gripGamma
	}
	if lo < hi || lo == hi && float64(x) < h.place(h.ch.Min)*w+histogramMargin {
		return gripMin
	}
	return gripMax
}

// pull moves the held grip to a sample.
func (h *histogram) pull(v float64) {
	least := (h.rng.To - h.rng.From) / 1000
	switch h.at {
	case gripMin:
		h.ch.Min = min(v, h.ch.Max-least)
	case gripMax:
		h.ch.Max = max(v, h.ch.Min+least)
	case gripGamma:
		u := min(max((v-h.ch.Min)/(h.ch.Max-h.ch.Min), 0.001), 0.999)
		h.ch.Gamma = min(max(math.Log(0.5)/math.Log(u), leastGamma), mostGamma)
		if math.Abs(h.ch.Gamma-1) < 0.04 { // straight is easy to find again
			h.ch.Gamma = 1
		}
	}
	h.raster.Refresh()
	h.changed(h.ch)
}

// sample is what stands at x. The margins are the ends; who goes on beyond them goes on beyond the
// samples, as far as the image's can be.
func (h *histogram) sample(x float32) float64 {
	w := max(float64(h.Size().Width)-2*histogramMargin, 1)
	at := float64(x) - histogramMargin
	switch {
	case at < 0:
		at = min(at+histogramMargin, 0)
	case at > w:
		at = max(at-histogramMargin, w)
	}
	return h.reached(h.rng.From + at/w*(h.rng.To-h.rng.From))
}

// reached is the sample nearest to v that an end can stand at.
func (h *histogram) reached(v float64) float64 { return min(max(v, h.rng.Least), h.rng.Most) }

// MouseDown takes the nearest grip there.
func (h *histogram) MouseDown(e *desktop.MouseEvent) {
	h.at, h.held, h.stale = h.nearest(e.Position.X), true, false
	if h.at != gripGamma {
		h.pull(h.sample(e.Position.X))
	}
}

// MouseUp lets go.
func (h *histogram) MouseUp(*desktop.MouseEvent) { h.held, h.stale = false, false }

// give gives up what is being dragged: it was of another image.
func (h *histogram) give() { h.stale = h.held }

// Dragged moves the grip.
func (h *histogram) Dragged(e *fyne.DragEvent) {
	if h.stale {
		return
	}
	if !h.held {
		h.at, h.held = h.nearest(e.Position.X-e.Dragged.DX), true
	}
	h.pull(h.sample(e.Position.X))
}

// DragEnd lets go.
func (h *histogram) DragEnd() { h.held, h.stale = false, false }

// DoubleTapped sets the contrast by the samples.
func (h *histogram) DoubleTapped(*fyne.PointEvent) { h.reset() }

// Cursor says that it is dragged sideways.
func (h *histogram) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// FocusGained shows which grip the arrow keys move.
func (h *histogram) FocusGained() { h.focused = true; h.raster.Refresh() }

// FocusLost is the end of that.
func (h *histogram) FocusLost() { h.focused = false; h.raster.Refresh() }

// TypedRune hands the viewer's keys on.
func (h *histogram) TypedRune(r rune) { h.other(r) }

// TypedKey moves by left and right; up and down go from grip to grip; Home is Auto.
func (h *histogram) TypedKey(e *fyne.KeyEvent) {
	step := (h.rng.To - h.rng.From) / 100
	at := [...]float64{gripMin: h.ch.Min, gripMax: h.ch.Max, gripGamma: h.middle()}[h.at]
	order := [...]grip{gripMin: gripGamma, gripGamma: gripMax, gripMax: gripMin}
	if h.plain {
		order[gripMin], order[gripMax] = gripMax, gripMin
	}
	switch e.Name {
	case fyne.KeyLeft:
		h.pull(h.reached(at - step))
	case fyne.KeyRight:
		h.pull(h.reached(at + step))
	case fyne.KeyUp:
		h.at = order[h.at]
	case fyne.KeyDown:
		h.at = order[order[h.at]]
	case fyne.KeyHome:
		h.reset()
	}
	h.raster.Refresh()
}

// paint draws columns, ends and the curve of gamma.
func (h *histogram) paint(w, ht int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, ht))
	if s := h.Size(); s.Width > 0 {
		h.ratio = float64(w) / float64(s.Width)
	}
	m := int(histogramMargin * h.ratio)
	inner := float64(w - 2*m)
	if inner < 1 || ht < 8 {
		return img
	}
	x := func(v float64) int { return m + int(h.place(v)*inner) }
	lo, hi := x(h.ch.Min), x(h.ch.Max)
	h.columns(img, m, inner, lo, hi)
	line := color.RGBA{0xe8, 0xec, 0xf0, 0xff}
	for px := lo; px <= hi && hi > lo && !h.plain; px++ { // gamma's curve
		u := math.Pow(float64(px-lo)/float64(hi-lo), max(h.ch.Gamma, leastGamma))
		y := ht - 3 - int(u*float64(ht-6))
		img.SetRGBA(px, y, line)
		img.SetRGBA(px, y+1, line)
	}
	k := max(1, int(h.ratio))
	for g, px := range map[grip]int{gripMin: lo, gripMax: hi} {
		rect(img, px-k, 0, px+k, ht, h.ink(g))
		rect(img, px-4*k, 2*k, px+4*k, 9*k, h.ink(g)) // the ground goes round it: a light page is as white
	}
	if h.plain {
		return img
	}
	mid := x(h.middle())
	rect(img, mid-3*k, ht/2-3*k, mid+4*k, ht/2+4*k, h.ink(gripGamma))
	return img
}

// ink is white, and amber for the grip that the keys move.
func (h *histogram) ink(g grip) color.RGBA {
	if h.focused && g == h.at {
		return color.RGBA{0xf5, 0xb8, 0x3d, 0xff}
	}
	return color.RGBA{0xe8, 0xec, 0xf0, 0xff}
}

// columns draws the ground and the counts, dim where the contrast cuts them off.
func (h *histogram) columns(img *image.RGBA, m int, inner float64, lo, hi int) {
	b := img.Rect
	ground := color.RGBA{0x12, 0x16, 0x1a, 0xff}
	if h.focused {
		ground = color.RGBA{0x1d, 0x3a, 0x45, 0xff}
	}
	rect(img, 0, 0, b.Dx(), b.Dy(), ground)
	most := 0
	for _, n := range h.rng.Bins {
		most = max(most, n)
	}
	if most == 0 {
		return
	}
	c := h.ch.Color
	full := color.RGBA{c[0]/2 + 60, c[1]/2 + 60, c[2]/2 + 60, 0xff}
	dim := color.RGBA{c[0]/5 + 30, c[1]/5 + 30, c[2]/5 + 30, 0xff}
	for px := range int(inner) {
		n := h.rng.Bins[min(tileview.Bins-1, px*tileview.Bins/int(inner))]
		top := b.Dy() - int(math.Log1p(float64(n))/math.Log1p(float64(most))*float64(b.Dy()-4))
		k := full
		if px+m < lo || px+m > hi {
			k = dim
		}
		rect(img, px+m, top, px+m+1, b.Dy(), k)
	}
}

func rect(img *image.RGBA, x0, y0, x1, y1 int, c color.RGBA) {
	for y := max(y0, 0); y < min(y1, img.Rect.Dy()); y++ {
		for x := max(x0, 0); x < min(x1, img.Rect.Dx()); x++ {
			img.SetRGBA(x, y, c)
		}
	}
}

// MinSize is low: one stands beside each channel.
func (h *histogram) MinSize() fyne.Size { return fyne.NewSize(120, histogramHeight) }

// CreateRenderer makes histogram a Fyne widget.
func (h *histogram) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(h.raster) }
