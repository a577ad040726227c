package ometiff

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// nameless makes a file that has no name in dir, if one can be given to it later: another one is
// tried.
func nameless(dir string) (*os.File, error) {
	probe, err := unnamed(dir)
	if err != nil {
		return nil, err
	}
	defer probe.Close() //nolint:errcheck // nothing is in it
	name := filepath.Join(dir, ".writing-"+rand.Text()+".tif")
	if err := link(probe, name); err != nil {
		return nil, err
	}
	if err := os.Remove(name); err != nil {
		return nil, err
	}
	return unnamed(dir)
}

func unnamed(dir string) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: dir, Err: err}
	}
	return os.NewFile(uintptr(fd), dir), nil //nolint:gosec // a descriptor is not negative
}

// link gives f a name that no other file has.
func link(f *os.File, name string) error {
	own := "/proc/self/fd/" + strconv.Itoa(int(f.Fd())) //nolint:gosec // a descriptor is small
	if err := unix.Linkat(unix.AT_FDCWD, own, unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW); err != nil {
		return &os.LinkError{Op: "link", Old: own, New: name, Err: err}
	}
	return nil
}
