package inflate

import "encoding/binary"

// adlerBase is the largest prime below 65536.
const adlerBase = 65521

// Adler32 returns the checksum of RFC 1950.
func Adler32(p []byte) uint32 {
	a, b := uint32(1), uint32(0)
	for {
		part := p[:min(len(p), 1<<20)]
		n, sum, weighted := weigh(part)
		if n == 0 {
			return adlerPlain(a, b, p)
		}
		b = uint32((uint64(b) + uint64(n)*uint64(a) + weighted) % adlerBase) //nolint:gosec // below it
		a = uint32((uint64(a) + sum) % adlerBase)                            //nolint:gosec // below it
		p = p[n:]
	}
}

// adlerPlain goes on with a checksum whose halves are b and a, eight bytes at a time: each byte
// of a word has its own sums, which are put together before they no longer fit 16 bits.
func adlerPlain(a, b uint32, p []byte) uint32 {
	const (
		words = 22 // 255·22·23/2 < 65536
		even  = 0x00ff00ff00ff00ff
	)
	for len(p) >= 8 {
		k := min(len(p)/8, words)
		var s0, s1, w0, w1 uint64 // sums of the bytes, and of those sums: even bytes, odd bytes
		for range k {
			v := binary.LittleEndian.Uint64(p)
			p = p[8:]
			s0 += v & even
			s1 += v >> 8 & even
			w0 += s0
			w1 += s1
		}
		var sum, weighted, behind uint32
		for c := uint32(0); c < 8; c += 2 {
			shift := c * 8
			x, y := uint32(s0>>shift&0xffff), uint32(s1>>shift&0xffff)
			sum += x + y
			behind += c*x + (c+1)*y
			weighted += uint32(w0>>shift&0xffff) + uint32(w1>>shift&0xffff)
		}
		b = (b + uint32(8*k)*a + 8*weighted - behind) % adlerBase //nolint:gosec // k is at most 22
		a = (a + sum) % adlerBase
	}
	for _, v := range p {
		a += uint32(v)
		b += a
	}
	return b%adlerBase<<16 | a%adlerBase
}
