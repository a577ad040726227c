package ometiff

// unpackBits undoes PackBits (TIFF 6.0 section 9) and returns how much came out.
func unpackBits(dst, src []byte) int {
	pos := 0
	for len(src) > 1 && pos < len(dst) {
		n := int(int8(src[0]))
		src = src[1:]
		switch {
		case n >= 0:
			m := copy(dst[pos:], src[:min(n+1, len(src))])
			pos += m
			src = src[min(n+1, len(src)):]
		case n != -128:
			for range min(1-n, len(dst)-pos) {
				dst[pos] = src[0]
				pos++
			}
			src = src[1:]
		}
	}
	return pos
}
