package j2k

import (
	"fmt"
	"image"
	"math"
	"slices"
)

// plane is a component of a tile: its coefficients, the sub-bands of each level in a corner of what is
// to become the next one, and later its samples.
type plane struct {
	area        image.Rectangle // in the component's own samples
	resolutions []resolution
	reversible  bool
	modes       byte
	shift       int
	ints        []int32
	floats      []float32 // where it is not reversible
}

// resolution is what the picture is after some levels of synthesis.
type resolution struct {
	area     image.Rectangle
	grid     image.Point // of precincts
	exponent image.Point // of a precinct's size
	bands    []band
	first    int // of the precincts
}

// band is a sub-band.
type band struct {
	area   image.Rectangle
	at     image.Point // in the plane
	orient int
	planes int     // of bits, M_b (E-2)
	delta  float32 // a quantisation step (E-3), halved for coefficients that have one bit of a fraction
}

// The orientations of sub-bands: high-pass across, high-pass down.
const (
	bandLL = iota
	bandHL
	bandLH
	bandHH
)

// precinct is what a packet is of.
type precinct struct {
	plane, resolution int
	at                image.Point // on the reference grid
	layer             int         // that comes next
	cells             [3]cell
}

// cell is a precinct's part of a sub-band: rows of code-blocks.
type cell struct {
	grid            image.Point
	first           int // of the blocks
	included, zeros int // the trees' first leaves
}

// block is a code-block, and what packets have brought for it. There can be many: it is small.
type block struct {
	band        *band
	x, y        int32 // in the plane
	w, h        int16
	planes      int16 // of bits, the empty ones left out
	passes      int16
	left        int16 // passes that the open codeword segment can take
	length      uint8 // Lblock (B.10.7.1)
	included    bool
	first, last int32 // of its pieces, counted from 1
}

// lay takes a tile to its planes, resolutions, sub-bands, precincts and code-blocks (annex B).
func (d *Decoder) lay(c *coding, number int, parts []part) error {
	grid := d.grid()
	at := d.tiles.Min.Add(image.Pt(number%grid.X*d.tiles.Dx(), number/grid.X*d.tiles.Dy()))
	area := image.Rectangle{Min: at, Max: at.Add(d.tiles.Size())}.Intersect(d.area)
	d.precincts, d.blocks, d.nodes, d.pieces = d.precincts[:0], d.blocks[:0], d.nodes[:0], d.pieces[:0]
	if cap(d.planes) < len(d.of) {
		d.planes = make([]plane, len(d.of))
	}
	d.planes = d.planes[:len(d.of)]
	most := c.bytes(parts) // precincts: each has a packet, of a byte at least
	ints, floats := 0, 0
	for k := range d.planes {
		p, o := &d.planes[k], &d.of[k]
		p.area = image.Rect(ceil(area.Min.X, o.dx), ceil(area.Min.Y, o.dy), ceil(area.Max.X, o.dx), ceil(area.Max.Y, o.dy))
		p.reversible, p.modes, p.shift = c.of[k].reversible, c.of[k].modes, c.of[k].shift
		if p.reversible {
			ints += p.area.Dx() * p.area.Dy()
		} else {
			floats += p.area.Dx() * p.area.Dy()
		}
		if p.area.Empty() { // its samples are far apart: none is in this tile
			p.resolutions = p.resolutions[:0]
			continue
		}
		if err := d.resolutions(p, &c.of[k], o.bits); err != nil {
			return err
		}
		for r := range p.resolutions {
			if err := d.divide(&c.of[k], k, r, area.Min, most); err != nil {
				return err
			}
		}
	}
	d.ints, d.floats = room(d.ints, ints), room(d.floats, floats)
	ints, floats = 0, 0
	for k := range d.planes {
		p := &d.planes[k]
		n := p.area.Dx() * p.area.Dy()
		if p.ints, p.floats = nil, nil; p.reversible {
			p.ints, ints = d.ints[ints:ints+n], ints+n
		} else {
			p.floats, floats = d.floats[floats:floats+n], floats+n
		}
	}
	return nil
}

