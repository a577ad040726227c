package zarr

import "errors"

var (
	errLZ4     = errors.New("lz4: damaged")
	errBloscLZ = errors.New("blosclz: damaged")
)

// unlz4 unpacks an LZ4 block (lz4_Block_format.md) into dst, which it must fill.
func unlz4(dst, src []byte) error { //nolint:gocognit // the one loop of the format
	at, in := 0, 0
	length := func(n int) (int, bool) { // 15 goes on in the bytes that follow
		if n < 15 {
			return n, true
		}
		for in < len(src) {
			c := src[in]
			in++
			if n += int(c); c < 255 || n > len(dst) {
				return n, n <= len(dst)
			}
		}
		return 0, false
	}
	for in < len(src) {
		token := src[in]
		in++
		n, ok := length(int(token >> 4))
		if !ok || n > len(src)-in || n > len(dst)-at {
			return errLZ4
		}
		copy(dst[at:], src[in:in+n])
		at, in = at+n, in+n
		if in == len(src) {
			break
		}
		if in+2 > len(src) {
			return errLZ4
		}
		back := int(src[in]) | int(src[in+1])<<8
		in += 2
		if n, ok = length(int(token & 15)); !ok {
			return errLZ4
		}
		if n += 4; back == 0 || back > at || n > len(dst)-at {
			return errLZ4
		}
		at = repeat(dst, at, back, n)
	}
	if at != len(dst) {
		return errLZ4
	}
	return nil
}

// repeat writes n bytes at the place at, those that begin back before it, and returns the place behind them.
func repeat(dst []byte, at, back, n int) int {
	if back >= n {
		copy(dst[at:at+n], dst[at-back:])
		return at + n
	}
	for i := at; i < at+n; i++ {
		dst[i] = dst[i-back]
	}
	return at + n
}

// unblosclz unpacks BloscLZ, a relative of FastLZ (c-blosc 1, blosclz.c), into dst, which
// it must fill.
func unblosclz(dst, src []byte) error { //nolint:gocognit // the one loop of the format
	const far = 8191 // distances from here on take two more bytes
	at, in := 0, 0
	next := func() (int, bool) {
		if in >= len(src) {
			return 0, false
		}
		in++
		return int(src[in-1]), true
	}
	ctrl, ok := next()
	for ctrl &= 31; ok; ctrl, ok = next() {
		if ctrl < 32 {
			n := ctrl + 1
			if n > len(src)-in || n > len(dst)-at {
				return errBloscLZ
			}
			copy(dst[at:], src[in:in+n])
			at, in = at+n, in+n
			continue
		}
		n, high := ctrl>>5-1, ctrl&31<<8
		for code, more := 255, n == 6; more && code == 255; {
			if code, more = next(); !more || n > len(dst) {
				return errBloscLZ
			}
			n += code
		}
		low, ok := next()
		if !ok {
			return errBloscLZ
		}
		back := high + low + 1
		if low == 255 && high == 31<<8 {
			a, _ := next()
			b, ok := next()
			if !ok {
				return errBloscLZ
			}
			back = a<<8 + b + far + 1
		}
		if n += 3; back > at || n > len(dst)-at {
			return errBloscLZ
		}
		at = repeat(dst, at, back, n)
	}
	if at != len(dst) {
		return errBloscLZ
	}
	return nil
}
