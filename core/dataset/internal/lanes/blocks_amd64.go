package lanes

import "golang.org/x/sys/cpu"

// vectors reports whether this machine runs blocks.
func vectors() bool { return cpu.X86.HasAVX2 }

// blocks takes in n blocks of 64 bytes of each input. state is A, B, C and D of
// RFC 1321, 3.3, of each. Written in assembly for AVX2.
//
//go:noescape
func blocks(state *[4][Width]uint32, data *[Width]*byte, n int)
