package ometiff

import (
	"encoding/binary"
	"errors"
)

// lzwTable holds the strings of TIFF's LZW (TIFF 6.0, section 13) by their codes. Each stands in
// the output where it was made; what is short is written from its head, so that one code need
// not wait for what the one before wrote.
type lzwTable struct {
	strings [lzwMost + 1]lzwString // the last takes those that are made when all codes are in use
}

// lzwString is n bytes of the output from at on.
type lzwString struct {
	head  uint64 // the first eight, the first one lowest, zeros beyond the end
	at, n uint32
}

const (
	lzwClear = 256
	lzwEnd   = 257
	lzwFirst = 258
	lzwMost  = 4096
	lzwHead  = 8
)

var errLZW = errors.New("lzw: a code before its string")

// decode unpacks src into dst and returns how much came out: most significant bit first,
// codes growing one early. It stops when dst is full.
func (t *lzwTable) decode(dst, src []byte) (int, error) {
	for i := range lzwClear {
		t.strings[i] = lzwString{head: uint64(i), n: 1}
	}
	var (
		bit   int      // of src, where the next code begins
		width uint = 9 // of codes
		next       = lzwFirst
		pos   int
		prev  lzwString // the string before; empty after a clear
	)
	for pos < len(dst) {
		if bit+int(width) > 8*len(src) {
			return pos, nil
		}
		code := int(eightBytes(src, bit>>3) << (bit & 7) >> (64 - width))
		bit += int(width)
		switch {
		case code == lzwClear:
			width, next, prev = 9, lzwFirst, lzwString{}
			continue
		case code == lzwEnd:
			return pos, nil
		case prev.n == 0 && code > lzwEnd, code > next:
			return pos, errLZW
		}
		if prev.n > 0 {
			// What is made now is the string before and the first byte of this one, which may be
			// what is made now itself.
			t.strings[next] = lzwString{head: prev.with(prev.head), at: prev.at, n: prev.n + 1}
		}
		s := &t.strings[code]
		head, n := s.head, s.n
		if n <= lzwHead && pos+lzwHead <= len(dst) {
			binary.LittleEndian.PutUint64(dst[pos:], head)
		} else {
			s.write(dst, pos)
		}
		if prev.n > 0 {
			t.strings[next].head = prev.with(head)
			if next = min(next+1, lzwMost); next+1 >= 1<<width && width < 12 {
				width++
			}
		}
		prev = lzwString{head: head, at: uint32(pos), n: n}
		pos += int(n)
	}
	return len(dst), nil
}

// with is the head of s and one byte more, the first of another head.
func (s *lzwString) with(head uint64) uint64 { return s.head | head&255<<(8*s.n) }

// write writes s at pos, as far as there is room. Its last byte may be the first that is written.
func (s *lzwString) write(dst []byte, pos int) {
	to := dst[pos:min(pos+int(s.n), len(dst))]
	if s.n <= lzwHead {
		for i := range to {
			to[i] = byte(s.head >> (8 * i))
		}
		return
	}
	from := dst[s.at:pos]
	copy(to, from[:min(int(s.n), len(from))])
	if len(from) < len(to) {
		to[len(from)] = from[0]
	}
}

// eightBytes are those of src from at on, the first highest, and zeros beyond its end.
func eightBytes(src []byte, at int) uint64 {
	if at+8 <= len(src) {
		return binary.BigEndian.Uint64(src[at:])
	}
	var last [8]byte
	copy(last[:], src[at:])
	return binary.BigEndian.Uint64(last[:])
}
