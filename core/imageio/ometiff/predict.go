package ometiff

import (
	"encoding/binary"
	"math/bits"

	"coverslip.dev/coverslip/core/imageio"
)

// swap turns samples of n bytes between big and little-endian.
func swap(p []byte, n int) {
	be, le := binary.BigEndian, binary.LittleEndian
	switch n {
	case 2:
		for ; len(p) >= 8; p = p[8:] { // four at a time
			v := le.Uint64(p)
			le.PutUint64(p, v>>8&0x00ff00ff00ff00ff|v<<8&0xff00ff00ff00ff00)
		}
		for ; len(p) >= 2; p = p[2:] {
			le.PutUint16(p, be.Uint16(p))
		}
	case 4:
		for ; len(p) >= 8; p = p[8:] {
			le.PutUint64(p, bits.RotateLeft64(bits.ReverseBytes64(le.Uint64(p)), 32))
		}
		for ; len(p) >= 4; p = p[4:] {
			le.PutUint32(p, be.Uint32(p))
		}
	case 8:
		for ; len(p) >= 8; p = p[8:] {
			le.PutUint64(p, be.Uint64(p))
		}
	}
}

// undiff undoes predictor 2 (TIFF 6.0 section 14) in one row of little-endian samples of
// n bytes, step samples a pixel.
func undiff(row []byte, n, step int) {
	switch {
	case n == 1 && step == 1:
		undiff8(row)
	case n == 1:
		for i := step; i < len(row); i++ {
			row[i] += row[i-step]
		}
	case n == 2 && step == 1:
		undiff16(row)
	case n == 2:
		for i := 2 * step; i+2 <= len(row); i += 2 {
			v := binary.LittleEndian.Uint16(row[i-2*step:]) + binary.LittleEndian.Uint16(row[i:])
			binary.LittleEndian.PutUint16(row[i:], v)
		}
	case n == 4:
		for i := 4 * step; i+4 <= len(row); i += 4 {
			v := binary.LittleEndian.Uint32(row[i-4*step:]) + binary.LittleEndian.Uint32(row[i:])
			binary.LittleEndian.PutUint32(row[i:], v)
		}
	case n == 8:
		for i := 8 * step; i+8 <= len(row); i += 8 {
			v := binary.LittleEndian.Uint64(row[i-8*step:]) + binary.LittleEndian.Uint64(row[i:])
			binary.LittleEndian.PutUint64(row[i:], v)
		}
	}
}

// undiff16 sums the samples of a row, of 16 bits.
func undiff16(row []byte) {
	var carry uint64
	if n := sumVectors(row, 2); n > 0 {
		carry = uint64(binary.LittleEndian.Uint16(row[n-2:])) * 0x0001000100010001
		row = row[n:]
	}
	undiff16Plain(row, carry)
}

// undiff16Plain sums four samples with two shifted additions that never carry from one lane
// into the next; the chain from word to word is then one addition instead of four. carry is
// the sample before, in all four lanes.
func undiff16Plain(row []byte, carry uint64) {
	le := binary.LittleEndian
	for ; len(row) >= 8; row = row[8:] {
		v := le.Uint64(row)
		v = add16(v, v<<16)
		v = add16(v, v<<32)
		v = add16(v, carry)
		le.PutUint64(row, v)
		carry = v >> 48 * 0x0001000100010001
	}
	a := uint16(carry) //nolint:gosec // the low lane
	for ; len(row) >= 2; row = row[2:] {
		a += le.Uint16(row)
		le.PutUint16(row, a)
	}
}

// add16 adds four lanes of 16 bits.
func add16(a, b uint64) uint64 {
	const top = 0x8000800080008000
	return (a&^top + b&^top) ^ (a^b)&top
}

// undiff8 is undiff16 for samples of 8 bits.
func undiff8(row []byte) {
	var carry uint64
	if n := sumVectors(row, 1); n > 0 {
		carry = uint64(row[n-1]) * 0x0101010101010101
		row = row[n:]
	}
	undiff8Plain(row, carry)
}

// undiff8Plain is undiff16Plain for eight samples of 8 bits.
func undiff8Plain(row []byte, carry uint64) {
	le := binary.LittleEndian
	for ; len(row) >= 8; row = row[8:] {
		v := le.Uint64(row)
		v = add8(v, v<<8)
		v = add8(v, v<<16)
		v = add8(v, v<<32)
		v = add8(v, carry)
		le.PutUint64(row, v)
		carry = v >> 56 * 0x0101010101010101
	}
	a := byte(carry) //nolint:gosec // the low lane
	for i := range row {
		a += row[i]
		row[i] = a
	}
}

func add8(a, b uint64) uint64 {
	const top = 0x8080808080808080
	return (a&^top + b&^top) ^ (a^b)&top
}

// unfloat undoes predictor 3 (Adobe's Photoshop TIFF Technical Note 3) in one row of
// floats of n bytes, step samples a pixel: byte differences over the row, whose bytes
// stand apart, the most significant ones first. tmp is as long as row. The result is
// little-endian.
func unfloat(row, tmp []byte, n, step int) {
	if step == 1 {
		undiff8(row)
	} else {
		for i := step; i < len(row); i++ {
			row[i] += row[i-step]
		}
	}
	w := len(row) / n
	if n == 4 {
		a, b, c, d := row[:w], row[w:2*w], row[2*w:3*w], row[3*w:4*w]
		out := tmp[:4*w]
		for i := range a {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(a[i])<<24|uint32(b[i])<<16|uint32(c[i])<<8|uint32(d[i]))
		}
	} else {
		for i := range w {
			for k := range n {
				tmp[i*n+n-1-k] = row[k*w+i]
			}
		}
	}
	copy(row, tmp[:w*n])
}

// widen unpacks samples of odd widths: bits below 8 become bytes, 9 to 15 bits 16, and
// halves floats. in holds rows of inRow bytes that each start on a whole byte; out is
// little-endian.
func (p *page) widen(out, in []byte, inRow int) {
	size, row := 2, widenWords
	switch {
	case p.kind == 3:
		size, row = 4, func(out, in []byte, _ int) { imageio.Halves(out, in) }
	case p.bits < 8:
		size, row = 1, widenBits
	}
	w := p.chunk.X * p.interleaved()
	for y := range p.chunk.Y {
		row(out[y*w*size:(y+1)*w*size], in[y*inRow:(y+1)*inRow], p.bits)
	}
}

// widenBits makes bytes of samples below 8 bits, most significant first.
func widenBits(out, in []byte, depth int) {
	for x := range out {
		at := x * depth
		v := uint16(in[at/8]) << 8
		if at/8+1 < len(in) {
			v |= uint16(in[at/8+1])
		}
		out[x] = byte(v >> (16 - at%8 - depth) & (1<<depth - 1)) //nolint:gosec // below 8 bits
	}
}

// widenWords makes 16-bit numbers of samples of 9 to 15 bits, most significant first.
func widenWords(out, in []byte, depth int) {
	for x := range len(out) / 2 {
		at := x * depth
		var v uint32
		for k := range 3 {
			v <<= 8
			if at/8+k < len(in) {
				v |= uint32(in[at/8+k])
			}
		}
		v = v >> (24 - at%8 - depth) & (1<<depth - 1)
		binary.LittleEndian.PutUint16(out[2*x:], uint16(v)) //nolint:gosec // below 16 bits
	}
}
