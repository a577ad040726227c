package tileview

import "math"

// lut maps a 16-bit sample to packed 16-bit lanes r | g<<16 | b<<32, so that
// channels add up with one addition each.
type lut [65536]uint64

// palette is the tables of all channels, in one generation of colours.
type palette struct {
	gen  int
	luts []*lut // nil where a channel is off
}

func newPalette(gen int, cs []Channel, spans []span) palette {
	p := palette{gen: gen, luts: make([]*lut, len(cs))}
	for i, c := range cs {
		if c.On && i < len(spans) {
			p.luts[i] = newLUT(c, spans[i])
		}
	}
	return p
}

func newLUT(c Channel, s span) *lut {
	lo, hi := (c.Min-s.off)*s.mul, (c.Max-s.off)*s.mul
	if hi <= lo {
		hi = lo + 1
	}
	gamma := c.Gamma
	if gamma == 0 {
		gamma = 1
	}
	var l lut
	for i := range l {
		v := min(max((float64(i)-lo)/(hi-lo), 0), 1)
		if gamma != 1 {
			v = math.Pow(v, gamma)
		}
		l[i] = uint64(v*float64(c.Color[0])+0.5) |
			uint64(v*float64(c.Color[1])+0.5)<<16 |
			uint64(v*float64(c.Color[2])+0.5)<<32
	}
	return &l
}

// compose colours the planes of a tile into pix.
func (p palette) compose(pix []uint32, planes [][]uint16) {
	var on []int
	for c := range planes {
		if c < len(p.luts) && p.luts[c] != nil {
			on = append(on, c)
		}
	}
	switch len(on) {
	case 0:
		for i := range pix {
			pix[i] = 0xff000000
		}
	case 1:
		compose1(pix, planes[on[0]], p.luts[on[0]])
	default:
		sums := make([]uint64, len(pix))
		for _, c := range on {
			add(sums, planes[c], p.luts[c])
		}
		for i, s := range sums {
			pix[i] = pack(s)
		}
	}
}

func compose1(pix []uint32, plane []uint16, l *lut) {
	plane = plane[:len(pix)]
	for i := range pix {
		pix[i] = pack(l[plane[i]])
	}
}

func add(sums []uint64, plane []uint16, l *lut) {
	plane = plane[:len(sums)]
	for i := range sums {
		sums[i] += l[plane[i]]
	}
}

// pack clamps three 16-bit lanes to 255 and packs them to opaque RGBA. It is
// right for up to 257 channels, whose sum still fits a lane.
func pack(s uint64) uint32 {
	r, g, b := s&0xffff, s>>16&0xffff, s>>32&0xffff
	return uint32(min(r, 255)) | uint32(min(g, 255))<<8 | uint32(min(b, 255))<<16 | 0xff000000
}
