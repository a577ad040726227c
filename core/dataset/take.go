package dataset

import (
	"cmp"
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/dataset/internal/lanes"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// taking brings files of the work tree into the cache. Each is read once where that can
// be: it is hashed on the way in.
type taking struct {
	repo     *Repository
	top      string // what the files' names are relative to
	shelf    *shelf
	hasher   *hasher
	linker   *linker
	isNew    bool // nothing of it is in the cache, as far as one knows
	progress *job.Progress

	noClone atomic.Bool // the file system shares no blocks
}

// nearby is in how many files one looks for some of about the same size.
const nearby = 8 * lanes.Width

// take returns the hashes of files below top, and puts those into the cache that are not
// remembered. [Repository.lockHolding] or takeLost sees to the others.
func (r *Repository) take(ctx context.Context, top string, files []found, isNew bool, p *job.Progress) ([]digest, error) {
	sums := make([]digest, len(files))
	var unknown []int
	big := 0
	for i, f := range files {
		sum, ok := r.memory.recall(below(top, f.rel), f.meta)
		switch {
		case ok:
			sums[i] = sum
			p.Add(f.size)
			p.File(1)
			continue
		case f.size > chunk:
			big++
		}
		unknown = append(unknown, i)
	}
	if len(unknown) > 0 {
		if err := r.takeUnknown(ctx, top, files, unknown, sums, big, isNew, p); err != nil {
			return nil, err
		}
	}
	return sums, nil
}

func (r *Repository) takeUnknown(
	ctx context.Context, top string, files []found, unknown []int, sums []digest, big int, isNew bool, p *job.Progress,
) error {
	s, err := r.cache.shelf()
	if err != nil {
		return err
	}
	l, err := r.linker()
	if err != nil {
		return s.close(ctx, err)
	}
	h, workers := newHasher(big)
	defer h.close()
	if h.lanes == nil { // few
		h.slabs = &chunks{size: slab}
	}
	t := taking{repo: r, top: top, shelf: s, hasher: h, linker: l, isNew: isNew, progress: p}
	r.memory.begin()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for together := range alike(unknown, files) {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			p.Step(files[together[0]].rel)
			err := t.some(gctx, files, together, sums)
			p.File(int64(len(together)))
			return err
		})
	}
	err = g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return s.close(ctx, err)
}

// alike returns which files are to be taken together: a big one alone, small ones with
// those of about its size nearby, which the lanes of the processor hash side by side.
func alike(which []int, files []found) iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for near := range slices.Chunk(which, nearby) {
			near = slices.SortedStableFunc(slices.Values(near), func(a, b int) int { return cmp.Compare(files[a].size, files[b].size) })
			big, _ := slices.BinarySearchFunc(near, chunk, func(i int, size int64) int { return cmp.Compare(files[i].size, size) })
			for small := range slices.Chunk(near[:big], lanes.Width) {
				if !yield(small) {
					return
				}
			}
			for i := range near[big:] {
				if !yield(near[big+i : big+i+1]) {
					return
				}
			}
		}
	}
}

// turns is how often a lock is let go to bring back what someone removed.
const turns = 3

