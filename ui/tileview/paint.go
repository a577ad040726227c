package tileview

import (
	"image"
	"math"
	"slices"
	"sync"
	"unsafe"

	"coverslip.dev/coverslip/ui/theme"
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
		if k := float64(w) / float64(s.Width); math.Abs(k-v.ratio) > 0.01 {
			v.ratio = k
			v.restyle()
			if v.fitted {
				v.measureBar()
				v.told()
			}
		}
	}
	if w == 0 || h == 0 {
		return v.buf
	}
	// An RGBA's pixels as whole words: aligned, as Go allocates them.
	dst := unsafe.Slice((*uint32)(unsafe.Pointer(&v.buf.Pix[0])), w*h) //nolint:gosec // one store a pixel, not four
	if v.src == nil || len(v.info.Levels) == 0 {
		fill(dst, around)
		return v.buf
	}
	if !v.fitted {
		v.at, v.fitted = fit(v.imageSize(), v.angle, w, h), true
		v.measureBar()
		v.told()
	}
	v.sized(w, h)
	if v.angle == 0 {
		v.scene(dst, w, h, v.at)
	} else {
		v.paintTurned(dst, w, h)
	}
	v.paintOverview(dst, w, h)
	v.paintCounts(canvasOf(dst, w, h))
	if !v.contrast {
		fill(dst, around)
	}
	if v.focused {
		x, y := float64(w)-v.ratio/2, float64(h)-v.ratio/2
		canvasOf(dst, w, h).stroke([]pt{{v.ratio / 2, v.ratio / 2}, {x, v.ratio / 2}, {x, y}, {v.ratio / 2, y}}, true,
			inkOf(theme.Objects().Hovered, 0.6), v.ratio, 0)
	}
	return v.buf
}

// sized keeps the middle in the middle when the screen's size changes, and a whole image whole.
func (v *View) sized(w, h int) {
	was := v.painted
	if was == (image.Point{}) {
		v.painted = image.Pt(w, h)
		return
	}
	if max(w-was.X, was.X-w, h-was.Y, was.Y-h) <= 1 {
		return // Fyne and share round otherwise
	}
	v.painted = image.Pt(w, h)
	if v.showsAll(was.X, was.Y) {
		v.at = fit(v.imageSize(), v.angle, w, h)
		v.measureBar()
		v.told()
		v.share()
		return
	}
	v.at.x += float64(was.X-w) / 2 / v.at.scale
	v.at.y += float64(was.Y-h) / 2 / v.at.scale
	v.share()
}

// showsAll reports whether the image is fit to a screen of w×h pixels, but for rounding.
func (v *View) showsAll(w, h int) bool {
	return math.Abs(v.at.scale/fit(v.imageSize(), v.angle, w, h).scale-1) < 2/float64(max(1, min(w, h)))
}