// bytes is how many there are of packets.
func (c *coding) bytes(parts []part) int {
	n := len(c.packed)
	for _, p := range parts {
		n += len(p.data)
	}
	return n
}

// room is s with n elements, all zero.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// resolutions fills those of a plane and their sub-bands (B.5).
func (d *Decoder) resolutions(p *plane, c *component, bits int) error {
	if cap(p.resolutions) <= c.levels {
		p.resolutions = make([]resolution, c.levels+1)
	}
	p.resolutions = p.resolutions[:c.levels+1]
	for r := range p.resolutions {
		down := c.levels - r
		s := &p.resolutions[r]
		*s = resolution{bands: s.bands[:0], exponent: image.Pt(int(c.precincts[r][0]), int(c.precincts[r][1]))}
		s.area = image.Rect(ceilShift(p.area.Min.X, down), ceilShift(p.area.Min.Y, down), ceilShift(p.area.Max.X, down), ceilShift(p.area.Max.Y, down))
		if s.area.Empty() {
			continue
		}
		e, a := s.exponent, s.area
		s.grid = image.Pt(ceilShift(a.Max.X, e.X)-a.Min.X>>e.X, ceilShift(a.Max.Y, e.Y)-a.Min.Y>>e.Y)
		from, to, level := bandHL, bandHH, down+1
		if r == 0 {
			from, to, level = bandLL, bandLL, down
		}
		for orient := from; orient <= to; orient++ {
			b, err := newBand(p, c, orient, level, bits)
			if err != nil {
				return err
			}
			if r > 0 {
				low := p.resolutions[r-1].area
				b.at = image.Pt(low.Dx()*(orient&1), low.Dy()*(orient>>1))
			}
			s.bands = append(s.bands, b)
		}
	}
	if !p.reversible {
		p.scale()
	}
	return nil
}

// scale makes the quantisation steps those of what the filter 9/7 works on: each sub-band is scaled on its
// own level, and as a part of what is low-pass on all above that.
func (p *plane) scale() {
	x, y := 1.0, 1.0
	for r := len(p.resolutions) - 1; r >= 0; r-- {
		s := &p.resolutions[r]
		lowX, highX := scales(s.area.Dx())
		lowY, highY := scales(s.area.Dy())
		for i := range s.bands {
			by := x * y
			switch s.bands[i].orient {
			case bandHL:
				by *= highX * lowY
			case bandLH:
				by *= lowX * highY
			case bandHH:
				by *= highX * highY
			}
			s.bands[i].delta *= float32(by)
		}
		x, y = x*lowX, y*lowY
	}
}

// newBand is a sub-band after that many levels of decomposition (B-15, E-2 to E-5).
func newBand(p *plane, c *component, orient, level, bits int) (band, error) {
	b := band{orient: orient}
	half := image.Pt(0, 0)
	if orient != bandLL {
		half = image.Pt(orient&1<<level>>1, orient>>1<<level>>1)
	}
	a := image.Rectangle{Min: p.area.Min.Sub(half), Max: p.area.Max.Sub(half)}
	b.area = image.Rect(ceilShift(a.Min.X, level), ceilShift(a.Min.Y, level), ceilShift(a.Max.X, level), ceilShift(a.Max.Y, level))
	index := 0
	if orient != bandLL {
		index = 3*(c.levels-level) + orient
	}
	s, err := c.of(index, level, c.levels)
	if err != nil {
		return b, err
	}
	b.planes = c.guard + s.exponent - 1 + c.shift
	gain := orient&1 + orient>>1
	b.delta = float32(math.Ldexp(1+float64(s.mantissa)/2048, bits+gain-s.exponent-1))
	return b, nil
}

