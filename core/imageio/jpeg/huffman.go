package jpeg

import (
	"bytes"
	"encoding/binary"
)

// look is how many bits are looked up at once.
const look = 10

// An entry of a table says what the next bits mean. Bits 0…5 are how many bits it takes, bits
// 8…15 by how many coefficients it goes on, and 16…31 the value of the last of these. Where the
// value's bits reach beyond those that are looked up, entryWhole is not set, and it is of the
// code alone, with the value's bits in 16…31; 0 is for a code that is longer.
const (
	entryBits  = 63
	entryWhole = 1 << 6
	entryGoes  = 8
	entryValue = 16

	endOfBlock = 128 // goes on beyond every block
)

// huffman is a table of codes. fast holds entries by the next bits; limit and first find what
// it does not hold.
type huffman struct {
	fast    [1 << look]uint32
	counts  [16]byte
	symbols [256]byte
	limit   [17]uint32 // above the last code of a length, brought to 16 bits
	first   [17]int32  // symbol of the first code of a length less that code
}

func (h *huffman) build(counts [16]byte, symbols []byte) {
	if h.counts == counts && bytes.Equal(h.symbols[:len(symbols)], symbols) {
		return // the tables of one tile are those of the next
	}
	*h = huffman{counts: counts}
	copy(h.symbols[:], symbols)
	code, at := uint32(0), 0
	for n := 1; n <= 16; n++ {
		h.first[n] = int32(at) - int32(code)
		for range counts[n-1] {
			if n <= look && code < 1<<n {
				h.enter(code, n, int(h.symbols[at&255]))
			}
			code++
			at++
		}
		h.limit[n] = code << (16 - n)
		code <<= 1
	}
}

// enter writes the entries of a code of n bits.
func (h *huffman) enter(code uint32, n int, symbol int) {
	goes, size := uint32(symbol>>4+1), symbol&15
	if symbol == 0 {
		goes = endOfBlock
	}
	entries := h.fast[code<<(look-n):][:1<<(look-n)]
	for i := range entries {
		if free := look - n - size; free >= 0 { // bits that do not belong to it
			value := signed(uint64(i>>free), size)
			entries[i] = uint32(n+size) | entryWhole | goes<<entryGoes | uint32(value)<<entryValue
		} else {
			entries[i] = uint32(n) | goes<<entryGoes | uint32(size)<<entryValue
		}
	}
}

// signed is the standard's signed number of n bits (F.12).
func signed(v uint64, n int) int32 {
	if n == 0 || v>>(n-1) != 0 {
		return int32(v)
	}
	return int32(v) - 1<<n + 1
}

// bits reads a scan's bits, the most significant first. acc begins with the next one; the first
// have of it are taken in, those that follow them are 0 or what src has at that place.
type bits struct {
	src  []byte
	at   int
	acc  uint64
	have int
	zero int // bits that were made up because the stream ended or a marker came
}

// fill brings the accumulator to 57 bits or more. After a marker or the end come zeros, as in
// libjpeg.
func (b *bits) fill() {
	for b.have <= 56 {
		c := byte(0)
		switch {
		case b.at < len(b.src) && b.src[b.at] != 0xff:
			c = b.src[b.at]
			b.at++
		case b.at+1 < len(b.src) && b.src[b.at+1] == 0:
			c = 0xff
			b.at += 2
		default:
			b.zero += 8
		}
		b.acc |= uint64(c) << (56 - b.have)
		b.have += 8
	}
}

// hasFF reports whether one of the bytes of v is 0xff.
func hasFF(v uint64) bool { return (^v-0x0101010101010101)&v&0x8080808080808080 != 0 }

// refill is fill, eight bytes at once where none of them is 0xff.
func (b *bits) refill() {
	if b.at+8 <= len(b.src) {
		if v := binary.BigEndian.Uint64(b.src[b.at:]); !hasFF(v) {
			b.acc |= v >> (b.have & 63)
			b.at += (63 - b.have) >> 3
			b.have |= 56
			return
		}
	}
	b.fill()
}

// next takes in a code and its value: it returns by how much that goes on, and whether there is
// such a code. It needs 31 bits in the accumulator.
func (b *bits) next(h *huffman) (goes uint8, value int32, ok bool) {
	e := h.fast[b.acc>>(64-look)]
	if e&entryWhole == 0 {
		return b.rest(h, e)
	}
	b.acc <<= e & entryBits
	b.have -= int(e & entryBits)
	return uint8(e >> entryGoes), int32(e) >> entryValue, true
}

// rest is next for an entry that is not whole.
func (b *bits) rest(h *huffman, e uint32) (goes uint8, value int32, ok bool) {
	n, size := int(e&entryBits), int(e>>entryValue)
	goes = uint8(e >> entryGoes)
	if e == 0 {
		top := uint32(b.acc >> 48)
		for n = look + 1; n <= 16 && top >= h.limit[n]; {
			n++
		}
		if n > 16 {
			return 0, 0, false
		}
		symbol := int(h.symbols[(int32(top>>(16-n))+h.first[n])&255])
		if goes, size = uint8(symbol>>4+1), symbol&15; symbol == 0 {
			goes = endOfBlock
		}
	}
	value = signed(b.acc<<n>>(64-size), size)
	b.acc <<= n + size
	b.have -= n + size
	return goes, value, true
}

type spec struct {
	counts  [16]byte
	symbols []byte
}

// annexK returns the standard's typical tables (K.3): DC and AC for luminance and for colour.
func annexK() [2][2]spec {
	upTo11 := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	return [2][2]spec{
		{
			{[16]byte{0, 1, 5, 1, 1, 1, 1, 1, 1}, upTo11},
			{[16]byte{0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7d}, []byte(
				"\x01\x02\x03\x00\x04\x11\x05\x12!1A\x06\x13Qa\x07\"q\x142\x81\x91\xa1\x08#B\xb1\xc1\x15R\xd1\xf0$3br\x82" +
					"\t\n\x16\x17\x18\x19\x1a%&'()*456789:CDEFGHIJSTUVWXYZcdefghijstuvwxyz" +
					"\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa" +
					"\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda" +
					"\xe1\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa")},
		},
		{
			{[16]byte{0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1}, upTo11},
			{[16]byte{0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77}, []byte(
				"\x00\x01\x02\x03\x11\x04\x05!1\x06\x12AQ\x07aq\x13\"2\x81\x08\x14B\x91\xa1\xb1\xc1\t#3R\xf0\x15br\xd1" +
					"\n\x16$4\xe1%\xf1\x17\x18\x19\x1a&'()*56789:CDEFGHIJSTUVWXYZcdefghijstuvwxyz" +
					"\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x92\x93\x94\x95\x96\x97\x98\x99\x9a\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa" +
					"\xb2\xb3\xb4\xb5\xb6\xb7\xb8\xb9\xba\xc2\xc3\xc4\xc5\xc6\xc7\xc8\xc9\xca\xd2\xd3\xd4\xd5\xd6\xd7\xd8\xd9\xda" +
					"\xe2\xe3\xe4\xe5\xe6\xe7\xe8\xe9\xea\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9\xfa")},
		},
	}
}
