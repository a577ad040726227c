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

// fit shows a whole image of that size, turned by degrees, on a screen of w×h pixels, with some air.
func fit(size image.Point, degrees float64, w, h int) camera {
	if size.X == 0 || size.Y == 0 || w == 0 || h == 0 {
		return camera{scale: 1}
	}
	bw, bh := boundsOf(float64(size.X), float64(size.Y), degrees)
	s := min(float64(w)/bw, float64(h)/bh) * 0.97
	return camera{
		scale: s,
		x:     (float64(size.X) - float64(w)/s) / 2,
		y:     (float64(size.Y) - float64(h)/s) / 2,
	}
}

// hold keeps at least a corner of the image on a screen of w×h pixels that is turned by degrees:
// the nearest place of the image is at most 0.3 of the screen from its middle.
func (c camera) hold(size image.Point, degrees float64, w, h int) camera {
	m := c.toImage(float64(w)/2, float64(h)/2)
	dx := min(max(m.X, 0), float64(size.X)) - m.X
	dy := min(max(m.Y, 0), float64(size.Y)) - m.Y
	dx, dy = rotate(dx*c.scale, dy*c.scale, degrees)
	mx, my := 0.3*float64(w), 0.3*float64(h)
	dx, dy = rotate(dx-min(max(dx, -mx), mx), dy-min(max(dy, -my), my), -degrees)
	c.x += dx / c.scale
	c.y += dy / c.scale
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