// scene paints what a camera sees, upright.
func (v *View) scene(dst []uint32, w, h int, at camera) {
	v.paintLevel(dst, w, h, at, v.level(w, h, at), true)
	glass, through := v.lookThrough(dst, w, h, at)
	v.owes = v.follow() && !v.style.Hidden && !v.lay.blit(dst, w, h, at)
	s := canvasOf(dst, w, h)
	v.paintMarks(s, at)
	if through {
		v.paintLens(s, glass)
	}
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

func (v *View) downsamples() []float64 {
	downs := make([]float64, len(v.info.Levels))
	for i, l := range v.info.Levels {
		downs[i] = l.Downsample
	}
	return downs
}

// level returns the coarsest level that has a pixel for every one of a screen of w×h pixels; where
// that would take up many times the limit, as just before a much coarser level, a coarser one.
func (v *View) level(w, h int, at camera) int {
	downs := v.downsamples()
	l := level(downs, at.scale)
	v.work.mu.Lock()
	most := mostCaches * v.work.limit
	v.work.mu.Unlock()
	for ; l < len(downs)-1; l++ {
		k, size := at.scale*downs[l], v.info.Levels[l].Size
		x, y := min(float64(w)/k, float64(size.X)), min(float64(h)/k, float64(size.Y))
		if bytesOf(int(x*y), len(v.info.Channels), v.info.Type) <= most {
			break
		}
	}
	return l
}

// paintLevel paints the tiles of level l and what is around the image; where it is the picture
// itself, the workers are asked for what is missing.
func (v *View) paintLevel(dst []uint32, w, h int, at camera, l int, ask bool) {
	downs := v.downsamples()
	cells, colors := v.cells(l, w, h, at, downs, ask)
	ps := v.pieces(w, h, at, l, cells, downs)
	recolorTiles(ps, colors)
	var in image.Rectangle
	for _, p := range ps {
		in = in.Union(p.Rectangle)
	}
	var fine *smooth
	ready := false
	if ask && v.rest.still && at.scale*downs[l] < 1-1e-9 {
		fine, ready = v.smoothly(at, l, cells, downs, in)
	}
	bands(h, func(y0, y1 int) {
		surround(dst, w, y0, y1, in)
		if ready {
			fine.paint(dst, w, y0, y1)
			return
		}
		for _, p := range ps {
			p.blit(dst, w, y0, y1)
		}
	})
}

// recolorTiles gives what the screen shows of tiles the colours of now, so that a contrast that is
// dragged is on the screen in the same frame. A tile of which more is shown later gets them whole.
func recolorTiles(ps []piece, colors palette) {
	shown := map[*tile]image.Rectangle{}
	for _, p := range ps {
		if p.tile != nil {
			shown[p.tile] = shown[p.tile].Union(p.shows())
		}
	}
	var wg sync.WaitGroup
	for t, part := range shown {
		switch {
		case t.gen != colors.gen:
		case part.In(t.part):
			continue
		default:
			part = t.whole()
		}
		t.gen, t.part = colors.gen, part
		wg.Go(func() { colors.compose(t.pix, t.planes, t.size.X, part) })
	}
	wg.Wait()
}

// cells lists the tiles of level l that the screen shows, each with itself or the nearest
// coarser tile in memory, or that of the plane that was shown before; and wants the missing
// ones, the middle first. For one that can't be read another plane does not stand in: it would be
// taken for this one.
func (v *View) cells(l, w, h int, at camera, downs []float64, ask bool) ([]cell, palette) {
	ts, size := v.info.TileSize, v.info.Levels[l].Size
	d := downs[l]
	from := func(p float64, t int) int { return int(math.Floor(p / d / float64(t))) }
	c0, r0 := max(0, from(at.x, ts.X)), max(0, from(at.y, ts.Y))
	c1 := min((size.X-1)/ts.X, from(at.x+float64(w)/at.scale, ts.X))
	r1 := min((size.Y-1)/ts.Y, from(at.y+float64(h)/at.scale, ts.Y))
	z, tm := v.plane()
	var cells []cell
	var want []tileKey
	wk := v.work
	wk.mu.Lock()
	defer wk.mu.Unlock()
	for row := r0; row <= r1; row++ {
		for col := c0; col <= c1; col++ {
			k := tileKey{l, col, row, z, tm}
			t := wk.have(k)
			switch {
			case t != nil:
				if ask { // the overview's are no more used than others
					wk.look(k)
				}
			case wk.broken[k]:
				t = wk.nearest(k, [2]int{z, tm}, downs)
			default:
				want = append(want, k)
				t = wk.nearest(k, v.was, downs)
			}
			cells = append(cells, cell{col, row, t})
		}
	}
	if ask {
		v.ask(want, tileKey{l, (c0 + c1) / 2, (r0 + r1) / 2, z, tm}, cells)
	}
	return cells, wk.mixed()
}

// nearest is what stands in for a tile that is missing: that of the plane shown before, or
// a coarser one; w.mu is held.
func (w *work) nearest(k tileKey, was [2]int, downs []float64) *tile {
	if was != [2]int{k.z, k.t} {
		if t := w.have(tileKey{k.level, k.col, k.row, was[0], was[1]}); t != nil { // the first to go
			return t
		}
	}
	for u := k.level + 1; u < len(downs); u++ {
		q := downs[k.level] / downs[u]
		if t := w.look(tileKey{u, int(float64(k.col) * q), int(float64(k.row) * q), k.z, k.t}); t != nil {
			return t
		}
	}
	return nil
}

// missing lists the tiles of a level that are not in memory, on the plane of k; w.mu is held.
func (w *work) missing(level int, k tileKey) []tileKey {
	size, ts := w.info.Levels[level].Size, w.info.TileSize
	var out []tileKey
	for row := 0; row*ts.Y < size.Y; row++ {
		for col := 0; col*ts.X < size.X; col++ {
			if k := (tileKey{level, col, row, k.z, k.t}); w.look(k) == nil && !w.broken[k] {
				out = append(out, k)
			}
		}
	}
	return out
}

// ask tells the workers what is missing; the work's lock is held.
func (v *View) ask(want []tileKey, mid tileKey, cells []cell) {
	wk := v.work
	v.whole = len(want) == 0
	if v.whole {
		v.was = [2]int{mid.z, mid.t}
	}
	slices.SortStableFunc(want, func(a, b tileKey) int {
		da := abs(a.col-mid.col) + abs(a.row-mid.row)
		return da - abs(b.col-mid.col) - abs(b.row-mid.row)
	})
	// The coarsest level is something to show at once, and the overview; of a film it would be one more
	// tile for each frame.
	all := len(cells)
	if top := len(v.info.Levels) - 1; top > mid.level && (!v.Playing() || v.mapped()) {
		n := v.info.Tiles(top)
		all += n.X * n.Y
		if v.Playing() {
			want = append(want, wk.missing(top, mid)...)
		} else {
			want = append(wk.missing(top, mid), want...)
		}
	}
	one := max(v.tileBytes(), 1)
	wk.need = all * one
	wk.trim()                      // after a larger screen
	if z, t, ok := v.ahead(); ok { // as far as there is room beside what is shown
		for _, c := range cells[:min(len(cells), max(wk.limit-wk.need, 0)/one)] {
			want = append(want, tileKey{mid.level, c.col, c.row, z, t})
		}
	}
	wk.wanted, wk.shown = want, [2]int{mid.z, mid.t}
	if len(want) > 0 {
		wk.signal()
	}
}

// tileBytes is the most that a tile takes up.
func (v *View) tileBytes() int {
	ts, size := v.info.TileSize, v.imageSize()
	return bytesOf(min(ts.X, size.X)*min(ts.Y, size.Y), len(v.info.Channels), v.info.Type)
}

func abs(n int) int { return max(n, -n) }
