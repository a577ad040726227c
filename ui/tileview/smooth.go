package tileview

import (
	"image"
	"math"
)

// smooth is a level whose tiles are all there, to be read across their borders.
type smooth struct {
	size, tile image.Point // of the level, of a tile
	from       image.Point // the first tile's column and row
	wide       int         // tiles in a row
	tiles      []*tile

	x, y, step float64 // the level's place at the screen's corner, and a screen pixel on the level
	area       image.Rectangle
	left       []int32  // by column of area: the pixel at the left, counted from start
	part       []uint32 // how much of the one at its right is in it, of 256
	start, n   int      // the columns of the level that are read
}

// smoothly prepares to interpolate what cells show; false unless all their tiles are there.
func (v *View) smoothly(at camera, l int, cells []cell, downs []float64, area image.Rectangle) (*smooth, bool) {
	if len(cells) == 0 || area.Empty() {
		return nil, false
	}
	first, last := cells[0], cells[len(cells)-1]
	s := &smooth{
		size: v.info.Levels[l].Size, tile: v.info.TileSize, from: image.Pt(first.col, first.row), wide: last.col - first.col + 1,
		x: at.x / downs[l], y: at.y / downs[l], step: 1 / (at.scale * downs[l]), area: area,
	}
	for _, c := range cells {
		if c.tile == nil || c.tile.key.level != l {
			return nil, false
		}
		s.tiles = append(s.tiles, c.tile)
	}
	s.start, _ = s.place(s.x, area.Min.X, s.size.X)
	end, _ := s.place(s.x, area.Max.X-1, s.size.X)
	s.start, end = max(s.start, s.from.X*s.tile.X), min(end+2, s.size.X, (last.col+1)*s.tile.X)
	s.n = end - s.start
	for x := area.Min.X; x < area.Max.X; x++ {
		i, f := s.place(s.x, x, s.size.X)
		i -= s.start
		if i < 0 {
			i, f = 0, 0
		}
		if i+1 >= s.n {
			i, f = max(s.n-2, 0), 256*uint32(min(s.n-1, 1))
		}
		s.left, s.part = append(s.left, int32(i)), append(s.part, f)
	}
	return s, s.n > 0
}

// place returns the pixel of the level below or at the left of the middle of a screen pixel,
// and how far the middle lies to the next one, of 256.
func (s *smooth) place(origin float64, pixel, size int) (i int, part uint32) {
	u := min(max(origin+(float64(pixel)+0.5)*s.step-0.5, 0), float64(size-1))
	i = int(u)
	return i, uint32(math.Round((u - float64(i)) * 256))
}

// row copies a row of the level.
func (s *smooth) row(out []uint32, y int) {
	r := min(max(y/s.tile.Y-s.from.Y, 0), len(s.tiles)/s.wide-1)
	for x := 0; x < s.n; {
		c := (s.start+x)/s.tile.X - s.from.X
		t := s.tiles[r*s.wide+c]
		in := s.start + x - (c+s.from.X)*s.tile.X
		ty := min(max(y-(r+s.from.Y)*s.tile.Y, 0), t.size.Y-1)
		n := copy(out[x:s.n], t.pix[ty*t.size.X+in:(ty+1)*t.size.X])
		if n == 0 {
			return
		}
		x += n
	}
}

// paint interpolates the rows y0…y1 of the screen.
func (s *smooth) paint(dst []uint32, w, y0, y1 int) {
	above, below, mixed := make([]uint32, s.n), make([]uint32, s.n), make([]uint32, s.n+1)
	a, b := -1, -1
	for y := max(y0, s.area.Min.Y); y < min(y1, s.area.Max.Y); y++ {
		j, part := s.place(s.y, y, s.size.Y)
		if j == b {
			above, below, a, b = below, above, b, a
		}
		if j != a {
			s.row(above, j)
			a = j
		}
		if k := min(j+1, s.size.Y-1); k != b {
			s.row(below, k)
			b = k
		}
		for i := range above {
			mixed[i] = lerp(above[i], below[i], part)
		}
		line := dst[y*w+s.area.Min.X : y*w+s.area.Max.X]
		for i, x := range s.left {
			line[i] = lerp(mixed[x], mixed[x+1], s.part[i])
		}
	}
}

// lerp mixes two opaque colours: part of 256 of q, the rest of p, rounded.
func lerp(p, q, part uint32) uint32 {
	rb := ((p&0xff00ff)*(256-part) + (q&0xff00ff)*part + 0x800080) >> 8 & 0xff00ff
	g := ((p&0xff00)*(256-part) + (q&0xff00)*part + 0x8000) >> 8 & 0xff00
	return rb | g | 0xff000000
}
