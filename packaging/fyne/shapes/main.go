// Command shapes shows what Fyne can draw: packaging/run/shapes compares how Fyne as it is and the
// changed one of packaging/fyne do it.
package main

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

func main() {
	w := app.NewWithID("dev.coverslip.shapes").NewWindow("Coverslip")
	w.SetPadded(false)
	w.SetFixedSize(true)
	w.SetContent(container.NewWithoutLayout(shapes()...))
	w.Resize(fyne.NewSize(640, 480))
	w.ShowAndRun()
}

// shapes are 24 to a row, each beside the whole pixels of a screen and lying over one of another colour.
func shapes() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	at := 0
	put := func(o fyne.CanvasObject, w, h float32) {
		p := fyne.NewPos(8.3+float32(at%8)*78, 8.7+float32(at/8)*74)
		under := canvas.NewRectangle(color.NRGBA{R: 30, G: 90, B: 60, A: 255})
		under.Move(p.AddXY(20, 20))
		under.Resize(fyne.NewSize(40, 40))
		o.Move(p)
		o.Resize(fyne.NewSize(w, h))
		all = append(all, under, o)
		at++
	}
	fills := []color.Color{
		color.NRGBA{R: 200, G: 120, B: 20, A: 255}, color.NRGBA{R: 200, G: 20, B: 120, A: 90}, color.NRGBA{}, nil, color.NRGBA{B: 250, A: 2},
	}
	for _, fill := range fills {
		for _, radius := range []float32{0, 3, 5.5, 40} {
			r := canvas.NewRectangle(fill)
			r.CornerRadius = radius
			put(r, 60.4, 50.2)
		}
	}
	for _, stroke := range []float32{0, 1, 2.5} {
		r := canvas.NewRectangle(fills[0])
		r.StrokeColor, r.StrokeWidth, r.CornerRadius = color.NRGBA{R: 255, G: 255, A: 200}, stroke, 6
		put(r, 60, 50)
		r = canvas.NewRectangle(fills[1])
		r.StrokeColor, r.StrokeWidth = color.NRGBA{R: 255, G: 255, A: 200}, stroke
		put(r, 60, 50)
	}
	narrow := canvas.NewRectangle(fills[0])
	narrow.CornerRadius = 3
	put(narrow, 5, 60)
	uneven := canvas.NewRectangle(fills[0])
	uneven.TopLeftCornerRadius, uneven.BottomRightCornerRadius = 20, 4
	put(uneven, 60, 50)
	put(canvas.NewCircle(fills[1]), 40, 40)
	put(canvas.NewText("Ωµ 123", fills[0]), 60, 20)
	put(canvas.NewHorizontalGradient(fills[0], color.Transparent), 60, 50)
	for _, alpha := range []uint8{255, 128} {
		m := picture(61, 51, alpha)
		put(canvas.NewRaster(func(int, int) image.Image { return m }), 61, 51)
		i := canvas.NewImageFromImage(m)
		put(i, 60, 50)
		i = canvas.NewImageFromImage(m)
		i.Translucency, i.ScaleMode = 0.4, canvas.ImageScalePixels
		put(i, 70, 60)
		i = canvas.NewImageFromImage(m)
		i.CornerRadius, i.FillMode = 12, canvas.ImageFillContain
		put(i, 60, 40)
	}
	put(canvas.NewImageFromResource(theme.HomeIcon()), 40, 40)
	put(widget.NewButton("Button", nil), 70, 40)
	return all
}

// picture is w×h pixels in all colours, premultiplied.
func picture(w, h int, alpha uint8) *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{R: uint8(4 * x), G: uint8(5 * y), B: uint8(255 - 2*x - 2*y), A: alpha}) //nolint:gosec // wraps, as it may
		}
	}
	return m
}
