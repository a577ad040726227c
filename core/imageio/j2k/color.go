package j2k

import (
	"errors"
	"image"
)

// colors undoes the component transform of a tile's first three planes (annex G).
func (d *Decoder) colors() error {
	a, b, c := &d.planes[0], &d.planes[1], &d.planes[2]
	if a.area != b.area || a.area != c.area || a.reversible != b.reversible || a.reversible != c.reversible {
		return errors.New("j2k: a component transform of unequal components")
	}
	if a.reversible { // G-6 to G-8
		for i, y := range a.ints {
			u, v := b.ints[i], c.ints[i]
			g := y - (u+v)>>2
			a.ints[i], b.ints[i], c.ints[i] = v+g, g, u+g
		}
		return nil
	}
	for i, y := range a.floats { // G-12 to G-14
		u, v := b.floats[i], c.floats[i]
		a.floats[i], b.floats[i], c.floats[i] = y+1.402*v, y-0.34413*u-0.71414*v, y+1.772*u
	}
	return nil
}

// store puts plane k of the tile into the picture, within the limits of its samples (G.1).
func (d *Decoder) store(picture []byte, size, k int) {
	p, o := &d.planes[k], d.of[k]
	w := p.area.Dx()
	if w == 0 || p.area.Empty() {
		return
	}
	tile := p.area
	whole := o.dx == 1 && o.dy == 1
	if !whole {
		tile = o.covers(tile, d.area)
	}
	if cap(d.rows.ints) < w {
		d.rows.ints = make([]int32, w)
	}
	row := d.rows.ints[:w]
	for y := tile.Min.Y; y < tile.Max.Y; y++ {
		from := max(y/o.dy-p.area.Min.Y, 0) * w
		if p.reversible {
			row = p.ints[from : from+w]
		} else {
			round(row, p.floats[from:from+w])
		}
		at := (k*d.area.Dy()+y-d.area.Min.Y)*d.area.Dx() + tile.Min.X - d.area.Min.X
		to := picture[at*size : (at+tile.Dx())*size]
		if whole {
			put(to, row, size, o)
			continue
		}
		for x := range tile.Dx() {
			i := max((tile.Min.X+x)/o.dx-p.area.Min.X, 0)
			put(to[x*size:(x+1)*size], row[i:i+1], size, o)
		}
	}
}

// covers is the part of the picture for which some samples stand: those to the right of them and below,
// and of the first ones what is before them, too.
func (o samples) covers(part, picture image.Rectangle) image.Rectangle {
	at := image.Rect(part.Min.X*o.dx, part.Min.Y*o.dy, part.Max.X*o.dx, part.Max.Y*o.dy)
	if part.Min.X == ceil(picture.Min.X, o.dx) {
		at.Min.X = picture.Min.X
	}
	if part.Min.Y == ceil(picture.Min.Y, o.dy) {
		at.Min.Y = picture.Min.Y
	}
	return at.Intersect(picture)
}

// round takes reals to the nearest integers, halves up.
func round(to []int32, from []float32) {
	const far = 1 << 30 // what is beyond can't be told from noise
	for i, v := range from[:len(to)] {
		v = min(max(v, -far), far) + 0.5
		n := int32(v)
		if float32(n) > v {
			n--
		}
		to[i] = n
	}
}

// put writes a row of samples.
func put(to []byte, row []int32, size int, o samples) {
	least, most, level := int64(0), int64(1)<<o.bits-1, int64(1)<<(o.bits-1)
	if o.signed {
		least, most, level = -level, level-1, 0
	}
	for i, v := range row {
		s := min(max(int64(v)+level, least), most)
		switch size {
		case 1:
			to[i] = byte(s)
		case 2:
			to[2*i], to[2*i+1] = byte(s), byte(s>>8)
		default:
			to[4*i], to[4*i+1], to[4*i+2], to[4*i+3] = byte(s), byte(s>>8), byte(s>>16), byte(s>>24)
		}
	}
}
