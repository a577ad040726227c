package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"coverslip.dev/coverslip/core/disk"
)

// How much is synced together. More saves little, and is what a crash may cost to do
// again; the files are open until then.
const (
	batchFiles = 800
	batchBytes = 512 << 20
)

// shelf puts many objects into the cache for the price of a few syncs. An object gets its
// name once its bytes are safe, and its name is safe when close returns. Its methods,
// but for close, may be called from any goroutine.
type shelf struct {
	cache cache
	lock  func(ctx context.Context) (func(), error) // held while names are given; may be nil
	tmp   *tempDir
	turn  chan struct{} // one batch is synced at a time

	mu      sync.Mutex // guards below
	open    []waiting
	bytes   int64
	claimed map[string]bool // objects that this shelf has or had in hand
	touched map[string]bool // folders with new names
}

// waiting is an object whose bytes are written and not yet synced.
type waiting struct {
	f   *os.File
	oid string
}

// shelf opens a shelf of the cache.
func (c cache) shelf() (*shelf, error) {
	tmp, err := newTempDir(c.tmp())
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	return &shelf{
		cache: c, tmp: tmp, turn: make(chan struct{}, 1), claimed: map[string]bool{}, touched: map[string]bool{},
	}, nil
}

// temp makes a file for an object's bytes, to be handed to put or drop.
func (s *shelf) temp() (*os.File, error) { return s.tmp.create(wholeMode) }

// drop removes a file that is not wanted.
func (s *shelf) drop(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// put takes over f, which holds the object oid of the given size. Of the same object
// twice, one is kept.
func (s *shelf) put(ctx context.Context, f *os.File, oid string, size int64) error {
	if err := mark(f); err != nil {
		s.drop(f)
		return fmt.Errorf("cache: %w", err)
	}
	s.mu.Lock()
	if s.claimed[oid] {
		s.mu.Unlock()
		s.drop(f)
		return nil
	}
	s.claimed[oid] = true
	s.open = append(s.open, waiting{f, oid})
	s.bytes += size
	var full []waiting
	if len(s.open) >= batchFiles || s.bytes >= batchBytes {
		full, s.open, s.bytes = s.open, nil, 0
	}
	s.mu.Unlock()
	return s.flush(ctx, full)
}

// mark gives a file the mode of whole objects, which a person's umask may have kept from it.
func mark(f *os.File) error {
	st, err := f.Stat()
	if err != nil || st.Mode().Perm() == wholeMode {
		return err
	}
	return f.Chmod(wholeMode)
}

// flush gives a batch its names.
func (s *shelf) flush(ctx context.Context, batch []waiting) error {
	if len(batch) == 0 {
		return nil
	}
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	files := make([]*os.File, len(batch))
	for i, w := range batch {
		files[i] = w.f
	}
	err := ctx.Err()
	if err == nil {
		err = disk.All(files...)
	}
	for _, f := range files {
		err = errors.Join(err, f.Close())
	}
	if err == nil {
		err = s.name(ctx, batch)
	}
	if err != nil {
		for _, w := range batch {
			_ = os.Remove(w.f.Name()) // what has its name is not there any more
		}
		return fmt.Errorf("cache: %w", err)
	}
	return nil
}

func (s *shelf) name(ctx context.Context, batch []waiting) error {
	if s.lock != nil {
		unlock, err := s.lock(ctx)
		if err != nil {
			return err
		}
		defer unlock()
	}
	for _, w := range batch {
		name := s.cache.path(w.oid)
		err := os.Rename(w.f.Name(), name)
		if errors.Is(err, fs.ErrNotExist) {
			if err = s.folder(filepath.Dir(name)); err == nil {
				err = os.Rename(w.f.Name(), name)
			}
		}
		if err != nil {
			return err
		}
		s.touch(filepath.Dir(name))
	}
	return nil
}

// folder makes a folder of the cache.
func (s *shelf) folder(dir string) error {
	for up := dir; len(up) >= len(s.cache.dir); up = filepath.Dir(up) { // its name is in the one above it
		s.touch(filepath.Dir(up))
	}
	return os.MkdirAll(dir, 0o777) //nolint:gosec // the umask decides, as with dvc: a lab shares it
}

func (s *shelf) touch(dir string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched[dir] = true
}

// close names what is left, if all went well so far, and makes the names safe.
func (s *shelf) close(ctx context.Context, failed error) error {
	s.mu.Lock()
	rest := s.open
	s.open = nil
	s.mu.Unlock()
	err := failed
	if err == nil {
		err = s.flush(ctx, rest)
	} else {
		for _, w := range rest {
			s.drop(w.f)
		}
	}
	dirs := make([]string, 0, len(s.touched))
	for d := range s.touched {
		dirs = append(dirs, d)
	}
	if serr := disk.Names(dirs...); serr != nil {
		err = errors.Join(err, fmt.Errorf("cache: %w", serr))
	}
	s.tmp.close()
	return err
}
