//go:build unix

package capture_test

import (
	"io/fs"
	"syscall"
)

func inode(st fs.FileInfo) uint64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Ino
	}
	return 0
}
