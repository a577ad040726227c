package triton

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// regionDir is where regions are files in memory, by names that no other program uses.
const regionDir = "/dev/shm"

// region is memory that another process can map, by its name. The file is locked as long as
// this process lives, so that others can tell what a dead one has left.
type region struct {
	name string
	data []byte
	file *os.File
}

// newRegion makes a region whose name begins with home. The memory is really there: without room this is an error, and
// no signal later on.
func newRegion(home string, size int64) (*region, error) {
	f, err := os.CreateTemp(regionDir, "."+home+"*")
	if err != nil {
		return nil, err
	}
	r := &region{file: f, name: filepath.Base(f.Name())[1:]}
	fd := int(f.Fd()) //nolint:gosec // a small number
	err = syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = syscall.Fallocate(fd, 0, 0, size)
	}
	if err == nil {
		r.data, err = syscall.Mmap(fd, 0, int(size), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	}
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(regionDir, r.name)) // only now others may look at its lock
	}
	if err != nil {
		return nil, errors.Join(err, os.Remove(f.Name()), r.unmap())
	}
	return r, nil
}

func (r *region) unmap() error {
	var err error
	if r.data != nil {
		err = syscall.Munmap(r.data)
	}
	return errors.Join(err, r.file.Close())
}

// close removes the region. A server that has it mapped still may use it.
func (r *region) close() {
	removeRegion(r.name)
	_ = r.unmap() // nothing can be done about it
}

func removeRegion(name string) { _ = os.Remove(filepath.Join(regionDir, name)) } // may be gone already

// orphans are the regions of a home whose programs have died.
func orphans(home string) []string {
	paths, err := filepath.Glob(filepath.Join(regionDir, home+"*"))
	if err != nil {
		return nil
	}
	var out []string
	for _, p := range paths {
		f, err := os.OpenFile(p, os.O_RDWR, 0)
		if err != nil {
			continue // somebody else's
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil { //nolint:gosec // a small number
			out = append(out, strings.TrimPrefix(p, regionDir+"/"))
		}
		_ = f.Close() // read only
	}
	return out
}
