package capture

import (
	"errors"
	"io/fs"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// remote reports whether path lies on a file system that sends no events: a share, or one
// that a program makes. Magic numbers of statfs(2).
func remote(path string) bool {
	var st unix.Statfs_t
	switch err := unix.Statfs(path, &st); {
	case errors.Is(err, unix.ENOENT) && filepath.Dir(path) != path:
		return remote(filepath.Dir(path)) // it is to come there
	case err != nil:
		return true // it does not answer: looking always works
	}
	switch uint32(st.Type) { //nolint:gosec // a magic number of 32 bits
	case unix.NFS_SUPER_MAGIC, unix.SMB_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.FUSE_SUPER_MAGIC,
		unix.V9FS_MAGIC, unix.AFS_SUPER_MAGIC, unix.CEPH_SUPER_MAGIC, unix.CODA_SUPER_MAGIC:
		return true
	}
	return false
}

// device names the file system that st is of.
func device(st fs.FileInfo) uint64 {
	if sys, ok := st.Sys().(*syscall.Stat_t); ok {
		return sys.Dev
	}
	return 0
}
