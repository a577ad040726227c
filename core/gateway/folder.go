package gateway

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
)

const (
	folderPrefix = "coverslip-gateway-"
	lockSuffix   = ".lock"
)

// folder is where uploads lie. A lock beside it is held as long as the process lives, however
// that ends: what a dead one has left is told by it.
type folder struct {
	path string

	mu   sync.Mutex // guards lock
	lock *os.File   // nil: not yet

	trying  sync.Mutex // guards written
	written time.Time  // when there was room
}

// newFolder makes one in work.
func newFolder(work string) (*folder, error) {
	f := &folder{path: filepath.Join(work, folderPrefix+rand.Text())}
	if err := f.stand(); err != nil {
		return nil, fault.New(fault.Denied, "The gateway can't keep uploads in "+work+".", "Make that folder, or choose another one.",
			errors.Join(err, f.remove()))
	}
	return f, nil
}

// stand makes the folder, also anew: a system that tidies up what is old may have taken it away,
// its lock or both.
func (f *folder) stand() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, err := os.Lstat(f.path + lockSuffix); errors.Is(err, fs.ErrNotExist) {
		lock, err := os.OpenFile(f.path+lockSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return err
		}
		if f.lock != nil {
			_ = f.lock.Close() // nobody can see it any more
		}
		f.lock = lock
		if _, err := disk.TryLock(lock); err != nil {
			return err
		}
	}
	_, err := os.Lstat(f.path)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Mkdir(f.path, 0o700) // only now: others look at it
	}
	return err
}

// create makes a file of a new name in it.
func (f *folder) create(name string) (*os.File, error) {
	file, err := os.CreateTemp(f.path, name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := f.stand(); err != nil {
			return nil, err
		}
		file, err = os.CreateTemp(f.path, name)
	}
	return file, err
}

// often is for how long it holds that there is room.
const often = 5 * time.Second

// room tells whether a file can be written in the folder, by doing so: that says more than any
// number of free bytes.
func (f *folder) room(now time.Time) error {
	if err := f.stand(); err != nil {
		return err
	}
	f.trying.Lock()
	defer f.trying.Unlock()
	if now.Sub(f.written) < often {
		return nil
	}
	file, err := f.create("room-*")
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, 64<<10))
	if err = errors.Join(err, file.Close(), os.Remove(file.Name())); err == nil {
		f.written = now
	}
	return err
}

func (f *folder) remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := os.RemoveAll(f.path)
	if f.lock == nil {
		return err
	}
	gone := os.Remove(f.lock.Name())
	if errors.Is(gone, fs.ErrNotExist) {
		gone = nil
	}
	return errors.Join(err, f.lock.Close(), gone)
}

// sweep removes the folders in work that gateways of this user have left there when they were
// killed.
func sweep(work string, log *slog.Logger) {
	all, err := os.ReadDir(work)
	if err != nil {
		return // whoever makes a folder there hears of it
	}
	for _, e := range all {
		if !e.IsDir() || !strings.HasPrefix(e.Name(), folderPrefix) {
			continue
		}
		path := filepath.Join(work, e.Name())
		switch removed, err := orphan(path); {
		case err != nil:
			log.Warn("what a gateway has left is not removed", slog.String("folder", path), slog.Any("error", err))
		case removed:
			log.Info("what a gateway has left is removed", slog.String("folder", path))
		}
	}
}

// orphan removes a folder if its gateway is dead. Anybody can make anything in a system's folder
// for temporary files: what is not this user's own, or a link, is left alone.
func orphan(path string) (removed bool, err error) {
	dir, err := os.Lstat(path)
	lock, lerr := os.Lstat(path + lockSuffix)
	if err != nil || lerr != nil || !dir.IsDir() || !lock.Mode().IsRegular() || !mine(dir) || !mine(lock) {
		return false, nil //nolint:nilerr // nothing of ours, or gone meanwhile
	}
	f := &folder{path: path}
	if f.lock, err = os.OpenFile(path+lockSuffix, os.O_RDWR, 0); err != nil {
		return false, err
	}
	if free, err := disk.TryLock(f.lock); !free {
		return false, errors.Join(err, f.lock.Close())
	}
	return true, f.remove()
}
