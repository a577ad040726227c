package ometiff

import "errors"

// lzwTable remembers where in the output each code's string was written last: a string of
// TIFF's LZW always stands there already, so it is copied instead of built.
type lzwTable struct {
	at  [4096]uint32
	len [4096]uint32
}

const (
	lzwClear = 256
	lzwEnd   = 257
)

// decode unpacks src into dst and returns how much came out: most significant bit first,
// codes growing one early, as TIFF 6.0 section 13 says. It stops when dst is full.
func (t *lzwTable) decode(dst, src []byte) (int, error) {
	var (
		acc             uint64 // bits that were read and not used
		have            uint   // how many of them
		width           uint   = 9
		next            uint32 = 258
		pos, in         int
		prevAt, prevLen uint32 // the string before; length 0 after a clear
	)
	for pos < len(dst) {
		for have < width {
			if in >= len(src) {
				return pos, nil
			}
			acc = acc<<8 | uint64(src[in])
			in++
			have += 8
		}
		have -= width
		code := uint32(acc>>have) & (1<<width - 1) //nolint:gosec // 12 bits
		switch code {
		case lzwClear:
			width, next, prevLen = 9, 258, 0
			continue
		case lzwEnd:
			return pos, nil
		}
		start := uint32(pos) //nolint:gosec // below maxChunk
		var n uint32
		switch {
		case code < 256:
			dst[pos] = byte(code)
			n = 1
		case prevLen == 0 || code > next:
			return pos, errors.New("lzw: a code before its string")
		case code < next:
			n = copyUp(dst, pos, t.at[code], t.len[code])
		default: // the string that is made just now: the one before and its own first byte
			n = copyUp(dst, pos, prevAt, prevLen+1)
		}
		pos += int(n)
		if prevLen > 0 && next < 4096 {
			t.at[next], t.len[next] = prevAt, prevLen+1
			next++
			if next+1 >= 1<<width && width < 12 {
				width++
			}
		}
		prevAt, prevLen = start, n
	}
	return pos, nil
}

// copyUp copies n bytes of dst from at to pos, byte after byte as far as there is room,
// and returns how many: the two may overlap.
func copyUp(dst []byte, pos int, at, n uint32) uint32 {
	n = min(n, uint32(len(dst)-pos)) //nolint:gosec // below maxChunk
	if int(at)+int(n) <= pos && n > 16 {
		copy(dst[pos:], dst[at:at+n])
		return n
	}
	to, from := dst[pos:pos+int(n)], dst[at:]
	for i := range to {
		to[i] = from[i]
	}
	return n
}
