// Package disk makes what was written survive a power cut, many files for the price of one.
package disk

import (
	"errors"
	"os"
	"runtime"
	"sync"
	"time"
)

// few is how many files are synced one by one: syncing the whole file system also waits
// for what other programs write, such as an instrument.
const few = 32

// parallel bounds the syncs of single files that run at once.
const parallel = 16

// Block is what writes that go past the system's memory are a multiple of, in bytes.
const Block = 4096

// Syncer syncs the files of one file system. Callers that come while a sync runs share
// the next one: 10,000 files written by many goroutines take some dozens of syncs. The
// zero value is ready, and its methods may be called from any goroutine.
type Syncer struct {
	mu   sync.Mutex // guards below
	next *round     // gathers files until the round before has ended
	last *round
}

// In a flow of many files a round waits for more of them, as long as the round before took:
// that costs no more than another sync would.
const (
	leastPatience = 20 * time.Millisecond
	mostPatience  = 300 * time.Millisecond
	crowd         = 500 // so many need not wait
)

type round struct {
	files []*os.File
	dirs  map[string]bool // folders with new names
	errs  []error         // of each file
	names error           // of the folders
	took  time.Duration   // valid after done
	full  chan struct{}   // closed when there is a crowd
	done  chan struct{}
}

func (r *round) size() int { return len(r.files) + len(r.dirs) }

// Sync returns once what was written to f is safe. f stays open until then.
func (s *Syncer) Sync(f *os.File) error {
	i := 0
	r := s.share(func(r *round) {
		i = len(r.files)
		r.files = append(r.files, f)
	})
	return r.errs[i]
}

// Names makes the names in the given folders safe: files that were made, renamed or
// removed there.
func (s *Syncer) Names(dirs ...string) error {
	if runtime.GOOS == "windows" || len(dirs) == 0 { // Windows can't be asked to and does so on its own
		return nil
	}
	return s.share(func(r *round) {
		for _, d := range dirs {
			r.dirs[d] = true
		}
	}).names
}

// share takes part in the next round and returns when it is over.
func (s *Syncer) share(join func(*round)) *round {
	s.mu.Lock()
	r, before := s.next, s.last
	leads := r == nil
	if leads {
		r = &round{dirs: map[string]bool{}, full: make(chan struct{}), done: make(chan struct{})}
		s.next = r
	}
	small := r.size() < crowd
	join(r)
	if small && r.size() >= crowd {
		close(r.full)
	}
	s.mu.Unlock()
	if !leads {
		<-r.done
		return r
	}
	if before != nil {
		r.wait(before)
	}
	s.mu.Lock()
	s.next, s.last = nil, r
	s.mu.Unlock()
	begun := time.Now()
	r.run()
	r.took = time.Since(begun)
	close(r.done)
	return r
}

// wait waits for the round before, and if that was of many files, for more to come.
func (r *round) wait(before *round) {
	<-before.done
	if before.size() <= few {
		return
	}
	more := time.NewTimer(min(max(before.took, leastPatience), mostPatience))
	defer more.Stop()
	select {
	case <-r.full:
	case <-more.C:
	}
}

// run syncs the files and the names. A name was given after its file was synced, so that
// they may go together.
func (r *round) run() {
	r.errs = make([]error, len(r.files))
	if r.size() > few && r.whole() {
		return
	}
	var g sync.WaitGroup
	slots := make(chan struct{}, parallel)
	run := func(do func()) {
		slots <- struct{}{}
		g.Go(func() {
			do()
			<-slots
		})
	}
	for i, f := range r.files {
		run(func() { r.errs[i] = f.Sync() })
	}
	var mu sync.Mutex
	for dir := range r.dirs {
		run(func() {
			if err := folder(dir); err != nil {
				mu.Lock()
				defer mu.Unlock()
				r.names = errors.Join(r.names, err)
			}
		})
	}
	g.Wait()
}

// whole syncs all of the file system, if that can be done.
func (r *round) whole() bool {
	if len(r.files) > 0 {
		if !whole(r.files[0]) {
			return false
		}
		for i, f := range r.files {
			r.errs[i] = written(f)
		}
		return true
	}
	for dir := range r.dirs {
		if d, err := os.Open(dir); err == nil {
			is := whole(d)
			_ = d.Close()
			return is
		}
	}
	return false // the folders' own syncs tell
}

// folder syncs the names in a folder. SMB can't be asked to and does so on its own.
func folder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	_ = d.Sync()
	return d.Close()
}

// All returns once what was written to the files is safe. They are of one file system.
func All(files ...*os.File) error {
	r := round{files: files}
	r.run()
	return errors.Join(r.errs...)
}

// Names makes the names in the given folders of one file system safe.
func Names(dirs ...string) error {
	var s Syncer
	return s.Names(dirs...)
}
