package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// SourceFile is a file of an instrument and where it goes.
type SourceFile struct {
	Path string // of the instrument's file, which is only ever read
	Rel  string // in the dataset, with slashes
}

// Stored is a file that is in the cache and in the work tree.
type Stored struct {
	Rel, MD5 string
	Size     int64
}

// Capture copies an instrument's files into the dataset. Each is read once: it is hashed
// on the way into the cache, and the work tree's copy is made of that. Doing it again
// changes nothing. [Repository.Add] then versions them. What goes well is returned beside
// the error of a file that does not.
func (r *Repository) Capture(ctx context.Context, files []SourceFile, p *job.Progress) ([]Stored, error) {
	big := 0
	p.Expect(int64(len(files)))
	for _, f := range files {
		if st, err := os.Stat(f.Path); err == nil {
			p.Grow(st.Size())
			if st.Size() > chunk {
				big++
			}
		}
	}
	defer r.memory.save()
	stored, fresh, err := r.captureAll(ctx, files, big, p)
	if len(stored) == 0 || ctx.Err() != nil {
		return nil, err
	}
	wanted := make([]placed, len(stored))
	for i, s := range stored {
		wanted[i] = placed{rel: s.Rel, oid: s.MD5}
	}
	failed := r.placeAll(ctx, wanted, fresh, nil)
	if failed != nil { // what is not in its place is captured again, which changes nothing
		stored = slices.DeleteFunc(stored, func(s Stored) bool { return !r.lies(s.Rel, s.MD5) })
	}
	if unsafe := r.syncPlaced(stored); unsafe != nil {
		return nil, errors.Join(unsafe, failed, err)
	}
	return stored, errors.Join(failed, err)
}

// lies reports whether a file of the work tree is known to be an object.
func (r *Repository) lies(rel, oid string) bool {
	m, err := r.statRel(rel)
	if err != nil {
		return false
	}
	sum, ok := r.memory.recall(rel, m)
	return ok && sum.oid() == oid
}

// syncPlaced makes files of the work tree survive a power cut: [Repository.Add] takes what lies
// there for what was captured.
func (r *Repository) syncPlaced(all []Stored) error {
	dirs := map[string]bool{r.dir: true}
	for some := range slices.Chunk(all, batchFiles) {
		var files []*os.File
		for _, s := range some {
			for d := filepath.Dir(r.abs(s.Rel)); len(d) > len(r.dir); d = filepath.Dir(d) {
				dirs[d] = true
			}
			if f, err := os.OpenFile(r.abs(s.Rel), os.O_RDWR, 0); err == nil { // else a link to an object, which is safe
				files = append(files, f)
			}
		}
		err := disk.All(files...)
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return fmt.Errorf("capture: %w", err)
		}
	}
	return disk.Names(slices.Collect(maps.Keys(dirs))...)
}

// captureAll brings the files into the cache, and tells which objects are new there.
func (r *Repository) captureAll(
	ctx context.Context, files []SourceFile, big int, p *job.Progress,
) (stored []Stored, fresh map[string]bool, err error) {
	s, err := r.cache.shelf()
	if err != nil {
		return nil, nil, err
	}
	s.lock = r.lock // dvc gc would remove an object that no .dvc file names yet
	h, workers := newHasher(big)
	defer h.close()
	done, errs := make([]*Stored, len(files)), make([]error, len(files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i, f := range files {
		g.Go(func() error {
			p.Step(filepath.Base(f.Path))
			one, err := r.capture(gctx, s, h, f, p)
			if err != nil {
				errs[i] = fmt.Errorf("capture %s: %w", f.Path, err)
				return gctx.Err()
			}
			p.File(1)
			done[i] = &one
			return nil
		})
	}
	if err := s.close(ctx, g.Wait()); err != nil {
		return nil, nil, errors.Join(err, errors.Join(errs...))
	}
	for _, one := range done {
		if one != nil {
			stored = append(stored, *one)
		}
	}
	return stored, s.claimed, errors.Join(errs...)
}

func (r *Repository) capture(ctx context.Context, s *shelf, h *hasher, f SourceFile, p *job.Progress) (Stored, error) {
	if err := CheckName(f.Rel); err != nil { // whatever comes with it goes on
		return Stored{}, err
	}
	src, err := os.Open(f.Path)
	if err != nil {
		return Stored{}, err
	}
	defer src.Close() //nolint:errcheck // read only
	before, err := src.Stat()
	if err != nil {
		return Stored{}, err
	}
	if !before.Mode().IsRegular() {
		return Stored{}, fault.New(fault.Invalid, filepath.Base(f.Path)+" is not a file.", "Add its files one by one.", nil)
	}
	tmp, err := s.temp()
	if err != nil {
		return Stored{}, err
	}
	var sum digest
	var n int64
	if clone(tmp, src) {
		sum, n, err = h.stream(ctx, nil, tmp, before.Size(), p)
	} else {
		sum, n, err = h.stream(ctx, tmp, src, before.Size(), p)
	}
	var after fs.FileInfo
	if err == nil { // by name: the instrument may have put another file there
		after, err = os.Stat(f.Path)
	}
	if err == nil && (n != before.Size() || !metaOf(before).unwritten(metaOf(after))) {
		err = stillWritten(f.Path)
	}
	oid := sum.oid()
	here := false
	if err == nil {
		_, here, err = r.cache.has(ctx, oid)
	}
	if err != nil || here {
		s.drop(tmp)
		return Stored{f.Rel, oid, n}, err
	}
	return Stored{f.Rel, oid, n}, s.put(ctx, tmp, oid, n)
}
