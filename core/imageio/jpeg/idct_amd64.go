package jpeg

import "golang.org/x/sys/cpu"

// vectors reports whether this machine runs transformBlock.
func vectors() bool { return cpu.X86.HasAVX2 }

// transformBlock is transformPlain; to has 7·stride+8 bytes. Written in assembly for AVX2.
//
//go:noescape
func transformBlock(to *byte, stride int, co *[64]int16)
