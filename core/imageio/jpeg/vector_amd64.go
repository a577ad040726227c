package jpeg

import "golang.org/x/sys/cpu"

// vectorStep is how many samples the kernels of color_amd64.s take at once.
const vectorStep = 16

// vectors reports whether this machine runs the kernels, which are in assembly for AVX2.
func vectors() bool { return cpu.X86.HasAVX2 }

// transformBlock is transformPlain; to has 7·stride+8 bytes.
//
//go:noescape
func transformBlock(to *byte, stride int, co *[64]int16)

// rgbRow is toRGBPlain for n samples, a multiple of vectorStep.
//
//go:noescape
func rgbRow(to, luma, blue, red *byte, n int)

// planeRow is rgbRow into planes that lie apart bytes from one another.
//
//go:noescape
func planeRow(to *byte, apart int, luma, blue, red *byte, n int)

// widerRow is widerPlain for n samples, a multiple of vectorStep; it reads one before the first
// and one behind the last.
//
//go:noescape
func widerRow(to, near, other *byte, n int, even, odd uint16)

// rgbVectors does as much of toRGB as the kernel can and returns how many samples.
func rgbVectors(to, luma, blue, red []byte) int {
	n := len(luma) &^ (vectorStep - 1)
	if n == 0 || !vectors() {
		return 0
	}
	rgbRow(&to[:3*n][0], &luma[0], &blue[:n][0], &red[:n][0], n)
	return n
}

// planeVectors does as much of toPlanes as the kernel can and returns how many samples.
func planeVectors(to []byte, apart int, luma, blue, red []byte) int {
	n := len(luma) &^ (vectorStep - 1)
	if n == 0 || !vectors() {
		return 0
	}
	planeRow(&to[:2*apart+n][0], apart, &luma[0], &blue[:n][0], &red[:n][0], n)
	return n
}

// widerVectors does as much of wider as the kernel can, from the second sample on, and returns
// how many.
func widerVectors(to, near, other []byte, even, odd uint16) int {
	n := (len(near) - 2) &^ (vectorStep - 1)
	if n <= 0 || !vectors() {
		return 0
	}
	widerRow(&to[:2*n+2][2], &near[1], &other[:n+2][1], n, even, odd)
	return n
}
