package j2k

import (
	"cmp"
	"errors"
	"math/bits"
	"slices"
)

// piece is what one packet brings of one codeword segment of a code-block.
type piece struct {
	data   []byte
	passes int
	fresh  bool // it begins the segment
	next   int  // the block's next piece, counted from 1
	size   int  // of data, while only the header is known
}

// bitReader reads bits of packet headers (B.10.1).
type bitReader struct {
	src   []byte
	last  byte
	left  uint
	short bool
}

func (r *bitReader) bit() int {
	if r.left == 0 {
		if len(r.src) == 0 {
			r.short = true
			return 0
		}
		r.left = 8
		if r.last == 0xff { // a bit is stuffed
			r.left = 7
		}
		r.last, r.src = r.src[0], r.src[1:]
	}
	r.left--
	return int(r.last >> r.left & 1)
}

func (r *bitReader) bits(n int) int {
	v := 0
	for range n {
		v = v<<1 | r.bit()
	}
	return v
}

// rest is what follows the header.
func (r *bitReader) rest() []byte {
	if r.last == 0xff && len(r.src) > 0 {
		return r.src[1:]
	}
	return r.src
}

// ref is a precinct whose packets are due.
type ref struct{ precinct, group int }

// packets reads all packets of a tile (B.12).
func (d *Decoder) packets(c *coding, parts []part) error {
	volumes := c.changes
	if len(volumes) == 0 {
		volumes = []progression{{order: c.order, layerEnd: c.layers, resolutionEnd: maxLevels + 1, componentEnd: len(d.planes)}}
	}
	src := parts[0].data
	parts = parts[1:]
	for _, v := range volumes {
		d.order(v)
		for refs := d.refs; len(refs) > 0; {
			n := 1
			for n < len(refs) && refs[n].group == refs[0].group {
				n++
			}
			for layer := range min(v.layerEnd, c.layers) {
				for _, r := range refs[:n] {
					if d.precincts[r.precinct].layer != layer { // it was there already
						continue
					}
					for len(src) == 0 && len(parts) > 0 {
						src, parts = parts[0].data, parts[1:]
					}
					var err error
					if src, err = d.packet(&d.precincts[r.precinct], src); err != nil {
						return err
					}
				}
			}
			refs = refs[n:]
		}
	}
	for i := range d.precincts {
		if d.precincts[i].layer < c.layers {
			return errors.New("j2k: the order of packets leaves some out")
		}
	}
	return nil
}

// order sorts the precincts of a volume as its packets come (B.12.1). Of those in a group, each
// layer comes as a whole; else all layers of a precinct follow one another.
func (d *Decoder) order(v progression) {
	d.refs = d.refs[:0]
	for i := range d.precincts {
		p := &d.precincts[i]
		if p.plane < v.componentFrom || p.plane >= v.componentEnd || p.resolution < v.resolutionFrom || p.resolution >= v.resolutionEnd {
			continue
		}
		r := ref{precinct: i}
		switch v.order {
		case orderLRCP:
		case orderRLCP:
			r.group = p.resolution
		default:
			r.group = i
		}
		d.refs = append(d.refs, r)
	}
	slices.SortStableFunc(d.refs, func(a, b ref) int {
		p, q := &d.precincts[a.precinct], &d.precincts[b.precinct]
		resolution, plane := cmp.Compare(p.resolution, q.resolution), cmp.Compare(p.plane, q.plane)
		y, x := cmp.Compare(p.at.Y, q.at.Y), cmp.Compare(p.at.X, q.at.X)
		switch v.order {
		case orderRPCL:
			return cmp.Or(resolution, y, x, plane)
		case orderPCRL:
			return cmp.Or(y, x, plane, resolution)
		case orderCPRL:
			return cmp.Or(plane, y, x, resolution)
		}
		return cmp.Or(resolution, plane)
	})
}

// packet reads the packet of a precinct's next layer (B.9, B.10) and returns what follows it.
func (d *Decoder) packet(p *precinct, src []byte) ([]byte, error) {
	if len(src) >= 6 && u16(src) == markerSOP {
		src = src[6:]
	}
	r := bitReader{src: src}
	fresh := len(d.pieces)
	if r.bit() != 0 {
		for i := range p.cells {
			if err := d.blockHeaders(&r, p, &p.cells[i]); err != nil {
				return nil, err
			}
		}
	}
	if r.short {
		return nil, errShort
	}
	p.layer++
	src = r.rest()
	if len(src) >= 2 && u16(src) == markerEPH {
		src = src[2:]
	}
	for i := range d.pieces[fresh:] {
		q := &d.pieces[fresh+i]
		if q.size > len(src) {
			return nil, errShort
		}
		q.data, src = src[:q.size], src[q.size:]
	}
	return src, nil
}

// blockHeaders reads what a packet's header says of the code-blocks of one sub-band.
func (d *Decoder) blockHeaders(r *bitReader, p *precinct, c *cell) error {
	modes := d.planes[p.plane].modes
	for i := range c.grid.X * c.grid.Y {
		b := &d.blocks[c.first+i]
		if b.included {
			if r.bit() == 0 {
				continue
			}
		} else {
			if !d.below(r, c.included+i, int32(p.layer+1)) {
				continue
			}
			empty := int32(0)
			for !d.below(r, c.zeros+i, empty+1) {
				if empty++; r.short || empty > 128 {
					return errShort
				}
			}
			b.included, b.planes = true, b.band.planes-int(empty)
		}
		n := passes(r)
		for r.bit() != 0 {
			b.length++
		}
		if b.passes+n > maxPasses || b.length > 32 || r.short {
			return errShort
		}
		for n > 0 {
			q := piece{}
			if b.left == 0 {
				q.fresh, b.left = true, segmentPasses(modes, b.passes)
			}
			q.passes = min(n, b.left)
			q.size = r.bits(b.length + bits.Len(uint(q.passes)) - 1)
			d.add(b, q)
			n -= q.passes
		}
		if err := b.check(); err != nil {
			return err
		}
	}
	return nil
}

// add gives a block another piece.
func (d *Decoder) add(b *block, q piece) {
	d.pieces = append(d.pieces, q)
	b.passes, b.left = b.passes+q.passes, b.left-q.passes
	n := len(d.pieces)
	if b.last > 0 {
		d.pieces[b.last-1].next = n
	} else {
		b.first = n
	}
	b.last = n
}

// maxPasses is more than a block can have.
const maxPasses = 3 * 38 * 2

// passes reads how many coding passes there are (table B.4).
func passes(r *bitReader) int {
	if r.bit() == 0 {
		return 1
	}
	if r.bit() == 0 {
		return 2
	}
	if n := r.bits(2); n < 3 {
		return 3 + n
	}
	if n := r.bits(5); n < 31 {
		return 6 + n
	}
	return 37 + r.bits(7)
}

// segmentPasses is how many passes a codeword segment can hold that begins with pass n (table D.9).
func segmentPasses(modes byte, n int) int {
	switch {
	case modes&styleTerminate != 0:
		return 1
	case modes&styleBypass == 0:
		return maxPasses
	case n < firstBypass:
		return firstBypass - n
	case (n-firstBypass)%3 == 2: // a clean-up pass
		return 1
	}
	return 2
}

// firstBypass is the first pass that may bypass the arithmetic coder.
const firstBypass = 10
