//go:build !amd64

package jpeg

// vectors reports whether this machine runs the kernels.
func vectors() bool { return false }

func transformBlock(*byte, int, *[64]int16) {}

func rgbVectors(_, _, _, _ []byte) int { return 0 }

func planeVectors([]byte, int, []byte, []byte, []byte) int { return 0 }

func widerVectors(_, _, _ []byte, _, _ uint16) int { return 0 }
