package dataset

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// identity returns a file's time of last change, of its mode and names too, and its number.
func identity(st fs.FileInfo) (ctime int64, ino uint64) {
	s, ok := st.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return s.Ctim.Nano(), s.Ino
}

// statIn returns the meta of the file name in the open folder dir; links are followed.
func statIn(dir *os.File, name string) (meta, error) {
	var s unix.Stat_t
	if err := unix.Fstatat(int(dir.Fd()), name, &s, 0); err != nil {
		return meta{}, &fs.PathError{Op: "stat", Path: dir.Name() + "/" + name, Err: err}
	}
	m := meta{size: s.Size, mtime: s.Mtim.Nano(), ctime: s.Ctim.Nano(), ino: s.Ino, mode: fs.FileMode(s.Mode & 0o777)}
	switch s.Mode & unix.S_IFMT {
	case unix.S_IFREG:
	case unix.S_IFDIR:
		m.mode |= fs.ModeDir
	default:
		m.mode |= fs.ModeIrregular
	}
	return m, nil
}
