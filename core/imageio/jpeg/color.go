package jpeg

// picture puts the planes together in out, sample by sample or apart.
func (d *Decoder) picture(out []byte, as Color, apart bool) {
	w, h, n := d.conf.Size.X, d.conf.Size.Y, len(d.parts)
	if n == 1 && &d.parts[0].plane[0] == &out[0] {
		return
	}
	var rows [4][]byte
	var room [4][]byte
	for i := range d.parts {
		room[i] = make([]byte, w+2*d.maxH)
	}
	rgb := n == 3 && (as == YCbCr || as == Guess && d.isYCbCr())
	var inks []byte
	if n == 4 && as == Guess && d.adobe > 0 { // YCCK
		inks = make([]byte, 3*w)
	}
	for y := range h {
		for i := range d.parts {
			rows[i] = d.row(&d.parts[i], y, room[i])[:w]
		}
		if inks != nil {
			d.convert.toPlanes(inks, w, rows[0], rows[1], rows[2])
			for i, v := range inks {
				inks[i] = ^v
			}
			rows[0], rows[1], rows[2] = inks[:w], inks[w:2*w], inks[2*w:]
		}
		switch {
		case rgb && apart:
			d.convert.toPlanes(out[y*w:], w*h, rows[0], rows[1], rows[2])
		case rgb:
			d.convert.toRGB(out[y*w*n:], rows[0], rows[1], rows[2])
		default:
			lay(out, rows[:n], y, h, apart)
		}
	}
}

// lay writes row y of h of each component as it is.
func lay(out []byte, rows [][]byte, y, h int, apart bool) {
	n, w := len(rows), len(rows[0])
	for i, row := range rows {
		if apart || n == 1 {
			copy(out[(i*h+y)*w:], row)
			continue
		}
		for x, v := range row {
			out[(y*w+x)*n+i] = v
		}
	}
}

// isYCbCr is libjpeg's guess (jdapimin.c).
func (d *Decoder) isYCbCr() bool {
	switch {
	case d.jfif:
		return true
	case d.adobe >= 0:
		return d.adobe != 0
	}
	p := d.parts
	return p[0].id != 'R' || p[1].id != 'G' || p[2].id != 'B'
}

// converter holds libjpeg's conversion, in 16 bits of fraction, as tables.
type converter struct {
	red, blue         [256]int32 // what the colour adds to the luminance
	greenRed, greenBl [256]int32 // in 16 bits of fraction
	limit             [1024]byte // of v+256
}

func (c *converter) fill() {
	const half = 1 << 15
	for i := range int32(256) {
		c.red[i], c.blue[i] = (91881*(i-128)+half)>>16, (116130*(i-128)+half)>>16
		c.greenRed[i], c.greenBl[i] = -46802*(i-128), -22554*(i-128)+half
	}
	for i := range c.limit {
		c.limit[i] = byte(min(max(i-256, 0), 255))
	}
}

func (c *converter) toRGB(to, luma, blue, red []byte) {
	n := rgbVectors(to, luma, blue, red)
	c.toRGBPlain(to[3*n:], luma[n:], blue[n:], red[n:])
}

func (c *converter) toRGBPlain(to, luma, blue, red []byte) {
	blue, red = blue[:len(luma)], red[:len(luma)]
	to = to[:3*len(luma)]
	for x, l := range luma {
		px := to[3*x : 3*x+3 : 3*x+3]
		px[0], px[1], px[2] = c.pixel(l, blue[x], red[x])
	}
}

func (c *converter) pixel(l, b, r byte) (red, green, blue byte) {
	y := int32(l) + 256
	return c.limit[(y+c.red[r])&1023], c.limit[(y+(c.greenBl[b]+c.greenRed[r])>>16)&1023], c.limit[(y+c.blue[b])&1023]
}

// toPlanes is toRGB into planes that lie apart bytes from one another.
func (c *converter) toPlanes(to []byte, apart int, luma, blue, red []byte) {
	for x := planeVectors(to, apart, luma, blue, red); x < len(luma); x++ {
		to[x], to[apart+x], to[2*apart+x] = c.pixel(luma[x], blue[x], red[x])
	}
}

// row returns row y of a component at full width: its own row, or one made in room.
func (d *Decoder) row(p *component, y int, room []byte) []byte {
	hx, vx := d.maxH/p.h, d.maxV/p.v
	wide, high := ceil(d.conf.Size.X*p.h, d.maxH), ceil(d.conf.Size.Y*p.v, d.maxV) // samples that are the picture's
	line := func(at int) []byte { return p.plane[min(max(at, 0), high-1)*p.stride:][:wide] }
	near := line(y / vx)
	other := line(y/vx - 1 + y%vx*2) // of two rows made from one, the upper leans on the row above
	switch {
	case hx == 1 && vx == 1:
		return near
	case hx == 2 && vx == 1 && wide > 2:
		return wider(room, near, near, 4, 8)
	case hx == 2 && vx == 2 && wide > 2:
		return wider(room, near, other, 8, 7)
	case hx == 1 && vx == 2:
		bias := uint16(1 + y%2)
		for x, v := range near {
			room[x] = byte((3*uint16(v) + uint16(other[x]) + bias) >> 2)
		}
		return room
	}
	for x := range room {
		room[x] = near[min(x/hx, wide-1)]
	}
	return room
}

// wider doubles a row: of a row that lies between near and other near has three parts of four,
// and so has the nearer of its samples in what is made of two. even and odd, of sixteen, round
// the sample on the left of where it was, and on the right.
func wider(to, near, other []byte, even, odd uint16) []byte {
	widerPlain(to, near, other, even, odd, 0, 1)
	widerPlain(to, near, other, even, odd, 1+widerVectors(to, near, other, even, odd), len(near))
	return to
}

// widerPlain is wider for the samples from x to before end.
func widerPlain(to, near, other []byte, even, odd uint16, x, end int) {
	other, to = other[:len(near)], to[:2*len(near)]
	sum := func(x int) uint16 { return 3*uint16(near[x]) + uint16(other[x]) }
	before, here := sum(max(x-1, 0)), sum(x)
	for ; x < end; x++ {
		after := sum(min(x+1, len(near)-1))
		to[2*x], to[2*x+1] = byte((3*here+before+even)>>4), byte((3*here+after+odd)>>4)
		before, here = here, after
	}
}
