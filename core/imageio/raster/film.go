package raster

import (
	"context"
	"image"
	"image/color"
	"image/gif"
	"slices"
	"sync"
)

// film is a GIF of several pictures, each of which changes the one before it: they are put together as
// they are asked for.
type film struct {
	all    *gif.GIF
	paints []paint // of each picture

	mu     sync.Mutex // guards all below
	n      int        // which picture the canvas shows
	canvas [][]byte   // one plane for grey, three for colour; nil before the first
	kept   [][]byte   // the canvas as it is to be again after this picture
	shown  [][]byte   // a copy of the canvas, which is handed out
}

// paint is what the numbers of a picture stand for.
type paint struct {
	planes [3][256]byte
	clear  [256]bool // what was there before stays
}

// newFilm is that of pictures which go by the palette whole, where they have none of their own.
func newFilm(all *gif.GIF, whole color.Palette) *film {
	f := &film{all: all, paints: make([]paint, len(all.Image)), canvas: make([][]byte, 1)}
	all.Image[0].Palette = filled(all.Image[0].Palette, whole) // before it there was nothing that could stay
	for i, img := range all.Image {
		for k, c := range img.Palette[:min(len(img.Palette), 256)] {
			r, g, b, a := c.RGBA()
			if r != g || g != b {
				f.canvas = make([][]byte, 3)
			}
			f.paints[i].clear[k] = a == 0 && i > 0
			for p, v := range [3]uint32{r, g, b} {
				f.paints[i].planes[p][k] = byte(v >> 8)
			}
		}
	}
	f.begin()
	return f
}

// begin clears the canvas. From then on it needs f.mu.
func (f *film) begin() {
	f.n = -1
	for p := range f.canvas {
		f.canvas[p] = make([]byte, f.all.Config.Width*f.all.Config.Height)
	}
}

// planes are those of the n-th picture.
func (f *film) planes(ctx context.Context, n int) ([][]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n < f.n {
		f.begin()
		f.shown = nil
	}
	for f.n < n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.step()
		f.shown = nil
	}
	if f.shown == nil {
		f.shown = copied(f.canvas)
	}
	return f.shown, nil
}

// step goes on to the next picture. It needs f.mu.
func (f *film) step() {
	if f.n >= 0 {
		switch f.all.Disposal[f.n] {
		case gif.DisposalBackground:
			f.each(func(plane []byte, at, _, _ int) { plane[at] = 0 })
		case gif.DisposalPrevious:
			f.canvas = f.kept
		}
	}
	f.n++
	if f.kept = nil; f.all.Disposal[f.n] == gif.DisposalPrevious {
		f.kept = copied(f.canvas)
	}
	pix, paint := f.all.Image[f.n].Pix, &f.paints[f.n]
	f.each(func(plane []byte, at, p, from int) {
		if v := pix[from]; !paint.clear[v] {
			plane[at] = paint.planes[p][v]
		}
	})
}

// each goes through the pixels that the n-th picture covers: where one is on each plane, and in the
// picture. It needs f.mu.
func (f *film) each(do func(plane []byte, at, p, from int)) {
	img, width := f.all.Image[f.n], f.all.Config.Width
	r := img.Rect.Intersect(image.Rect(0, 0, width, f.all.Config.Height))
	for p, plane := range f.canvas {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			from := img.PixOffset(r.Min.X, y)
			for x := range r.Dx() {
				do(plane, y*width+r.Min.X+x, p, from+x)
			}
		}
	}
}

func copied(planes [][]byte) [][]byte {
	out := make([][]byte, len(planes))
	for p := range out {
		out[p] = slices.Clone(planes[p])
	}
	return out
}
