// Command frames shows one picture as large as its window and nothing else, another one for each
// move of the pointer: what the toolkit and this machine's OpenGL leave of sixty frames a
// second. bench_viewer.py counts its frames beside the viewer's. With -shapes it shows what else Fyne
// can draw, with -moves how that changes: packaging/run/shapes compares how Fyne as it is and the changed
// one do it.
package main

import (
	"flag"
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
	"github.com/go-gl/glfw/v3.4/glfw"
)

// page is two ready pictures, shown by turns.
type page struct {
	widget.BaseWidget

	raster *canvas.Raster
	ready  [2]*image.RGBA
	next   int
}

var _ desktop.Hoverable = (*page)(nil)

func newPage() *page {
	p := &page{}
	p.raster = canvas.NewRaster(p.paint)
	p.raster.ScaleMode = canvas.ImageScalePixels
	p.ExtendBaseWidget(p)
	return p
}

func (p *page) paint(w, h int) image.Image {
	if p.ready[0] == nil || p.ready[0].Rect.Max != image.Pt(w, h) {
		for i := range p.ready {
			p.ready[i] = noise(w, h, i)
		}
	}
	p.next = 1 - p.next
	return p.ready[p.next]
}

// noise is the n-th picture: opaque, and no two rows are alike.
func noise(w, h, n int) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range m.Pix {
		m.Pix[i] = uint8(i*i>>7 + 85*n)
		if i%4 == 3 {
			m.Pix[i] = 255
		}
	}
	return m
}

// MouseIn is a move.
func (p *page) MouseIn(*desktop.MouseEvent) { p.raster.Refresh() }

// MouseMoved shows the other picture.
func (p *page) MouseMoved(*desktop.MouseEvent) { p.raster.Refresh() }

// MouseOut is for Fyne.
func (p *page) MouseOut() {}

// CreateRenderer makes page a Fyne widget.
func (p *page) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.raster) }

func main() {
	all := flag.Bool("shapes", false, "show all shapes in place of a picture")
	moves := flag.Bool("moves", false, "show all shapes, and change some in each frame")
	flag.Parse()
	a := app.NewWithID("dev.coverslip.frames")
	w := a.NewWindow("Coverslip")
	glfw.WindowHint(glfw.DepthBits, 0) // as the program does
	glfw.WindowHint(glfw.StencilBits, 0)
	w.SetPadded(false)
	switch {
	case *moves:
		m := newMoving(w)
		a.Lifecycle().SetOnStarted(func() { go m.run() })
		w.SetFixedSize(true)
		w.Resize(fyne.NewSize(640, 480))
	case *all:
		w.SetFixedSize(true)
		w.SetContent(container.NewWithoutLayout(shapes()...))
		w.Resize(fyne.NewSize(640, 480))
	default:
		w.SetContent(newPage())
		w.Resize(fyne.NewSize(1280, 800))
	}
	w.ShowAndRun()
}
