package segment

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// aboveBlocks sets the bits of n values, a multiple of 8 and not 0, that are above a level, in
// n/8 bytes. Written in assembly for AVX2.
//
//go:noescape
func aboveBlocks(v *float32, n int, level float32, to *byte)

// aboveVectors sets the bits of as many values as aboveBlocks can, and returns how many: whole
// words.
func aboveVectors(to []uint64, v []float32, level float32) (n int) {
	if n = len(v) &^ 63; n == 0 || !cpu.X86.HasAVX2 {
		return 0
	}
	aboveBlocks(&v[0], n, level, (*byte)(unsafe.Pointer(&to[0]))) //nolint:gosec // words as bytes, the lowest first
	return n
}
