//go:build !amd64

package lanes

// vectors reports whether this machine runs blocks.
func vectors() bool { return false }

func blocks(*[4][Width]uint32, *[Width]*byte, int) {}
