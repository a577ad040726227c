package imageio

import (
	"encoding/binary"
	"math"
)

// Halves makes 32-bit floats of 16-bit ones (IEEE 754 binary16), both little-endian: out has
// room for as many as in holds.
func Halves(out, in []byte) {
	for i := range len(in) / 2 {
		binary.LittleEndian.PutUint32(out[4*i:], math.Float32bits(half(binary.LittleEndian.Uint16(in[2*i:]))))
	}
}

// Longs makes 64-bit floats of whole numbers of 64 bits where they are, both little-endian: there is no other type that holds
// labels of such, and it holds all up to 2⁵³.
func Longs(data []byte, signed bool) {
	le := binary.LittleEndian
	for ; len(data) >= 8; data = data[8:] {
		n := le.Uint64(data)
		v := float64(n)
		if signed {
			v = float64(int64(n))
		}
		le.PutUint64(data, math.Float64bits(v))
	}
}

func half(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&1023)
	switch exp {
	case 0:
		v := float32(frac) / (1 << 24)
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}
