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

// kernel is stains made ready.
type kernel struct {
	stains []vectorStain
	first  []*uint16
	flip   uint32
}

func newKernel(on []*stain, flip uint32) *kernel {
	k := &kernel{make([]vectorStain, len(on)), make([]*uint16, len(on)), flip}
	for c, s := range on {
		p := &k.stains[c]
		for i := range vectorStep {
			p.lo[i], p.width[i], p.mul[i] = s.lo, s.width, s.mul
			p.r[i], p.g[i], p.b[i] = s.rgb[0], s.rgb[1], s.rgb[2]
		}
		p.shift[0] = uint64(s.shift)
	}
	return k
}

// compose colours as many pixels as it can, from sample at on, and returns their number.
func (k *kernel) compose(pix []uint32, planes [][]uint16, at int) int {
	n := len(pix) / vectorStep * vectorStep
	if k == nil || n == 0 {
		return 0
	}
	for c, p := range planes {
		k.first[c] = &p[at:][:n][0]
	}
	composeRows(&pix[0], n, &k.first[0], &k.stains[0], len(k.stains), k.flip)
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
