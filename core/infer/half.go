package infer

import "math"

// The largest number of IEEE 754's binary16, and half of its last digit: what lies as far
// beyond it, or further, is rounded to an infinity.
const (
	largestHalf = 65504
	halfStep    = 16
)

// toHalf is x in binary16, rounded to the nearest, or to the even one of two as near.
func toHalf(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits >> 16 & 0x8000) //nolint:gosec // one bit
	switch bits &= 0x7fffffff; {
	case bits > 0x7f800000: // NaN, with as much of its payload as there is room for
		return sign | 0x7c00 | max(uint16(bits>>13&0x3ff), 1) //nolint:gosec // ten bits
	case bits >= 0x47800000: // 65536, or more
		return sign | 0x7c00
	case bits < 0x38800000: // less than 2^-14: a whole number of 2^-24
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(bits))*(1<<24)))
	}
	bits -= 112 << 23                                   // the exponents' biases are 127 and 15
	return sign | uint16((bits+0xfff+(bits>>13&1))>>13) //nolint:gosec // fifteen bits
}

// fromHalf is the number that h is in binary16.
func fromHalf(h uint16) float32 {
	sign, exponent, digits := uint32(h&0x8000)<<16, uint32(h>>10&0x1f), uint32(h&0x3ff)
	switch exponent {
	case 0:
		return math.Float32frombits(sign | math.Float32bits(float32(digits)/(1<<24)))
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | digits<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | digits<<13)
}

// toBrain is x in bfloat16, the first half of a float32, rounded likewise.
func toBrain(x float32) uint16 {
	bits := math.Float32bits(x)
	if isNaN(x) {
		return uint16(bits>>16) | 0x40 // a quiet one: its payload may be in the other half
	}
	return uint16((bits + 0x7fff + (bits >> 16 & 1)) >> 16) //nolint:gosec // carries no further: x is no NaN
}
