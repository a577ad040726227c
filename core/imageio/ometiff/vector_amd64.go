package ometiff

import "golang.org/x/sys/cpu"

// vectors reports whether this machine runs the kernels, which are in assembly for AVX2.
func vectors() bool { return cpu.X86.HasAVX2 }

// sumWords adds to each 16-bit sample of n bytes, a multiple of 16, all that stand before it.
//
//go:noescape
func sumWords(row *byte, n int)

// sumBytes is sumWords for samples of 8 bits.
//
//go:noescape
func sumBytes(row *byte, n int)

// pickThird copies the k-th byte of each three, n of them, a multiple of 16.
//
//go:noescape
func pickThird(dst, src *byte, n, k int)

// sumVectors sums the samples, of size 1 or 2, of as much of row as a kernel can, and returns
// how many bytes.
func sumVectors(row []byte, size int) int {
	n := len(row) &^ 15
	switch {
	case n == 0 || !vectors():
		return 0
	case size == 1:
		sumBytes(&row[0], n)
	default:
		sumWords(&row[0], n)
	}
	return n
}

// pickVectors copies to dst the k-th byte of each three of src, as many as the kernel can, and
// returns how many.
func pickVectors(dst, src []byte, k int) int {
	n := min(len(dst), len(src)/3) &^ 15
	if n == 0 || k < 0 || k > 2 || !vectors() {
		return 0
	}
	pickThird(&dst[0], &src[0], n, k)
	return n
}
