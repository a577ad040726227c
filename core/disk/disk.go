// Package disk makes what was written survive a power cut, many files for the price of one.
package disk

import (
	"errors"
	"os"
	"runtime"
	"sync"
)

// few is how many files are synced one by one: syncing the whole file system also waits
// for what other programs write, such as an instrument.
const few = 6

// parallel bounds the syncs of single files that run at once.
const parallel = 16

// Syncer syncs the files of one file system. Callers that come while a sync runs share
// the next one: 10,000 files written by many goroutines take some dozens of syncs. The
// zero value is ready, and its methods may be called from any goroutine.
type Syncer struct {
	mu   sync.Mutex // guards below
	next *round     // gathers files until the round before has ended
	last chan struct{}
}

type round struct {
	files []*os.File
	errs  []error // of each file
	done  chan struct{}
}

// Sync returns once what was written to f, a file or a folder, is safe. f stays open
// until then.
func (s *Syncer) Sync(f *os.File) error {
	s.mu.Lock()
	r, before := s.next, s.last
	leads := r == nil
	if leads {
		r = &round{done: make(chan struct{})}
		s.next = r
	}
	i := len(r.files)
	r.files = append(r.files, f)
	s.mu.Unlock()
	if !leads {
		<-r.done
		return r.errs[i]
	}
	if before != nil {
		<-before
	}
	s.mu.Lock()
	s.next, s.last = nil, r.done
	s.mu.Unlock()
	r.errs = syncAll(r.files)
	close(r.done)
	return r.errs[i]
}

func syncAll(files []*os.File) []error {
	errs := make([]error, len(files))
	if len(files) > few && whole(files[0]) {
		for i, f := range files {
			errs[i] = written(f)
		}
		return errs
	}
	var g sync.WaitGroup
	slots := make(chan struct{}, parallel)
	for i, f := range files {
		slots <- struct{}{}
		g.Go(func() {
			errs[i] = one(f)
			<-slots
		})
	}
	g.Wait()
	return errs
}

// one syncs a file or a folder. SMB and Windows can't be asked to sync a folder and do
// so on their own.
func one(f *os.File) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return f.Sync()
	}
	_ = f.Sync()
	return nil
}

// Names makes the names in the given folders safe: files that were made, renamed or
// removed there.
func (s *Syncer) Names(dirs ...string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	var g sync.WaitGroup
	errs := make([]error, len(dirs))
	for i, dir := range dirs {
		d, err := os.Open(dir)
		if err != nil {
			errs[i] = err
			continue
		}
		g.Go(func() { errs[i] = errors.Join(s.Sync(d), d.Close()) })
	}
	g.Wait()
	return errors.Join(errs...)
}

// All returns once what was written to the files is safe. They are of one file system.
func All(files ...*os.File) error { return errors.Join(syncAll(files)...) }

// Names makes the names in the given folders of one file system safe.
func Names(dirs ...string) error {
	var s Syncer
	return s.Names(dirs...)
}
