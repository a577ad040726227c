package jpeg

import (
	"errors"
	"fmt"
)

// maxScans is the most scans of a picture: each can go over all blocks in a few bytes.
const maxScans = 100

// pass is what a scan of a progressive picture brings (G.1.1.1): of each block the coefficients
// from and to of a zigzag, all bits of them above low, or where high is not 0 the bit low alone.
type pass struct {
	from, to, low int
	high          int
	run           int // blocks that follow without new coefficients
}

// begin reads the end of a scan's header. It needs the scan's components.
func (d *Decoder) begin(b []byte, parts []*component) error {
	s := pass{from: int(b[0]), to: int(b[1]), high: int(b[2] >> 4), low: int(b[2] & 15)}
	ok := s.from == 0 && s.to == 0 || s.from > 0 && s.from <= s.to && s.to < 64 && len(parts) == 1
	if !ok || s.low > 13 || s.high != 0 && s.high != s.low+1 {
		return fmt.Errorf("jpeg: a scan of %+v", s)
	}
	if d.scans++; d.scans > maxScans {
		return errors.New("jpeg: too many scans")
	}
	d.pass = s
	for _, p := range parts {
		if p.done = false; s.low == 0 {
			p.known |= 1<<(s.to+1) - 1<<s.from
			p.done = p.known == 1<<64-1
		}
	}
	return nil
}

// part decodes what the scan brings of the block in column x and row y.
func (d *Decoder) part(b *bits, p *component, x, y int) error {
	co := (*[64]int16)(p.coefficients[(y*p.stride/8+x)*64:])
	s := &d.pass
	switch {
	case s.from == 0 && s.high == 0:
		if b.have < 32 {
			b.refill()
		}
		goes, diff, ok := b.next(&d.dc[p.dc])
		if !ok || goes != 1 && goes != endOfBlock {
			return errCode
		}
		p.last += diff
		co[0] = int16(p.last << s.low)
	case s.from == 0:
		co[0] |= int16(b.take(1) << s.low)
	case s.high == 0:
		return d.first(b, co, &d.ac[p.ac])
	default:
		return d.refine(b, co, &d.ac[p.ac])
	}
	return nil
}

// first decodes the upper bits of coefficients (G.1.2.2).
func (d *Decoder) first(b *bits, co *[64]int16, h *huffman) error {
	s := &d.pass
	if s.run > 0 {
		s.run--
		return nil
	}
	for k := s.from; k <= s.to; k++ {
		skip, value, over, err := s.symbol(b, h)
		if over || err != nil {
			s.run--
			return err
		}
		if k += skip; value == 0 {
			continue
		}
		if k > s.to {
			return errCode
		}
		co[d.places[k+1]] = int16(value << s.low)
	}
	return nil
}

// refine decodes one more bit of coefficients (G.1.2.3): one is read of each that is not 0 yet, on
// the way to the next that was.
func (d *Decoder) refine(b *bits, co *[64]int16, h *huffman) error {
	s := &d.pass
	k := s.from
	for ; k <= s.to && s.run == 0; k++ {
		skip, value, over, err := s.symbol(b, h)
		if err != nil {
			return err
		}
		if over {
			break
		}
		if k = d.correct(b, co, k, skip); value == 0 {
			continue
		}
		if k > s.to || value > 1 || value < -1 {
			return errCode
		}
		co[d.places[k+1]] = int16(value << s.low)
	}
	if s.run == 0 {
		return nil
	}
	d.correct(b, co, k, 64)
	s.run--
	return nil
}

// correct goes on from k over so many zeros, to the next or the scan's end, and reads a bit of each
// coefficient on the way.
func (d *Decoder) correct(b *bits, co *[64]int16, k, zeros int) int {
	for ; k <= d.pass.to; k++ {
		if c := &co[d.places[k+1]]; *c != 0 {
			b.correct(c, d.pass.low)
		} else if zeros--; zeros < 0 {
			break
		}
	}
	return k
}

// symbol decodes by how many coefficients to go on to the next, and its value, 0 for one that is
// only gone over. The block may be over instead: it and those behind it, run of them.
func (s *pass) symbol(b *bits, h *huffman) (skip int, value int32, over bool, err error) {
	if b.have < 32 {
		b.refill()
	}
	goes, value, ok := b.next(h)
	switch {
	case !ok:
		return 0, 0, false, errCode
	case goes == endOfBlock:
		s.run = 1
		return 0, 0, true, nil
	case value == 0 && goes < 16: // the code says how many bits of a number follow
		s.run = 1<<(goes-1) + int(b.take(int(goes-1)))
		return 0, 0, true, nil
	}
	return int(goes) - 1, value, false, nil
}

// correct adds the bit low to a coefficient if the next bit says so.
func (b *bits) correct(c *int16, low int) {
	switch one := int16(1) << low; {
	case b.take(1) == 0 || *c&one != 0:
	case *c > 0:
		*c += one
	default:
		*c -= one
	}
}

// take takes in n bits, 15 at most.
func (b *bits) take(n int) int32 {
	if b.have < n {
		b.refill()
	}
	v := int32(b.acc >> 1 >> (63 - n))
	b.acc <<= n
	b.have -= n
	return v
}

// transformAll makes the planes of the coefficients of all scans.
func (d *Decoder) transformAll() {
	for i := range d.parts {
		p := &d.parts[i]
		q := &d.quant[p.table]
		wide := p.stride / 8
		for n := range len(p.coefficients) / 64 {
			co := (*[64]int16)(p.coefficients[n*64:])
			for k := range q {
				co[d.places[k+1]] = int16(int32(co[d.places[k+1]]) * q[k])
			}
			transform(p.plane[n/wide*8*p.stride+n%wide*8:], p.stride, co)
		}
	}
}
