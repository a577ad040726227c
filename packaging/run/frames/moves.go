package main

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

const stops, moves = 3, 100

// moving is a window of shapes of which in each frame some change.
type moving struct {
	w       fyne.Window
	all     []fyne.CanvasObject
	content *fyne.Container
	scroll  *container.Scroll
	shown   *canvas.Image
	page    int // which picture
	random  *rand.Rand
	beat    *time.Ticker
}

func newMoving(w fyne.Window) *moving {
	m := &moving{w: w, all: shapes(), beat: time.NewTicker(25 * time.Millisecond)}
	m.random = rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same in each run
	long := widget.NewLabel("a\nlong\ntext\nthat\ndoes\nnot\nfit\nits\nplace")
	m.scroll = container.NewScroll(long)
	m.scroll.Resize(fyne.NewSize(70, 60))
	m.scroll.Move(fyne.NewPos(560, 400))
	m.shown = canvas.NewImageFromImage(picture(61, 51, 255))
	raster := canvas.NewRaster(func(w, h int) image.Image { return noise(w, h, m.page) })
	raster.Resize(fyne.NewSize(200, 150))
	raster.Move(fyne.NewPos(200, 180))
	m.all = append(m.all, raster, m.scroll)
	over := canvas.NewText("over a picture", solid())
	over.Move(fyne.NewPos(220, 230))
	m.all = append(m.all, over)
	m.content = container.NewWithoutLayout(slices.Clone(m.all)...)
	w.SetContent(m.content)
	return m
}

// run makes all the moves, one a frame or so. After every hundred it says so in the title, and waits for
// a key.
func (m *moving) run() {
	on := make(chan struct{})
	post := func(f func()) { fyne.DoAndWait(f) } //nolint:forbidigo // a program without ui/bind
	post(func() { m.w.Canvas().SetOnTypedKey(func(*fyne.KeyEvent) { on <- struct{}{} }) })
	for stop := range stops {
		for i := range moves {
			<-m.beat.C
			post(func() { m.move(stop*moves + i) })
		}
		post(func() { m.w.SetTitle(fmt.Sprintf("Coverslip moved %d", stop+1)) })
		<-on
	}
}

// move changes one or two objects; some come and go, or come to lie over the others.
func (m *moving) move(i int) {
	if i == 60 {
		m.w.Canvas().Overlays().Add(m.shown)
		m.shown.Resize(fyne.NewSize(120, 100))
		m.shown.Move(fyne.NewPos(300.5, 250.5))
	}
	if i == 90 {
		m.w.Canvas().Overlays().Remove(m.shown)
	}
	for range 1 + i%2 {
		o := m.all[m.random.IntN(len(m.all))]
		switch kind := m.random.IntN(6); {
		case kind == 0 && o.Visible():
			o.Hide()
		case kind == 0:
			o.Show()
		case kind == 5:
			m.raise(o)
		case kind == 1:
			o.Move(o.Position().AddXY(float32(m.random.IntN(21)-10)*1.3, float32(m.random.IntN(21)-10)*0.9))
		case kind == 2 && o != m.scroll:
			o.Resize(o.Size().AddWidthHeight(float32(m.random.IntN(9)-4), float32(m.random.IntN(9)-4)))
		default:
			m.recolor(o)
		}
	}
}

// raise lays an object over the others.
func (m *moving) raise(o fyne.CanvasObject) {
	i := slices.Index(m.content.Objects, o)
	m.content.Objects = append(slices.Delete(m.content.Objects, i, i+1), o)
	m.content.Refresh()
}

func (m *moving) recolor(o fyne.CanvasObject) {
	c := color.NRGBA{R: uint8(m.random.IntN(256)), G: uint8(m.random.IntN(256)), B: 90, A: uint8(100 + m.random.IntN(156))} //nolint:gosec // below 256
	switch o := o.(type) {
	case *canvas.Rectangle:
		o.FillColor, o.CornerRadius = c, float32(m.random.IntN(3))*4
	case *canvas.Circle:
		o.FillColor, o.StrokeColor, o.StrokeWidth = c, solid(), float32(m.random.IntN(4))
	case *canvas.Text:
		o.Color, o.Text = c, []string{"Ωµ 123", "wider than it was", "1"}[m.random.IntN(3)]
	case *canvas.LinearGradient:
		o.StartColor = c
	case *canvas.Raster:
		m.page++
	case *container.Scroll:
		o.ScrollToOffset(fyne.NewPos(0, float32(m.random.IntN(60))))
	case *widget.Button:
		o.SetText([]string{"Button", "B", "A long button"}[m.random.IntN(3)])
	}
	o.Refresh()
}
