package tileview

import (
	"image"
	"math"

	"coverslip.dev/coverslip/core/annotation"
)

// camera says which part of the image is seen: (x, y) is the full image's pixel
// at the upper left corner of the screen, scale is screen pixels an image pixel.
type camera struct{ x, y, scale float64 }

const maxScale = 64 // screen pixels an image pixel: beyond that one sees squares only

// toImage turns a screen pixel into a position in the image.
func (c camera) toImage(x, y float64) annotation.Point {
	return annotation.Point{X: c.x + x/c.scale, Y: c.y + y/c.scale}
}

// toScreen turns a position in the image into a screen pixel.
func (c camera) toScreen(p annotation.Point) (x, y float64) {
	return (p.X - c.x) * c.scale, (p.Y - c.y) * c.scale
}

// zoom scales by k and keeps what is under the screen pixel (x, y) there.
func (c camera) zoom(k, x, y, least float64) camera {
	p := c.toImage(x, y)
	c.scale = min(max(c.scale*k, least), maxScale)
	c.x, c.y = p.X-x/c.scale, p.Y-y/c.scale
	return c
}

// fit shows a whole image of that size on a screen of w×h pixels, with some air.
func fit(size image.Point, w, h int) camera {
	if size.X == 0 || size.Y == 0 || w == 0 || h == 0 {
		return camera{scale: 1}
	}
	s := min(float64(w)/float64(size.X), float64(h)/float64(size.Y)) * 0.97
	return camera{
		scale: s,
		x:     (float64(size.X) - float64(w)/s) / 2,
		y:     (float64(size.Y) - float64(h)/s) / 2,
	}
}

// hold keeps at least a corner of the image on a screen of w×h pixels.
func (c camera) hold(size image.Point, w, h int) camera {
	mx, my := float64(w)/c.scale, float64(h)/c.scale
	keepX, keepY := mx*0.2, my*0.2
	c.x = min(max(c.x, keepX-mx), float64(size.X)-keepX)
	c.y = min(max(c.y, keepY-my), float64(size.Y)-keepY)
	return c
}

// level returns the coarsest level that has a pixel for every screen pixel.
func level(downsamples []float64, scale float64) int {
	best := 0
	for i, d := range downsamples {
		if d*scale <= 1+1e-9 && d >= downsamples[best] {
			best = i
		}
	}
	return best
}

// niceLength returns the round length (1, 2 or 5 times a power of ten, µm) whose
// bar is the longest not above most screen pixels, and the bar's pixels.
func niceLength(micronPerPixel, most float64) (length, pixels float64) {
	if micronPerPixel <= 0 {
		return 0, 0
	}
	raw := micronPerPixel * most
	pow := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, k := range []float64{5, 2, 1} {
		if k*pow <= raw {
			return k * pow, k * pow / micronPerPixel
		}
	}
	return pow, pow / micronPerPixel
}
