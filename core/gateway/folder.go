package gateway

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/disk"
)

const (
	folderPrefix = "coverslip-gateway-"
	lockSuffix   = ".lock"
)

// folder is where uploads lie. A lock beside it is held as long as the process lives, however
// that ends: what a dead one has left is told by it.
type folder struct {
	path string
	lock *os.File
}

// newFolder makes one in work.
func newFolder(work string) (folder, error) {
	f := folder{path: filepath.Join(work, folderPrefix+rand.Text())}
	var err error
	if f.lock, err = os.OpenFile(f.path+lockSuffix, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
		return f, fmt.Errorf("uploads: %w", err)
	}
	_, err = disk.TryLock(f.lock)
	if err == nil { // only now there is something that others look at
		err = os.Mkdir(f.path, 0o700)
	}
	if err != nil {
		return f, fmt.Errorf("uploads: %w", errors.Join(err, f.remove()))
	}
	return f, nil
}

func (f folder) remove() error {
	return errors.Join(os.RemoveAll(f.path), f.lock.Close(), os.Remove(f.lock.Name()))
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
	f := folder{path: path}
	if f.lock, err = os.OpenFile(path+lockSuffix, os.O_RDWR, 0); err != nil {
		return false, err
	}
	if free, err := disk.TryLock(f.lock); !free {
		return false, errors.Join(err, f.lock.Close())
	}
	return true, f.remove()
}
