package j2k

import (
	"cmp"
	"fmt"
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

// packets reads all packets of a tile (B.12). Those of further layers may be missing at its end: Kakadu does not
// write what would be empty.
func (d *Decoder) packets(c *coding, parts []part) error {
	volumes := c.changes
	if len(volumes) == 0 {
		volumes = []progression{{order: c.order, layerEnd: c.layers, resolutionEnd: maxLevels + 1, componentEnd: len(d.planes)}}
	}
	in := packetSource{parts: parts, packed: c.packed, apart: c.apart}
	d.looks = 64*len(d.blocks) + 1024*c.bytes(parts)
	for _, v := range volumes {
		d.order(v)
		for refs := d.refs; len(refs) > 0; {
			n := 1
			for n < len(refs) && refs[n].group == refs[0].group {
				n++
			}
			if err := d.layers(refs[:n], min(v.layerEnd, c.layers), &in); err != nil {
				return err
			}
			refs = refs[n:]
		}
	}
	for i := range d.precincts {
		if d.precincts[i].layer == 0 {
			return errShort
		}
	}
	return nil
}

// layers reads the packets of precincts, one layer after the other.
func (d *Decoder) layers(refs []ref, end int, in *packetSource) error {
	for layer := range end {
		for _, r := range refs {
			p := &d.precincts[r.precinct]
			if p.layer != layer { // it was there already
				continue
			}
			if in.ended() {
				return nil
			}
			if err := d.packet(p, in); err != nil {
				return err
			}
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

// packetSource is what is left of a tile's packets. Their headers are before their bodies, or apart.
type packetSource struct {
	parts  []part
	body   []byte
	packed []byte // headers
	apart  bool
}

// ended reports whether there is no further packet; it goes on to the next tile-part.
func (s *packetSource) ended() bool {
	for len(s.body) == 0 && len(s.parts) > 0 {
		s.body, s.parts = s.parts[0].data, s.parts[1:]
	}
	if s.apart {
		return len(s.packed) == 0
	}
	return len(s.body) == 0
}

// header returns where the next packet's header begins.
func (s *packetSource) header() []byte {
	if len(s.body) >= 6 && u16(s.body) == markerSOP {
		s.body = s.body[6:]
	}
	if s.apart {
		return s.packed
	}
	return s.body
}

// behind takes note of what follows a header.
func (s *packetSource) behind(rest []byte) {
	if len(rest) >= 2 && u16(rest) == markerEPH {
		rest = rest[2:]
	}
	if s.apart {
		s.packed = rest
	} else {
		s.body = rest
	}
}

// packet reads the packet of a precinct's next layer (B.9, B.10).
func (d *Decoder) packet(p *precinct, in *packetSource) error {
	r := bitReader{src: in.header()}
	fresh := len(d.pieces)
	if r.bit() != 0 {
		for i := range p.cells {
			if err := d.blockHeaders(&r, p, &p.cells[i]); err != nil {
				return err
			}
		}
	}
	if r.short {
		return errShort
	}
	p.layer++
	in.behind(r.rest())
	for i := range d.pieces[fresh:] {
		q := &d.pieces[fresh+i]
		if q.size > len(in.body) {
			return errShort
		}
		q.data, in.body = in.body[:q.size], in.body[q.size:]
	}
	return nil
}

// blockHeaders reads what a packet's header says of the code-blocks of one sub-band.
func (d *Decoder) blockHeaders(r *bitReader, p *precinct, c *cell) error {
	modes := d.planes[p.plane].modes
	if d.looks -= c.grid.X * c.grid.Y; d.looks < 0 {
		return fmt.Errorf("%w: packets that bring next to nothing for %d code-blocks", ErrUnsupported, len(d.blocks))
	}
	for i := range c.grid.X * c.grid.Y {
		b := &d.blocks[c.first+i]
		if !d.includes(r, p, c, i) {
			continue
		}
		n := passes(r)
		for b.length <= 32 && r.bit() != 0 {
			b.length++
		}
		if int(b.passes)+n > maxPasses || b.length > 32 || r.short {
			return errShort
		}
		for n > 0 {
			q := piece{}
			if b.left == 0 {
				q.fresh, b.left = true, int16(segmentPasses(modes, int(b.passes)))
			}
			q.passes = min(n, int(b.left))
			q.size = r.bits(int(b.length) + bits.Len(uint(q.passes)) - 1)
			if len(d.pieces) >= maxPieces {
				return fmt.Errorf("%w: more than %d codeword segments in a tile", ErrUnsupported, maxPieces)
			}
			d.add(b, q)
			n -= q.passes
		}
		if err := b.check(); err != nil {
			return err
		}
	}
	return nil
}

// includes reads whether a packet brings something of the i-th code-block of a cell (B.10.4), and where it is the
// first time, how many planes of its bits are empty (B.10.5).
func (d *Decoder) includes(r *bitReader, p *precinct, c *cell, i int) bool {
	b := &d.blocks[c.first+i]
	if b.included {
		return r.bit() != 0
	}
	if !d.below(r, c.included+i, int32(p.layer+1)) {
		return false
	}
	empty := int32(0)
	for !d.below(r, c.zeros+i, empty+1) && !r.short {
		if empty++; empty > 128 { // more than there can be
			r.short = true
		}
	}
	b.included, b.planes = true, int16(b.band.planes-int(empty))
	return true
}

// add gives a block another piece.
func (d *Decoder) add(b *block, q piece) {
	d.pieces = append(d.pieces, q)
	b.passes, b.left = b.passes+int16(q.passes), b.left-int16(q.passes)
	n := int32(len(d.pieces))
	if b.last > 0 {
		d.pieces[b.last-1].next = int(n)
	} else {
		b.first = n
	}
	b.last = n
}

// maxPieces is the most pieces of a tile: three bits can make one.
const maxPieces = 1 << 22

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
