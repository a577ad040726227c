package jpeg

import (
	"errors"
	"fmt"
)

var errCode = errors.New("jpeg: a code that is not in its table")

// zigzag is where in a block, row by row, the i-th coefficient stands.
//
//nolint:gochecknoglobals // a table of the standard
var zigzag = [64]uint8{
	0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
	12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
	35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
	58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
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

// block decodes one block of 8 × 8 and transforms it into its plane.
func (d *Decoder) block(b *bits, p *component, x, y int) error {
	var co [64]int32
	q := &d.quant[p.table]
	if b.have < 32 {
		b.fill()
	}
	n := b.symbol(&d.dc[p.dc])
	if n < 0 || n > 15 {
		return errCode
	}
	p.last += b.value(n)
	co[0] = p.last * q[0]
	ac, most := &d.ac[p.ac], 0
	for k := 1; k < 64; k++ {
		if b.have < 32 {
			b.fill()
		}
		s := b.symbol(ac)
		if s < 0 {
			return errCode
		}
		run, n := s>>4, s&15
		if n == 0 {
			if run < 15 {
				break
			}
			k += 15
			continue
		}
		k += run
		v := b.value(n)
		if k < 64 {
			co[zigzag[k]] = v * q[k]
			most = k
		}
	}
	to := p.plane[y*8*p.stride+x*8:]
	if most == 0 {
		flat(to, p.stride, co[0])
	} else {
		transform(to, p.stride, &co)
	}
	return nil
}
