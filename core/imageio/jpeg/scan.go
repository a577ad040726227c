package jpeg

import (
	"errors"
	"fmt"
)

var errCode = errors.New("jpeg: a code that is not in its table")

// beside is where a block has room for what does not belong to it.
const beside = 64

// places holds where in a block, row by row, the coefficient stands that is the last of the
// first k of a zigzag (figure A.6), and beside for all that are beyond the block.
type places [256]uint8

func (p *places) fill() {
	*p = places{}
	for k := range p {
		p[k] = beside
	}
	x, y := 0, 0
	for k := 1; k <= 64; k++ {
		p[k] = uint8(8*y + x)
		switch up := (x+y)%2 == 0; {
		case up && x == 7, !up && y < 7 && x == 0:
			y++
		case up && y == 0, !up && y == 7:
			x++
		case up:
			x, y = x+1, y-1
		default:
			x, y = x-1, y+1
		}
	}
}

// scan decodes one scan, whose header begins src, and returns what follows.
func (d *Decoder) scan(src []byte) ([]byte, error) {
	if len(src) < 3 {
		return nil, errShort
	}
	size, n := int(src[0])<<8|int(src[1]), int(src[2])
	if n == 0 || n > len(d.parts) || size < 6+2*n || size > len(src) {
		return nil, fmt.Errorf("jpeg: scan of %d components", n)
	}
	parts := make([]*component, 0, n)
	for i := range n {
		c := src[3+2*i:]
		for k := range d.parts {
			if p := &d.parts[k]; p.id == int(c[0]) && !p.done {
				p.dc, p.ac, p.last, p.done = int(c[1]>>4&3), int(c[1]&3), 0, true
				parts = append(parts, p)
				break
			}
		}
	}
	if len(parts) != n {
		return nil, errors.New("jpeg: scan of a component that is not there")
	}
	if d.progressive {
		if err := d.begin(src[3+2*n:], parts); err != nil {
			return nil, err
		}
	}
	b := &bits{src: src[size:]}
	if err := d.units(b, parts); err != nil {
		return nil, err
	}
	return b.src[b.at:], nil
}

// units decodes all units of a scan.
func (d *Decoder) units(b *bits, parts []*component) error {
	grid := d.mcus()
	if len(parts) == 1 {
		grid = parts[0].blocks
	}
	left := d.every
	for y := range grid.Y {
		for x := range grid.X {
			if d.every > 0 && left == 0 {
				if err := b.restart(parts); err != nil {
					return err
				}
				d.pass.run = 0
				left = d.every
			}
			left--
			if err := d.unit(b, parts, x, y); err != nil {
				return err
			}
		}
		if b.zero > 64 { // more than the accumulator holds: pixels would be made up
			return errShort
		}
	}
	if b.zero-b.have > 0 {
		return errShort
	}
	return nil
}

// unit decodes the unit in column x and row y: a single component's is one block.
func (d *Decoder) unit(b *bits, parts []*component, x, y int) error {
	if len(parts) == 1 {
		return d.block(b, parts[0], x, y)
	}
	for _, p := range parts {
		for v := range p.v {
			for h := range p.h {
				if err := d.block(b, p, x*p.h+h, y*p.v+v); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// restart skips to behind the next restart marker.
func (b *bits) restart(parts []*component) error {
	if b.zero > b.have {
		return errShort
	}
	b.acc, b.have, b.zero = 0, 0, 0
	for ; b.at+1 < len(b.src); b.at++ {
		if m := b.src[b.at+1]; b.src[b.at] == 0xff && m >= markerRST0 && m <= markerRST7 {
			b.at += 2
			for _, p := range parts {
				p.last = 0
			}
			return nil
		}
	}
	return errShort
}

// block decodes one block of 8 × 8 and transforms it into its plane; of a progressive picture, a
// part of its coefficients.
func (d *Decoder) block(b *bits, p *component, x, y int) error {
	if d.progressive {
		return d.part(b, p, x, y)
	}
	var co [beside + 1]int16
	if b.have < 32 {
		b.refill()
	}
	goes, diff, ok := b.next(&d.dc[p.dc])
	if !ok || goes != 1 && goes != endOfBlock {
		return errCode
	}
	p.last += diff
	co[0] = int16(p.last * d.quant[p.table][0])
	k, ok := d.coefficients(b, &co, p)
	if !ok {
		return errCode
	}
	to := p.plane[y*8*p.stride+x*8:]
	if k == 1+endOfBlock { // nothing came before the end
		flat(to, p.stride, int32(co[0]))
	} else {
		transform(to, p.stride, (*[64]int16)(co[:]))
	}
	return nil
}

// coefficients decodes those but the first of a block, and returns where it was when the block
// was over.
func (d *Decoder) coefficients(b *bits, co *[beside + 1]int16, p *component) (k uint8, ok bool) {
	q, h, at := &d.quant[p.table], &d.ac[p.ac], &d.places
	acc, have := b.acc, b.have
	for k = 1; k < 64; {
		if have < 32 {
			b.acc, b.have = acc, have
			b.refill()
			acc, have = b.acc, b.have
		}
		e := h.fast[acc>>(64-look)]
		if e&entryWhole != 0 {
			acc <<= e & entryBits
			have -= int(e & entryBits)
			k += uint8(e >> entryGoes)
			co[at[k]] = int16(int32(e) >> entryValue * q[(k-1)&63])
			continue
		}
		b.acc, b.have = acc, have
		goes, value, ok := b.rest(h, e)
		if !ok {
			return 0, false
		}
		acc, have = b.acc, b.have
		k += goes
		co[at[k]] = int16(value * q[(k-1)&63])
	}
	b.acc, b.have = acc, have
	return k, true
}
