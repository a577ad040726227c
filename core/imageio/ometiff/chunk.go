package ometiff

import (
	"errors"
	"fmt"
	"image"
	"math/bits"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/j2k"
	"coverslip.dev/coverslip/core/imageio/jpeg"
)

// chunk reads and decodes the i-th chunk of p: all its samples, little-endian, interleaved
// or apart, padded to the full size of a chunk. Of a hole of a sparse image it returns no
// data.
func (f *file) chunk(p *page, c *codecs, i uint64) (*imageio.Pixels, error) {
	typ, _ := p.sampleType()
	w := p.chunk.X * p.interleaved()
	px := &imageio.Pixels{Size: p.chunk, Type: typ}
	px.Size.X = w
	off, count, err := f.place(p, i)
	if err != nil {
		return nil, err
	}
	stored := p.stored(i)
	if count == 0 {
		return px, nil
	}
	if count > f.size {
		return nil, f.cut(fmt.Errorf("chunk %d of %d bytes", i, count))
	}
	if stored/count > p.gain() { // before anything is allocated for it
		return nil, f.broken(fmt.Errorf("chunk %d: %d bytes can't hold %d", i, count, stored))
	}
	count = min(count, 4*stored+1<<20) // no codec needs more
	raw := c.buffer(int(count))
	defer c.raw.Put(raw)
	if err := f.read(*raw, off); err != nil {
		return nil, fmt.Errorf("chunk %d: %w", i, err)
	}
	if p.fillOrder == 2 && !p.pictured() {
		for i, v := range *raw {
			(*raw)[i] = bits.Reverse8(v)
		}
	}
	var tables []byte
	if p.compression == jpegNew && p.tables.count > 0 {
		if tables, err = f.bytes(p.tables); err != nil {
			return nil, err
		}
	}
	if p.inJPEG2000() {
		px.Data, err = c.unj2k(p, *raw, p.seen(i))
	} else {
		px.Data, err = f.unpacked(p, c, *raw, tables, stored)
	}
	switch {
	case errors.Is(err, jpeg.ErrUnsupported):
		return nil, f.unread("JPEG that is neither baseline nor progressive")
	case errors.Is(err, j2k.ErrUnsupported):
		return nil, f.unread("a kind of JPEG 2000 that is not read here")
	case err != nil:
		return nil, f.broken(fmt.Errorf("chunk %d: %w", i, err))
	}
	return px, nil
}

// unpacked decodes a chunk that unpacks to so many bytes, or by tables is a JPEG.
func (f *file) unpacked(p *page, c *codecs, raw, tables []byte, stored int64) ([]byte, error) {
	if p.compression == jpegNew {
		data := make([]byte, p.decoded())
		return data, c.unjpeg(p, data, raw, tables)
	}
	data := make([]byte, p.row()*int64(p.chunk.Y), p.row()*int64(p.chunk.Y)+slack)
	dst := data[:stored:stored]
	if stored == int64(len(data)) {
		dst = data // and what is behind it
	}
	if err := c.unpack(p.compression, dst, raw); err != nil {
		return nil, err
	}
	return f.straighten(p, data), nil
}

// gain is the most bytes that a byte of a chunk can unpack to, rounded up.
func (p *page) gain() int64 {
	switch p.compression {
	case none:
		return 2
	case packBits:
		return 64
	case lzw, deflate, deflateOld, jpegNew: // strings of 4096 in 12 bits; 258 in 2 bits; a block in a bit
		return 4096
	case jpeg2000, jpeg2000YCC, jpeg2000Bio, jpeg2000RGB: // one colour is a header and a bit for each level of each sample, and the header says the size, too
		return 1 << 18
	}
	return 1 << 16 // zstd: a block of 128 kB in 4 bytes
}

// place returns where the i-th chunk lies.
func (f *file) place(p *page, i uint64) (off, count int64, err error) {
	o, err := f.number(p.offsets, i)
	if err != nil {
		return 0, 0, err
	}
	n := uint64(p.stored(i)) //nolint:gosec // a size is not negative
	if i < p.counts.count {
		if n, err = f.number(p.counts, i); err != nil {
			return 0, 0, err
		}
	}
	if o == 0 || n == 0 {
		return 0, 0, nil
	}
	off, count = f.offset(o)+p.shift, p.needs(i, f.offset(n))
	if p.loose {
		count = max(0, min(2*p.stored(i)+1<<10, f.size-off))
	}
	return off, count, nil
}

// needs is how much of the count bytes that chunk i is said to have holds pixels: programs give the
// last strip the size of the others, and end the file with its last row.
func (p *page) needs(i uint64, count int64) int64 {
	if p.compression == none {
		return min(count, p.stored(i))
	}
	return count
}

// stored is how many bytes chunk i unpacks to: the last strip ends with the image, a tile
// is always whole.
func (p *page) stored(i uint64) int64 {
	rows := p.chunk.Y
	if !p.tiled {
		if y := int(i % uint64(p.grid().Y)); (y+1)*p.chunk.Y > p.size.Y { //nolint:gosec // below the number of chunks
			rows = p.size.Y - y*p.chunk.Y
		}
	}
	return p.row() * int64(rows)
}

// seen is the size of what chunk i holds of the image.
func (p *page) seen(i uint64) image.Point {
	g := p.grid()
	n := int(i % uint64(g.X*g.Y)) //nolint:gosec // sides are positive
	return image.Pt(min(p.chunk.X, p.size.X-n%g.X*p.chunk.X), min(p.chunk.Y, p.size.Y-n/g.X*p.chunk.Y))
}

// straighten undoes the byte order and the predictor and widens odd samples.
func (f *file) straighten(p *page, data []byte) []byte {
	n, row := p.bits/8, int(p.row())
	if p.bits%8 == 0 && p.bits > 8 && f.bigEndian() && p.predictor != 3 {
		swap(data, n)
	}
	switch p.predictor {
	case 2:
		for y := range p.chunk.Y {
			undiff(data[y*row:(y+1)*row], n, p.interleaved())
		}
	case 3:
		tmp := make([]byte, row)
		for y := range p.chunk.Y {
			unfloat(data[y*row:(y+1)*row], tmp, n, p.interleaved())
		}
	}
	typ, _ := p.sampleType()
	if p.bits == 64 && p.kind != 3 {
		imageio.Longs(data, p.kind == 2)
	}
	if typ.Bytes()*8 == p.bits {
		return data
	}
	out := make([]byte, p.chunk.X*p.interleaved()*p.chunk.Y*typ.Bytes())
	p.widen(out, data, row)
	return out
}

func (f *file) bigEndian() bool { return f.order.Uint16([]byte{0, 1}) == 1 }
