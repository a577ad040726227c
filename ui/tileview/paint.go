package tileview

import (
	"image"
	"math"
	"slices"
	"sync"
	"unsafe"
)

// around is the colour beside the image and where nothing is loaded yet.
const (
	around  = 0xff0e0c0a // RGBA, little-endian
	unknown = 0xff1c1816
)

// paint is the raster's generator: it returns a reused picture of w×h pixels.
func (v *View) paint(w, h int) image.Image {
	if v.buf == nil || v.buf.Rect.Dx() != w || v.buf.Rect.Dy() != h {
		v.buf = image.NewRGBA(image.Rect(0, 0, w, h))
	}
	if s := v.Size(); s.Width > 0 {
		v.ratio = float64(w) / float64(s.Width)
	}
	if w == 0 || h == 0 {
		return v.buf
	}
	// An RGBA's pixels as whole words: aligned, as Go allocates them.
	dst := unsafe.Slice((*uint32)(unsafe.Pointer(&v.buf.Pix[0])), w*h) //nolint:gosec // one store a pixel, not four
	for i := range dst {
		dst[i] = around
	}
	if v.src == nil || len(v.info.Levels) == 0 {
		return v.buf
	}
	if !v.fitted {
		v.at, v.fitted = fit(v.info.Levels[0].Size, w, h), true
		v.scale.set(v.info.Micron.X, v.at.scale/v.ratio)
		v.told()
	}
	v.blitTiles(dst, w, h)
	if v.look != Hidden {
		v.lay.blit(dst, w, h, v.at)
	}
	v.paintMarks(canvasOf(dst, w, h))
	return v.buf
}

func (v *View) told() {
	if v.act.Zoomed != nil {
		v.act.Zoomed(v.at.scale / v.ratio)
	}
}

// cell is where a tile lies on the screen.
type cell struct {
	col, row int
	tile     *tile
}

func (v *View) blitTiles(dst []uint32, w, h int) {
	downs := make([]float64, len(v.info.Levels))
	for i, l := range v.info.Levels {
		downs[i] = l.Downsample
	}
	l := level(downs, v.at.scale)
	cells, colors := v.cells(l, w, h, downs)
	v.recolorTiles(cells, colors)
	for _, c := range cells {
		v.blit(dst, w, h, l, c, downs)
	}
}

// recolorTiles gives the tiles on the screen the colours of now, so that a contrast that is
// dragged is on the screen in the same frame.
func (v *View) recolorTiles(cells []cell, colors palette) {
	var wg sync.WaitGroup
	seen := map[*tile]bool{nil: true}
	for _, c := range cells {
		if t := c.tile; !seen[t] && t.gen != colors.gen {
			t.gen = colors.gen
			wg.Go(func() { colors.compose(t.pix, t.planes) })
		}
		seen[c.tile] = true
	}
	wg.Wait()
}

// cells lists the tiles of level l that the screen shows, each with itself or the
// nearest coarser tile in memory, and wants the missing ones, the middle first.
func (v *View) cells(l, w, h int, downs []float64) ([]cell, palette) {
	ts, size := v.info.TileSize, v.info.Levels[l].Size
	d := downs[l]
	from := func(p float64, t int) int { return int(math.Floor(p / d / float64(t))) }
	c0, r0 := max(0, from(v.at.x, ts.X)), max(0, from(v.at.y, ts.Y))
	c1 := min((size.X-1)/ts.X, from(v.at.x+float64(w)/v.at.scale, ts.X))
	r1 := min((size.Y-1)/ts.Y, from(v.at.y+float64(h)/v.at.scale, ts.Y))
	var cells []cell
	var want []tileKey
	wk := v.work
	wk.mu.Lock()
	defer wk.mu.Unlock()
	for row := r0; row <= r1; row++ {
		for col := c0; col <= c1; col++ {
			k := tileKey{l, col, row, v.z, v.t}
			t := wk.look(k)
			if t == nil {
				want = append(want, k)
			}
			for u := l + 1; u < len(downs) && t == nil; u++ {
				q := d / downs[u]
				t = wk.look(tileKey{u, int(float64(col) * q), int(float64(row) * q), v.z, v.t})
			}
			cells = append(cells, cell{col, row, t})
		}
	}
	midC, midR := (c0+c1)/2, (r0+r1)/2
	slices.SortStableFunc(want, func(a, b tileKey) int {
		da := abs(a.col-midC) + abs(a.row-midR)
		return da - abs(b.col-midC) - abs(b.row-midR)
	})
	if top := len(downs) - 1; top > l { // something to show at once
		if k := (tileKey{top, 0, 0, v.z, v.t}); wk.look(k) == nil {
			want = append([]tileKey{k}, want...)
		}
	}
	wk.wanted = want
	if len(want) > 0 {
		wk.signal()
	}
	return cells, wk.mixed()
}

func abs(n int) int { return max(n, -n) }

// blit copies the part of the screen that one tile covers, nearest neighbour.
func (v *View) blit(dst []uint32, w, h, l int, c cell, downs []float64) {
	ts, size := v.info.TileSize, v.info.Levels[l].Size
	k := v.at.scale * downs[l] // screen pixels a pixel of this level
	edge := func(p, origin float64) int { return int(math.Ceil(p*k - origin*v.at.scale)) }
	x0, x1 := max(0, edge(float64(c.col*ts.X), v.at.x)), min(w, edge(float64(min((c.col+1)*ts.X, size.X)), v.at.x))
	y0, y1 := max(0, edge(float64(c.row*ts.Y), v.at.y)), min(h, edge(float64(min((c.row+1)*ts.Y, size.Y)), v.at.y))
	if x0 >= x1 || y0 >= y1 {
		return
	}
	if c.tile == nil {
		for y := y0; y < y1; y++ {
			row := dst[y*w+x0 : y*w+x1]
			for i := range row {
				row[i] = unknown
			}
		}
		return
	}
	t := c.tile
	d := downs[t.key.level]
	step := 1 / (v.at.scale * d) // pixels of the tile's level a screen pixel
	ox := v.at.x/d - float64(t.key.col*ts.X)
	oy := v.at.y/d - float64(t.key.row*ts.Y)
	for y := y0; y < y1; y++ {
		sy := min(max(int(oy+(float64(y)+0.5)*step), 0), t.size.Y-1)
		stretch(dst[y*w+x0:y*w+x1], t.pix[sy*t.size.X:(sy+1)*t.size.X], ox+(float64(x0)+0.5)*step, step)
	}
}

// stretch fills dst from src, starting at x and going on by step, in 32.32 fixed point.
func stretch(dst, src []uint32, x, step float64) {
	const one = 1 << 32
	last := int64(len(src)) - 1
	p, s := int64(x*one), int64(step*one)
	for i := range dst {
		dst[i] = src[min(max(p>>32, 0), last)]
		p += s
	}
}
