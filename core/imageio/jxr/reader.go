package jxr

import "encoding/binary"

// reader reads a stream, the highest bit of a byte first; behind its end it reads zeros.
type reader struct {
	src []byte
	at  int    // of the next byte
	acc uint64 // the next bits, from the top
	n   uint   // of them that count
}

func newReader(src []byte) reader { return reader{src: src} }

// fill makes 56 bits ready. What acc holds below those that count are bits of the byte at at,
// so that they may be added twice.
func (b *reader) fill() {
	if b.at+8 <= len(b.src) {
		b.acc |= binary.BigEndian.Uint64(b.src[b.at:]) >> b.n
		b.at += int((63 - b.n) >> 3)
		b.n |= 56
		return
	}
	for ; b.n <= 56; b.n += 8 {
		if b.at < len(b.src) {
			b.acc |= uint64(b.src[b.at]) << (56 - b.n)
		}
		b.at++
	}
}

// take returns the next k bits, which must be ready.
func (b *reader) take(k uint) int32 {
	v := b.acc >> (64 - k)
	b.acc <<= k
	b.n -= k
	return int32(v)
}

// get returns the next k of at most 32 bits.
func (b *reader) get(k uint) int32 {
	if b.n < k {
		b.fill()
	}
	return b.take(k)
}

func (b *reader) flag() bool { return b.get(1) != 0 }

// signed returns k bits, which must be ready with one more: where they are not zero a sign
// follows them.
func (b *reader) signed(k uint) int32 {
	v := b.take(k)
	if v == 0 {
		return 0
	}
	s := -b.take(1)
	return v ^ s - s
}

// used is the number of bytes that were read, the last one perhaps in part.
func (b *reader) used() int { return b.at - int(b.n)>>3 }

// align goes to the next whole byte.
func (b *reader) align() {
	b.acc <<= b.n & 7
	b.n &^= 7
}

// short reports whether more was read than is there.
func (b *reader) short() bool { return b.used() > len(b.src) }
