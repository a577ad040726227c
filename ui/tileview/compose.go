package tileview

import (
	"image"
	"math"
)

// stain is how one channel is coloured. A sample v becomes
//
//	t = min(v−lo, width) << shift;  f = t·mul >> 16 << 1;  lane += f·rgb >> 16
//
// in integers, where f runs from 0 to 65534 and a lane is a colour in 8.8 fixed point.
// The vector kernel and the tables compute the same bits.
type stain struct {
	lo, width, mul uint16
	shift          uint8
	rgb            [3]uint16
	table          *[1 << 16]uint64 // by t before the shift: r | g<<21 | b<<42; only width+1 are made
	gamma          float64          // 1: the table is made only where there is no vector kernel
}

// palette is the stains of all channels, in one generation of colours.
type palette struct {
	gen    int
	stains []*stain // nil where a channel is off
	flip   uint32   // what colours are turned by at the end: 0xffffff inverts
	plain  bool     // no channel has a gamma
}

func newPalette(gen int, cs []Channel, spans []span, tint Tint) palette {
	p := palette{gen: gen, stains: make([]*stain, len(cs)), plain: true}
	if tint.Inverted {
		p.flip = 0xffffff
	}
	for i, c := range cs {
		if c.On && i < len(spans) {
			c.Color = tint.of(c.Color)
			p.stains[i] = newStain(c, spans[i])
			p.plain = p.plain && p.stains[i].gamma == 1
		}
	}
	if !p.plain || !vectors() {
		for _, s := range p.stains {
			s.tabulate()
		}
	}
	return p
}

// Tint turns the colours of all channels at once.
type Tint struct {
	Gray     bool // white light instead of the channels' colours
	Inverted bool // dark on white: a channel takes away what it would add
}

// of is the colour that a channel is laid on with. Inverted, it is what its colour lacks: the hue
// stays, and white becomes black (lightness 1−L of HSL).
func (t Tint) of(c [3]uint8) [3]uint8 {
	if t.Gray {
		return [3]uint8{255, 255, 255}
	}
	if t.Inverted {
		both := min(c[0], c[1], c[2]) + max(c[0], c[1], c[2]) // less one of them, so that it may wrap
		return [3]uint8{both - c[0], both - c[1], both - c[2]}
	}
	return c
}

func newStain(c Channel, s span) *stain {
	lo := min(max(math.Round((c.Min-s.off)*s.mul), 0), math.MaxUint16-1)
	top := max(math.Round((c.Max-s.off)*s.mul), lo+1)
	hi := min(top, math.MaxUint16)
	st := &stain{lo: uint16(lo), width: uint16(hi - lo), gamma: c.Gamma}
	if st.gamma == 0 {
		st.gamma = 1
	}
	w := uint32(st.width)
	for w<<(st.shift+1) <= math.MaxUint16 {
		st.shift++
	}
	w <<= st.shift
	st.mul = uint16((uint32(math.MaxInt16)<<16 + w - 1) / w) // f is 2·32767 at the upper end
	share := math.Pow((hi-lo)/(top-lo), st.gamma)            // below 1 where the contrast goes on beyond what is stored
	for i, v := range c.Color {
		st.rgb[i] = uint16(math.Round(float64(v) * 257 * share))
	}
	return st
}

// tabulate makes the table; a nil stain has none.
func (s *stain) tabulate() {
	if s == nil {
		return
	}
	s.table = new([1 << 16]uint64)
	for t := range int(s.width) + 1 {
		f := uint64(t) << s.shift * uint64(s.mul) >> 16 << 1
		if s.gamma != 1 {
			f = uint64(math.Round(65534 * math.Pow(float64(t)/float64(s.width), s.gamma)))
		}
		s.table[t] = f*uint64(s.rgb[0])>>16 | f*uint64(s.rgb[1])>>16<<21 | f*uint64(s.rgb[2])>>16<<42
	}
}

// compose colours the planes of a tile, whose rows are wide, into a part of pix.
func (p palette) compose(pix []uint32, planes [][]uint16, wide int, part image.Rectangle) {
	var on []*stain
	var from [][]uint16
	for c, s := range p.stains {
		if s != nil && c < len(planes) {
			on, from = append(on, s), append(from, planes[c])
		}
	}
	if part.Dx() == wide { // all in one run
		part = image.Rect(0, 0, part.Dx()*part.Dy(), 1).Add(image.Pt(part.Min.Y*wide, 0))
	}
	k := p.kernel(on)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		at := y*wide + part.Min.X
		run := pix[at:][:part.Dx()]
		done := k.compose(run, from, at)
		composeTables(run[done:], from, on, at+done, p.flip)
	}
}

// kernel returns nil where the tables do it all.
func (p palette) kernel(on []*stain) *kernel {
	if !p.plain || !vectors() || len(on) == 0 {
		return nil
	}
	return newKernel(on, p.flip)
}

// composeTables is compose by tables, from sample at on; a stain without a table (the rest
// of a vector's row) is computed.
func composeTables(pix []uint32, planes [][]uint16, on []*stain, at int, flip uint32) {
	for i := range pix {
		pix[i] = 0
	}
	const block = 1024 // sums stay in the nearest cache
	var sums [block]uint64
	for len(pix) > 0 {
		n := min(block, len(pix))
		clear(sums[:n])
		for c, s := range on {
			s.add(sums[:n], planes[c][at:at+n])
		}
		for i, s := range sums[:n] {
			pix[i] = pack(s) ^ flip
		}
		pix, at = pix[n:], at+n
	}
}

func (s *stain) add(sums []uint64, plane []uint16) {
	plane = plane[:len(sums)]
	if s.table == nil {
		for i, v := range plane {
			sums[i] += s.lanes(v)
		}
		return
	}
	table, lo, top := s.table, s.lo, s.width
	for i, v := range plane {
		sums[i] += table[min(max(v, lo)-lo, top)]
	}
}

// lanes is a table's entry for a sample.
func (s *stain) lanes(v uint16) uint64 {
	t := uint64(min(max(v, s.lo)-s.lo, s.width)) << s.shift
	f := t * uint64(s.mul) >> 16 << 1
	return f*uint64(s.rgb[0])>>16 | f*uint64(s.rgb[1])>>16<<21 | f*uint64(s.rgb[2])>>16<<42
}

// pack clamps three lanes of 21 bits, 8.8 fixed point, and packs them to opaque RGBA. It
// is right for up to 32 channels, whose sum still fits a lane.
func pack(s uint64) uint32 {
	const lane = 1<<21 - 1
	r, g, b := min(s&lane, 65535), min(s>>21&lane, 65535), min(s>>42&lane, 65535)
	return uint32(r>>8) | uint32(g&0xff00) | uint32(b>>8)<<16 | 0xff000000
}