// divide makes the precincts of a resolution and their code-blocks (B.6, B.7).
func (d *Decoder) divide(c *component, k, r int, origin image.Point, most int) error {
	p := &d.planes[k]
	s := &p.resolutions[r]
	s.first = len(d.precincts)
	left := most - len(d.precincts)
	if s.grid.X > 0 && s.grid.Y > left/s.grid.X {
		return errShort
	}
	if s.grid.X*s.grid.Y > maxBlocks-len(d.precincts) {
		return errManyBlocks
	}
	down := c.levels - r
	e := s.exponent
	for y := range s.grid.Y {
		for x := range s.grid.X {
			corner := image.Pt((s.area.Min.X>>e.X+x)<<e.X, (s.area.Min.Y>>e.Y+y)<<e.Y)
			q := precinct{plane: k, resolution: r, at: origin}
			if corner.X >= s.area.Min.X {
				q.at.X = corner.X << down * d.of[k].dx
			}
			if corner.Y >= s.area.Min.Y {
				q.at.Y = corner.Y << down * d.of[k].dy
			}
			size := image.Pt(1<<e.X, 1<<e.Y)
			if r > 0 {
				corner, size = corner.Div(2), size.Div(2)
			}
			whole := image.Rectangle{Min: corner, Max: corner.Add(size)}
			w, h := min(1<<c.width, size.X), min(1<<c.height, size.Y)
			if err := d.cells(&q, s.bands, whole, w, h); err != nil {
				return err
			}
			d.precincts = append(d.precincts, q)
		}
	}
	return nil
}

// maxBlocks is the most code-blocks and precincts of a tile. Each takes far more memory than its coefficients where they
// are few: 16 × 16 of them are what a program may choose for the largest tile there is.
const maxBlocks = 1 << 19

var errManyBlocks = fmt.Errorf("%w: more than %d code-blocks in a tile", ErrUnsupported, maxBlocks)

// cells makes the parts of sub-bands that a precinct covers; their code-blocks are of w × h.
func (d *Decoder) cells(q *precinct, bands []band, whole image.Rectangle, w, h int) (err error) {
	for i := range bands {
		if q.cells[i], err = d.cell(&bands[i], whole.Intersect(bands[i].area), w, h); err != nil {
			return err
		}
	}
	return nil
}

// cell makes the code-blocks of a part of a sub-band; their sizes are w × h.
func (d *Decoder) cell(b *band, part image.Rectangle, w, h int) (cell, error) {
	c := cell{first: len(d.blocks)}
	if part.Empty() {
		return c, nil
	}
	from := image.Pt(part.Min.X/w, part.Min.Y/h)
	c.grid = image.Pt(ceil(part.Max.X, w), ceil(part.Max.Y, h)).Sub(from)
	n := c.grid.X * c.grid.Y
	if len(d.precincts)+len(d.blocks)+n > maxBlocks {
		return c, errManyBlocks
	}
	d.blocks = slices.Grow(d.blocks, n)
	for y := range c.grid.Y {
		for x := range c.grid.X {
			at := image.Pt((from.X+x)*w, (from.Y+y)*h)
			area := image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}.Intersect(part)
			in := area.Min.Sub(b.area.Min).Add(b.at)
			d.blocks = append(d.blocks, block{band: b, x: int32(in.X), y: int32(in.Y), w: int16(area.Dx()), h: int16(area.Dy()), length: 3})
		}
	}
	c.included, c.zeros = d.tree(c.grid), d.tree(c.grid)
	return c, nil
}

// check refuses what the coder has no room for.
func (b *block) check() error {
	switch {
	case b.planes > maxPlanes:
		return fmt.Errorf("%w: coefficients of %d bits", ErrUnsupported, b.planes)
	case b.planes < 1:
		return fmt.Errorf("j2k: %d passes over %d planes of bits", b.passes, b.planes)
	}
	return nil
}
