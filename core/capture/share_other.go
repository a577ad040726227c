//go:build !linux && !windows

package capture

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// mountLocal is MNT_LOCAL of macOS and the BSDs.
const mountLocal = 0x1000

// remote reports whether path lies on a share, which sends no events.
func remote(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) != nil || st.Flags&mountLocal == 0
}

// device names the file system that st is of.
func device(st fs.FileInfo) uint64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return uint64(sys.Dev) //nolint:gosec // a name, whatever its sign
	}
	return 0
}
