package main

import (
	"image"
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// shapes are eight to a row, none beside the whole pixels of a screen, each over one of another colour.
func shapes() []fyne.CanvasObject {
	all := make([]fyne.CanvasObject, 0, 100)
	for i, o := range slices.Concat(rectangles(), others(), pictures()) {
		p := fyne.NewPos(8.3+float32(i%8)*78, 8.7+float32(i/8)*74)
		under := canvas.NewRectangle(color.NRGBA{R: 30, G: 90, B: 60, A: 255})
		under.Move(p.AddXY(20, 20))
		under.Resize(fyne.NewSize(40, 40))
		o.Move(p)
		all = append(all, under, o)
	}
	return all
}

func sized(o fyne.CanvasObject, w, h float32) fyne.CanvasObject { //nolint:ireturn // any of them
	o.Resize(fyne.NewSize(w, h))
	return o
}

func solid() color.Color   { return color.NRGBA{R: 200, G: 120, B: 20, A: 255} } //nolint:ireturn // as Fyne takes it
func through() color.Color { return color.NRGBA{R: 200, G: 20, B: 120, A: 90} }  //nolint:ireturn // as Fyne takes it

func rectangles() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, fill := range []color.Color{solid(), through(), color.NRGBA{}, nil, color.NRGBA{B: 250, A: 2}} {
		for _, radius := range []float32{0, 3, 5.5, 40} {
			r := canvas.NewRectangle(fill)
			r.CornerRadius = radius
			all = append(all, sized(r, 60.4, 50.2))
		}
	}
	for _, stroke := range []float32{0, 1, 2.5} {
		for _, radius := range []float32{0, 6} {
			r := canvas.NewRectangle(through())
			r.StrokeColor, r.StrokeWidth, r.CornerRadius = color.NRGBA{R: 255, G: 255, A: 200}, stroke, radius
			all = append(all, sized(r, 60, 50))
		}
	}
	narrow, uneven, shady := canvas.NewRectangle(solid()), canvas.NewRectangle(solid()), canvas.NewRectangle(solid())
	narrow.CornerRadius = 3
	uneven.TopLeftCornerRadius, uneven.BottomRightCornerRadius = 20, 4
	shady.Shadow = canvas.Shadow{Color: color.Black, BlurRadius: 4, Offset: fyne.NewPos(2, 2)}
	return append(all, sized(narrow, 5, 60), sized(uneven, 60, 50), sized(shady, 50, 40))
}

func others() []fyne.CanvasObject {
	return []fyne.CanvasObject{
		sized(canvas.NewCircle(through()), 40, 40),
		sized(canvas.NewText("Ωµ 123", solid()), 60, 20),
		sized(canvas.NewHorizontalGradient(solid(), color.Transparent), 60, 50),
		sized(canvas.NewImageFromResource(theme.HomeIcon()), 40, 40),
		sized(widget.NewButton("Button", nil), 70, 40),
	}
}

func pictures() []fyne.CanvasObject {
	var all []fyne.CanvasObject
	for _, alpha := range []uint8{255, 128} {
		m := picture(61, 51, alpha)
		plain, faint, round := canvas.NewImageFromImage(m), canvas.NewImageFromImage(m), canvas.NewImageFromImage(m)
		faint.Translucency, faint.ScaleMode = 0.4, canvas.ImageScalePixels
		round.CornerRadius, round.FillMode = 12, canvas.ImageFillContain
		raster := canvas.NewRaster(func(int, int) image.Image { return m })
		all = append(all, sized(raster, 61, 51), sized(plain, 60, 50), sized(faint, 70, 60), sized(round, 60, 40))
	}
	return append(all, sized(canvas.NewRasterWithPixels(func(x, y, _, _ int) color.Color { return color.Gray{Y: uint8(x * y)} }), 60, 50))
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
