//go:build !amd64

package jpeg

// vectors reports whether this machine runs transformBlock.
func vectors() bool { return false }

func transformBlock(*byte, int, *[64]int16) {}
