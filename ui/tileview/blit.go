package tileview

import (
	"image"
	"math"
	"runtime"
	"sync"
)

// bands runs fn on the rows 0…h in pieces, one a core, and waits for all.
func bands(h int, fn func(y0, y1 int)) {
	n := max(1, min(runtime.GOMAXPROCS(0), h/64))
	var wg sync.WaitGroup
	for i := 1; i < n; i++ {
		wg.Go(func() { fn(h*i/n, h*(i+1)/n) })
	}
	fn(0, h/n)
	wg.Wait()
}

// piece is a part of the screen that one tile covers.
type piece struct {
	image.Rectangle // of the screen

	tile      *tile   // nil: not read yet
	cols      []int32 // of the tile, by column of the screen
	top, step float64 // the tile's row at the screen's upper edge, and from one row to the next
}

// pieces lays the tiles of level l out on the screen.
func (v *View) pieces(w, h int, at camera, l int, cells []cell, downs []float64) []piece {
	out := make([]piece, 0, len(cells))
	v.cols = v.cols[:0]
	for _, c := range cells {
		p, ok := v.piece(w, h, at, l, c, downs)
		if ok {
			out = append(out, p)
		}
	}
	return out
}

func (v *View) piece(w, h int, at camera, l int, c cell, downs []float64) (piece, bool) {
	ts, size := v.info.TileSize, v.info.Levels[l].Size
	k := at.scale * downs[l] // screen pixels a pixel of this level
	x0, x1 := extent(c.col, ts.X, size.X, k, at.x*at.scale)
	y0, y1 := extent(c.row, ts.Y, size.Y, k, at.y*at.scale)
	p := piece{tile: c.tile, Rectangle: image.Rect(x0, y0, x1, y1).Intersect(image.Rect(0, 0, w, h))}
	if p.Empty() || p.tile == nil {
		return p, !p.Empty()
	}
	t := c.tile
	d := downs[t.key.level]
	p.step = 1 / (at.scale * d) // pixels of the tile's level a screen pixel
	p.top = at.y/d - float64(t.key.row*ts.Y)
	from := len(v.cols)
	v.cols = columns(v.cols, p.Dx(), t.size.X, at.x/d-float64(t.key.col*ts.X)+(float64(p.Min.X)+0.5)*p.step, p.step)
	p.cols = v.cols[from:]
	return p, true
}

// extent is which screen pixels, from a to before b, tile n of that size covers of an image of whole pixels: k screen
// pixels each, from origin on. An image that is thinner than one has the one that it lies in.
func extent(n, size, whole int, k, origin float64) (a, b int) {
	edge := func(p int) int { return int(math.Ceil(float64(p)*k - origin)) }
	a, b = edge(n*size), edge(min((n+1)*size, whole))
	if edge(0) == edge(whole) {
		a = b - 1
	}
	return a, b
}

// columns appends which of wide columns n pixels show, from x on by step, in 32.32 fixed point.
func columns(out []int32, n, wide int, x, step float64) []int32 {
	const one = 1 << 32
	at, s := int64(x*one), int64(step*one)
	for range n {
		out = append(out, int32(min(max(at>>32, 0), int64(wide)-1)))
		at += s
	}
	return out
}

// row is the tile's row that is shown at y.
func (p piece) row(y int) int {
	return min(max(int(p.top+(float64(y)+0.5)*p.step), 0), p.tile.size.Y-1)
}

// shows is what the screen shows of the tile, and what is interpolated with it.
func (p piece) shows() image.Rectangle {
	const about = 2
	x0, x1 := int(p.cols[0]), int(p.cols[len(p.cols)-1])+1
	return image.Rect(x0, p.row(p.Min.Y), x1, p.row(p.Max.Y-1)+1).Inset(-about).Intersect(p.tile.whole())
}

// blit copies the rows y0…y1 of a piece, nearest neighbour.
func (p piece) blit(dst []uint32, w, y0, y1 int) {
	last := -1
	for y := max(y0, p.Min.Y); y < min(y1, p.Max.Y); y++ {
		line := dst[y*w+p.Min.X : y*w+p.Max.X]
		if p.tile == nil {
			fill(line, unknown)
			continue
		}
		wide := p.tile.size.X
		row := p.row(y)
		if row == last {
			copy(line, dst[(y-1)*w+p.Min.X:(y-1)*w+p.Max.X])
			continue
		}
		last = row
		pick(line, p.tile.pix[row*wide:(row+1)*wide], p.cols)
	}
}

// pick copies the pixels of a tile's row that the screen shows.
func pick(dst, src []uint32, cols []int32) {
	if n := len(cols) - 1; n > 0 && int(cols[n]-cols[0]) == n {
		copy(dst, src[cols[0]:cols[n]+1])
		return
	}
	dst = dst[:len(cols)]
	for i, c := range cols {
		dst[i] = src[c]
	}
}

func fill(line []uint32, c uint32) {
	for i := range line {
		line[i] = c
	}
}

// surround colours what of the rows y0…y1 lies outside the image.
func surround(dst []uint32, w, y0, y1 int, in image.Rectangle) {
	for y := y0; y < y1; y++ {
		line := dst[y*w : (y+1)*w]
		if y < in.Min.Y || y >= in.Max.Y {
			fill(line, around)
			continue
		}
		fill(line[:in.Min.X], around)
		fill(line[in.Max.X:], around)
	}
}
