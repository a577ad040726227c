package ometiff

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// draft is a file that is being written. Where the file system can, it has no name: one that is
// never finished, by a crash or the power, is gone.
type draft struct {
	*os.File
	name string // empty: none yet
}

// drafts are the names of those that have one; left is for how long one that nobody writes to is left
// alone.
const (
	drafts = ".writing-*.tif"
	left   = 24 * time.Hour
)

func newDraft(dir string, named bool) (*draft, error) {
	sweep(dir)
	if !named {
		if f, err := nameless(dir); err == nil {
			return &draft{f, ""}, nil
		}
	}
	f, err := os.CreateTemp(dir, drafts)
	if err != nil {
		return nil, err
	}
	return &draft{f, f.Name()}, nil
}

// sweep removes drafts that were never finished, as far as it can.
func sweep(dir string) {
	all, _ := os.ReadDir(dir) //nolint:errcheck // see above
	for _, e := range all {
		if ok, err := filepath.Match(drafts, e.Name()); !ok || err != nil {
			continue
		}
		if st, err := e.Info(); err == nil && st.Mode().IsRegular() && time.Since(st.ModTime()) > left {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
}

// finish gives the draft its name; keep leaves alone what has it already, which is fault.Exists.
func (d *draft) finish(path string, keep bool) error {
	if d.name == "" {
		err := link(d.File, path)
		if err == nil || keep || !errors.Is(err, fs.ErrExist) {
			return errors.Join(there(path, err), d.Close())
		}
		at := filepath.Join(filepath.Dir(path), ".writing-"+rand.Text()+".tif")
		if err := link(d.File, at); err != nil {
			return err
		}
		d.name = at
	}
	if err := d.Close(); err != nil {
		return err
	}
	if keep {
		err := os.Link(d.name, path)
		if err == nil {
			return os.Remove(d.name)
		}
		if _, absent := os.Lstat(path); absent == nil {
			return there(path, fs.ErrExist)
		} // else a file system without links
	}
	return os.Rename(d.name, path)
}

// discard removes it.
func (d *draft) discard() error {
	err := d.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	if d.name != "" {
		err = errors.Join(err, os.Remove(d.name))
	}
	return err
}

// there is err, in plain words where a file has the name already.
func there(path string, err error) error {
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	return fault.New(fault.Exists, "“"+path+"” is there already.", "Choose another name, or say that it is to be replaced.", err)
}
