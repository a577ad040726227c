package inflate

import "golang.org/x/sys/cpu"

// vectors reports whether this machine runs weighBlocks.
func vectors() bool { return cpu.X86.HasAVX2 }

// weighBlocks adds up n bytes, a multiple of 32 up to 1<<20, and the same with each byte as
// often as there are bytes from it to the end. Written in assembly for AVX2.
//
//go:noescape
func weighBlocks(p *byte, n int) (sum, weighted uint64)

// weigh does as much of p as weighBlocks can and returns how many bytes. p has at most 1<<20.
func weigh(p []byte) (n int, sum, weighted uint64) {
	if n = len(p) &^ 31; n == 0 || !vectors() {
		return 0, 0, 0
	}
	sum, weighted = weighBlocks(&p[0], n)
	return n, sum, weighted
}
