package dataset

import (
	"os"

	"golang.org/x/sys/unix"
)

// clone makes dst share the blocks of src where the file system can (XFS, Btrfs).
func clone(dst, src *os.File) bool {
	return unix.IoctlFileClone(int(dst.Fd()), int(src.Fd())) == nil
}
