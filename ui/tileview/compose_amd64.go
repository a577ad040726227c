package tileview

import "golang.org/x/sys/cpu"

// vectorStep is how many pixels the kernel takes at once.
const vectorStep = 16

// vectors reports whether this machine runs the kernel.
func vectors() bool { return cpu.X86.HasAVX2 }

// vectorStain is a stain as the kernel reads it: each number sixteen times.
type vectorStain struct {
	lo, width, mul, r, g, b [vectorStep]uint16
	shift                   [2]uint64 // the first counts
}

// composeRows colours n pixels, a multiple of vectorStep, from count planes. Written in
// assembly for AVX2.
//
//go:noescape
func composeRows(dst *uint32, n int, planes **uint16, stains *vectorStain, count int, flip uint32)

// composeVectors colours as many pixels as the kernel can and returns their number.
func composeVectors(pix []uint32, planes [][]uint16, on []*stain, flip uint32) int {
	first := make([]*uint16, len(on))
	params := make([]vectorStain, len(on))
	for c, s := range on {
		first[c] = &planes[c][0]
		p := &params[c]
		for i := range vectorStep {
			p.lo[i], p.width[i], p.mul[i] = s.lo, s.width, s.mul
			p.r[i], p.g[i], p.b[i] = s.rgb[0], s.rgb[1], s.rgb[2]
		}
		p.shift[0] = uint64(s.shift)
	}
	n := len(pix) / vectorStep * vectorStep
	composeRows(&pix[0], n, &first[0], &params[0], len(on), flip)
	return n
}

// blendRow lays n premultiplied pixels, a multiple of eight, over dst with a strength of 0…256.
// Written in assembly for AVX2.
//
//go:noescape
func blendRow(dst, src *uint32, n int, strength uint32)

// blendVectors lays as much of src over dst as the kernel can and returns how many pixels.
func blendVectors(dst, src []uint32, strength uint32) int {
	n := len(src) &^ 7
	if n == 0 || !vectors() {
		return 0
	}
	blendRow(&dst[0], &src[0], n, strength)
	return n
}
