//go:build !amd64

package ometiff

// vectors reports whether this machine runs the kernels.
func vectors() bool { return false }

func sumVectors([]byte, int) int { return 0 }

func pickVectors(_, _ []byte, _ int) int { return 0 }
