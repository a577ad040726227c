package dataset

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"

	"coverslip.dev/coverslip/core/disk"
)

// temp is a file on its way to its name. It is locked, so that [Repository.sweep] of
// another process leaves it alone.
type temp struct {
	*os.File

	done bool
}

func createTemp(dir string) (*temp, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil { //nolint:gosec // the umask decides, as with dvc: a lab shares it
		return nil, err
	}
	for {
		f, err := os.CreateTemp(dir, tempPrefix+"*")
		if err != nil {
			return nil, err
		}
		if hold(f) {
			return &temp{File: f}, nil
		}
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
}

// hold locks a new file or folder, and reports whether it did so before a sweep came
// across it. Where nothing can be locked, nothing is swept either.
func hold(f *os.File) bool {
	free, err := disk.TryLock(f)
	if err != nil {
		return true
	}
	st, err := os.Lstat(f.Name())
	return free && err == nil && sameFile(f, st)
}

// rename gives the file its name and syncs the folder; the caller has synced the bytes.
func (t *temp) rename(name string) error {
	if runtime.GOOS == "windows" { // which renames no open file
		if err := t.Close(); err != nil {
			return err
		}
	}
	if err := os.Rename(t.Name(), name); err != nil {
		return err
	}
	t.done = true
	_ = t.Close() // on Windows it is closed already; synced bytes are safe either way
	return syncDir(filepath.Dir(name))
}

// discard removes the file if it got no name.
func (t *temp) discard() {
	if !t.done {
		_ = t.Close()
		_ = os.Remove(t.Name())
	}
}

// tempDir is a folder of temporary files. It is locked, as temp is.
type tempDir struct {
	dir   string
	guard *os.File
	next  atomic.Int64
	made  [spread]sync.Once
}

// spread is over how many folders the files are spread: only one file at a time is made
// in a folder.
const spread = 8

func newTempDir(parent string) (*tempDir, error) {
	if err := os.MkdirAll(parent, 0o777); err != nil { //nolint:gosec // the umask decides
		return nil, err
	}
	for {
		dir, err := os.MkdirTemp(parent, tempPrefix+"*")
		if err != nil {
			return nil, err
		}
		guard, err := os.Open(dir)
		if err == nil && hold(guard) {
			return &tempDir{dir: dir, guard: guard}, nil
		}
		if err == nil {
			err = guard.Close()
		}
		_ = os.Remove(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
}

// name returns a name that no file has yet.
func (t *tempDir) name() string {
	n := t.next.Add(1)
	dir := filepath.Join(t.dir, strconv.FormatInt(n%spread, 10))
	t.made[n%spread].Do(func() { _ = os.Mkdir(dir, 0o777) }) //nolint:gosec // what is made in it tells
	return filepath.Join(dir, strconv.FormatInt(n, 36))
}

func (t *tempDir) create(mode os.FileMode) (*os.File, error) {
	return os.OpenFile(t.name(), os.O_RDWR|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // as people's files
}

// close removes the folder with what is left in it; where it can't, a sweep will.
func (t *tempDir) close() {
	_ = t.guard.Close() // Windows removes nothing that is open
	_ = os.RemoveAll(t.dir)
}

// writeFile puts data under name, whole or not at all; tmp is a folder of the same disk.
func writeFile(tmp, name string, data []byte) error {
	t, err := createTemp(tmp)
	if err != nil {
		return err
	}
	defer t.discard()
	if _, err := t.Write(data); err != nil {
		return err
	}
	if err := t.Chmod(0o644); err != nil {
		return err
	}
	if err := t.Sync(); err != nil {
		return err
	}
	return t.rename(name)
}

func mkdirSynced(dir string) error {
	if st, err := os.Stat(dir); err == nil && st.IsDir() {
		return nil
	}
	if err := mkdirSynced(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) { //nolint:gosec // the umask decides
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// syncDir makes the names in dir survive a power cut. SMB and Windows can't be asked to
// and do so on their own.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}