// lockHolding takes DVC's lock with all files' objects in the cache. Some may be gone from it
// although their hashes are remembered, or since they were put there, by a dvc gc; they are
// put there without the lock, which others wait for.
func (r *Repository) lockHolding(ctx context.Context, top string, files []found, sums []digest) (unlock func(), err error) {
	for range turns {
		unlock, err := r.lock(ctx)
		if err != nil {
			return nil, err
		}
		lost, err := r.cache.lacking(ctx, sums)
		if err == nil && len(lost) == 0 {
			return unlock, nil
		}
		unlock()
		if err == nil {
			err = r.takeThese(ctx, top, files, lost, sums)
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, fault.New(fault.Busy, "Another program removes from the cache what is put there.", "Add once more when it has ended.", nil)
}

// takeLost puts files into the cache whose objects it lacks.
func (r *Repository) takeLost(ctx context.Context, top string, files []found, sums []digest) error {
	lost, err := r.cache.lacking(ctx, sums)
	if err != nil || len(lost) == 0 {
		return err
	}
	return r.takeThese(ctx, top, files, lost, sums)
}

func (r *Repository) takeThese(ctx context.Context, top string, files []found, lost []int, sums []digest) error {
	s, err := r.cache.shelf()
	if err != nil {
		return err
	}
	h := &hasher{}
	for _, i := range lost {
		if err = r.takeAgain(ctx, s, h, below(top, files[i].rel), sums[i]); err != nil {
			break
		}
	}
	return s.close(ctx, err)
}

func (r *Repository) takeAgain(ctx context.Context, s *shelf, h *hasher, rel string, sum digest) error {
	src, err := os.Open(r.abs(rel))
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	return copyIn(ctx, s, h, src, rel, sum, nil)
}

// some puts files into the cache that are not there, and their hashes into sums.
func (t *taking) some(ctx context.Context, files []found, which []int, sums []digest) error {
	all := make([]piecemeal, 0, len(which))
	defer func() {
		for i := range all {
			all[i].close(t)
		}
	}()
	for _, i := range which {
		all = append(all, piecemeal{rel: path.Join(t.top, files[i].rel)})
		if err := all[len(all)-1].open(ctx, t); err != nil {
			return err
		}
	}
	t.hash(all)
	for k, i := range which {
		if err := all[k].store(ctx, t); err != nil {
			return err
		}
		sums[i] = all[k].sum
	}
	return nil
}

// hash hashes the files that are in memory.
func (t *taking) hash(all []piecemeal) {
	var data [][]byte
	var of []*piecemeal
	for i := range all {
		if p := &all[i]; p.buf != nil {
			data, of = append(data, p.data), append(of, p)
			t.progress.Add(int64(len(p.data)))
		}
	}
	sums := make([][md5.Size]byte, len(data))
	lanes.Sums(data, sums)
	for i := range of {
		of[i].sum = sums[i]
	}
}

// piecemeal is a file on its way into the cache.
type piecemeal struct {
	rel  string
	src  *os.File
	m    meta
	tmp  *os.File // its copy, if it is made already
	buf  *[]byte  // holds data; nil once the file is hashed while it is read
	data []byte   // all of a small file
	sum  digest
}

func (p *piecemeal) close(t *taking) {
	if p.src != nil {
		_ = p.src.Close() // read only
	}
	if p.tmp != nil {
		t.shelf.drop(p.tmp)
	}
	if p.buf != nil {
		t.hasher.give(p.buf)
	}
}

// open reads a small file, and hashes a big one; a copy may be made on the way.
func (p *piecemeal) open(ctx context.Context, t *taking) (err error) {
	if p.src, err = os.Open(t.repo.abs(p.rel)); err != nil {
		return err
	}
	st, err := p.src.Stat()
	if err != nil {
		return err
	}
	p.m = metaOf(st)
	tmp, in, err := t.target(p.src, p.m)
	if err != nil {
		return err
	}
	p.tmp = tmp
	p.buf = t.hasher.take()
	data, fits, err := small(in, *p.buf, p.m.size)
	if err != nil {
		return err
	}
	if fits {
		if p.data = data; tmp != nil && tmp != in {
			_, err = tmp.Write(data)
		}
		return err
	}
	t.hasher.give(p.buf)
	p.buf = nil
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if tmp == in {
		tmp = nil
	}
	p.sum, _, err = t.hasher.stream(ctx, tmp, in, p.m.size, t.progress)
	return err
}

// store puts a file that was hashed into the cache, if it is not there.
func (p *piecemeal) store(ctx context.Context, t *taking) error {
	st, err := p.src.Stat()
	if err != nil {
		return err
	}
	if !p.m.unwritten(metaOf(st)) {
		return stillWritten(p.rel)
	}
	t.repo.memory.learn(p.rel, p.m, p.sum)
	_, here, err := t.repo.cache.has(ctx, p.sum.oid())
	if err == nil && !here {
		here, err = t.linker.into(ctx, t.shelf, p.rel, p.m, p.sum.oid())
	}
	if err != nil || here {
		return err
	}
	if tmp := p.tmp; tmp != nil {
		p.tmp = nil
		return t.shelf.put(ctx, tmp, p.sum.oid(), p.m.size)
	}
	return copyIn(ctx, t.shelf, t.hasher, p.src, p.rel, p.sum, p.data)
}

// target returns where a file's copy goes, nil if it is only read for now, and what to
// read. A file system that shares blocks makes a copy that no one can change any more.
func (t *taking) target(src *os.File, m meta) (tmp, in *os.File, err error) {
	if t.linker.links() {
		return nil, src, nil
	}
	if !t.noClone.Load() {
		if tmp, err = t.shelf.temp(); err != nil {
			return nil, nil, err
		}
		if clone(tmp, src) {
			return tmp, tmp, nil
		}
		t.noClone.Store(true)
		t.shelf.drop(tmp)
	}
	if !t.isNew || m.size <= chunk {
		return nil, src, nil
	}
	tmp, err = t.shelf.temp()
	return tmp, src, err
}

// copyIn puts src, whose hash is known, into the cache; data is all of it, or nil. An
// empty file's data is not nil.
func copyIn(ctx context.Context, s *shelf, h *hasher, src *os.File, rel string, sum digest, data []byte) error {
	tmp, err := s.temp()
	if err != nil {
		return err
	}
	size := int64(len(data))
	if data != nil {
		_, err = tmp.Write(data)
	} else if _, err = src.Seek(0, io.SeekStart); err == nil {
		var got digest
		got, size, err = h.stream(ctx, tmp, src, 0, nothing{})
		if err == nil && got != sum {
			err = stillWritten(rel)
		}
	}
	if err != nil {
		s.drop(tmp)
		return fmt.Errorf("cache: %w", err)
	}
	return s.put(ctx, tmp, sum.oid(), size)
}
