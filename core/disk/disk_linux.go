package disk

import (
	"os"

	"golang.org/x/sys/unix"
)

// whole syncs all of f's file system, if that is of a kind that is known to hold its word:
// one in user space (sshfs) says yes and does nothing.
func whole(f *os.File) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil {
		return false
	}
	switch int64(st.Type) { //nolint:unconvert // of another width on other processors
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.F2FS_SUPER_MAGIC,
		unix.OVERLAYFS_SUPER_MAGIC, unix.TMPFS_MAGIC, unix.NFS_SUPER_MAGIC:
		return unix.Syncfs(int(f.Fd())) == nil
	}
	return false
}

// written returns what went wrong in writing f since it was opened, which a sync of the
// whole file system does not tell.
func written(f *os.File) error {
	return os.NewSyscallError("sync_file_range", unix.SyncFileRange(int(f.Fd()), 0, 0, unix.SYNC_FILE_RANGE_WAIT_BEFORE))
}

// Begin starts writing n bytes of f at offset to the disk and does not wait, so that a
// later sync has less to do.
func Begin(f *os.File, offset, n int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, n, unix.SYNC_FILE_RANGE_WRITE) // a hint
}

// Past has what is written to f go to the disk at once and past the system's memory of
// files, or again as usual. It reports whether that is so: only where the file system is
// known to do it well. Offsets, lengths and addresses are then multiples of [Block]; a
// write that is not, or that the disk does not take so, fails with EINVAL.
func Past(f *os.File, on bool) bool {
	var st unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &st) != nil || st.Type != unix.EXT4_SUPER_MAGIC && st.Type != unix.XFS_SUPER_MAGIC {
		return false
	}
	flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFL, 0)
	if err != nil {
		return false
	}
	if flags &^= unix.O_DIRECT; on {
		flags |= unix.O_DIRECT
	}
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETFL, flags)
	return err == nil && on
}
