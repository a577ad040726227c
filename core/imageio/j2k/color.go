package j2k

import (
	"encoding/binary"
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
		b, c := b.ints[:len(a.ints)], c.ints[:len(a.ints)]
		for i, y := range a.ints {
			u, v := b[i], c[i]
			g := y - (u+v)>>2
			a.ints[i], b[i], c[i] = v+g, g, u+g
		}
		return nil
	}
	us, vs := b.floats[:len(a.floats)], c.floats[:len(a.floats)]
	for i, y := range a.floats { // G-12 to G-14
		u, v := us[i], vs[i]
		a.floats[i], us[i], vs[i] = y+1.402*v, y-0.34413*u-0.71414*v, y+1.772*u
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
	to = to[:len(from)]
	for i, v := range from {
		if v += 0.5; v > far {
			v = far
		} else if v < -far {
			v = -far
		}
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
	switch size {
	case 1:
		to = to[:len(row)]
		for i, v := range row {
			to[i] = byte(min(max(int64(v)+level, least), most))
		}
	case 2:
		for i, v := range row {
			binary.LittleEndian.PutUint16(to[2*i:], uint16(min(max(int64(v)+level, least), most)))
		}
	default:
		for i, v := range row {
			binary.LittleEndian.PutUint32(to[4*i:], uint32(min(max(int64(v)+level, least), most)))
		}
	}
}
