package j2k

import (
	"fmt"
	"image"
	"math"
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

// block is a code-block, and what packets have brought for it.
type block struct {
	at       image.Point // in the plane
	size     image.Point
	band     *band
	included bool
	planes   int // of bits, the empty ones left out
	length   int // Lblock (B.10.7.1)
	passes   int
	left     int // passes that the open codeword segment can take
	first    int // of its pieces, counted from 1
	last     int
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
	most := len(c.packed) // precincts: each has a packet, of a byte at least
	for _, p := range parts {
		most += len(p.data)
	}
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
		if !s.area.Empty() {
			e, a := s.exponent, s.area
			s.grid = image.Pt(ceilShift(a.Max.X, e.X)-a.Min.X>>e.X, ceilShift(a.Max.Y, e.Y)-a.Min.Y>>e.Y)
		}
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
			for i := range s.bands {
				q.cells[i] = d.cell(&s.bands[i], whole.Intersect(s.bands[i].area), w, h)
			}
			d.precincts = append(d.precincts, q)
		}
	}
	return nil
}

// cell makes the code-blocks of a part of a sub-band; their sizes are w × h.
func (d *Decoder) cell(b *band, part image.Rectangle, w, h int) cell {
	c := cell{first: len(d.blocks)}
	if part.Empty() {
		return c
	}
	from := image.Pt(part.Min.X/w, part.Min.Y/h)
	c.grid = image.Pt(ceil(part.Max.X, w), ceil(part.Max.Y, h)).Sub(from)
	for y := range c.grid.Y {
		for x := range c.grid.X {
			at := image.Pt((from.X+x)*w, (from.Y+y)*h)
			area := image.Rectangle{Min: at, Max: at.Add(image.Pt(w, h))}.Intersect(part)
			d.blocks = append(d.blocks, block{at: area.Min.Sub(b.area.Min).Add(b.at), size: area.Size(), band: b, length: 3})
		}
	}
	c.included, c.zeros = d.tree(c.grid), d.tree(c.grid)
	return c
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
