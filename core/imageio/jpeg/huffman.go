package jpeg

// quick is how many bits are looked up at once.
const quick = 9

// huffman is a table of codes. look holds length<<8|symbol of codes of up to quick bits, 0
// for longer ones, which limits and first find.
type huffman struct {
	look    [1 << quick]uint16
	symbols [256]byte
	limit   [17]int32 // above the last code of a length, brought to 16 bits
	first   [17]int32 // symbol of the first code of a length less that code
}

func (h *huffman) build(counts [16]byte, symbols []byte) {
	*h = huffman{}
	copy(h.symbols[:], symbols)
	code, at := int32(0), int32(0)
	for n := int32(1); n <= 16; n++ {
		h.first[n] = at - code
		for range counts[n-1] {
			if n <= quick && code < 1<<n {
				from := code << (quick - n)
				for i := range int32(1) << (quick - n) {
					h.look[from+i] = uint16(n)<<8 | uint16(h.symbols[at&255])
				}
			}
			code++
			at++
		}
		h.limit[n] = code << (16 - n)
		code <<= 1
	}
}

// bits reads a scan's bits, the most significant first.
type bits struct {
	src  []byte
	at   int
	acc  uint64
	have int
	zero int // bits that were made up because the stream ended or a marker came
}

// fill brings the accumulator to 48 bits or more. After a marker or the end come zeros, as
// in libjpeg.
func (b *bits) fill() {
	for b.have <= 56 {
		if b.at < len(b.src) {
			c := b.src[b.at]
			if c != 0xff {
				b.at++
				b.acc = b.acc<<8 | uint64(c)
				b.have += 8
				continue
			}
			if b.at+1 < len(b.src) && b.src[b.at+1] == 0 {
				b.at += 2
				b.acc = b.acc<<8 | 0xff
				b.have += 8
				continue
			}
		}
		b.acc <<= 8
		b.have += 8
		b.zero += 8
	}
}

// symbol needs 16 bits in the accumulator; -1 for no code.
func (b *bits) symbol(h *huffman) int {
	top := int32(b.acc >> (b.have - 16) & 0xffff)
	if e := h.look[top>>(16-quick)]; e != 0 {
		b.have -= int(e >> 8)
		return int(e & 0xff)
	}
	n := quick + 1
	for n <= 16 && top >= h.limit[n] {
		n++
	}
	if n > 16 {
		return -1
	}
	b.have -= n
	return int(h.symbols[(top>>(16-n)+h.first[n])&255])
}

// value reads n bits as the standard's signed number (F.12).
func (b *bits) value(n int) int32 {
	if n == 0 {
		return 0
	}
	b.have -= n
	v := int32(b.acc >> b.have & (1<<n - 1))
	if v < 1<<(n-1) {
		v += -1<<n + 1
	}
	return v
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
