package pipeline

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// loosen makes what a stage goes on with its own: files that are links to the cache, as
// dvc may have made them, or write-protected, become copies. Else the stage would write
// into the cache.
func loosen(root *os.Root, rel string) error {
	if _, err := root.Lstat(rel); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	}
	top := filepath.Join(root.Name(), filepath.FromSlash(rel))
	return filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		if d.Type()&fs.ModeSymlink == 0 && st.Mode().Perm()&0o200 != 0 {
			return nil
		}
		return copied(name)
	})
}

// copied replaces a file by a copy of what it is or leads to.
func copied(name string) error {
	src, err := os.Open(name)
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	st, err := src.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".coverslip-*")
	if err != nil {
		return err
	}
	_, err = io.Copy(tmp, src)
	if err = errors.Join(err, tmp.Chmod(st.Mode().Perm()|0o644), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}
