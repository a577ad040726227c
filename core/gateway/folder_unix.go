//go:build !windows

package gateway

import (
	"os"
	"syscall"
)

// mine reports whether a file is this user's.
func mine(st os.FileInfo) bool {
	sys, ok := st.Sys().(*syscall.Stat_t)
	return ok && int(sys.Uid) == os.Getuid()
}
