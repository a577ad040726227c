package dataset

import (
	"context"
	"crypto/md5"
	"fmt"
	"io"
	"os"
	"path"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

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

// take returns the hashes of files below top, and puts into the cache what it lacks.
func (r *Repository) take(ctx context.Context, top string, files []found, isNew bool, p *job.Progress) ([]digest, error) {
	sums := make([]digest, len(files))
	var unknown []int
	big := 0
	for i, f := range files {
		sum, ok := r.memory.recall(path.Join(top, f.rel), f.meta)
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
	return sums, r.takeLost(ctx, top, files, sums)
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
	t := taking{repo: r, top: top, shelf: s, hasher: h, linker: l, isNew: isNew, progress: p}
	r.memory.begin()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, i := range unknown {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() (err error) {
			p.Step(files[i].rel)
			sums[i], err = t.one(gctx, path.Join(top, files[i].rel))
			p.File(1)
			return err
		})
	}
	err = g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	return s.close(ctx, err)
}

// takeLost puts files into the cache whose hashes were remembered but whose objects are
// gone from it.
func (r *Repository) takeLost(ctx context.Context, top string, files []found, sums []digest) error {
	lost, err := r.cache.lacking(ctx, sums)
	if err != nil || len(lost) == 0 {
		return err
	}
	s, err := r.cache.shelf()
	if err != nil {
		return err
	}
	h := &hasher{}
	for _, i := range lost {
		if err = r.takeAgain(ctx, s, h, path.Join(top, files[i].rel), sums[i]); err != nil {
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

// one returns the hash of a file, and puts it into the cache if it is not there.
func (t *taking) one(ctx context.Context, rel string) (sum digest, err error) {
	src, err := os.Open(t.repo.abs(rel))
	if err != nil {
		return sum, err
	}
	defer src.Close() //nolint:errcheck // read only
	st, err := src.Stat()
	if err != nil {
		return sum, err
	}
	m := metaOf(st)
	tmp, in, err := t.target(src, m)
	if err != nil {
		return sum, err
	}
	buf := t.hasher.take()
	defer t.hasher.give(buf)
	data, sum, err := t.read(ctx, *buf, tmp, in, m.size)
	if err == nil {
		st, err = src.Stat()
	}
	if err == nil && !m.unwritten(metaOf(st)) {
		err = stillWritten(rel)
	}
	here := false
	if err == nil {
		t.repo.memory.learn(rel, m, sum)
		if _, here, err = t.repo.cache.has(ctx, sum.oid()); err == nil && !here {
			here, err = t.linker.into(ctx, t.shelf, rel, m, sum.oid())
		}
	}
	switch {
	case tmp != nil && (err != nil || here):
		t.shelf.drop(tmp)
	case tmp != nil:
		err = t.shelf.put(ctx, tmp, sum.oid(), m.size)
	case err == nil && !here:
		err = copyIn(ctx, t.shelf, t.hasher, src, rel, sum, data)
	}
	return sum, err
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

// read hashes a file, and copies it to tmp if there is one and it is another file. It
// returns all of a small file.
func (t *taking) read(ctx context.Context, buf []byte, tmp, in *os.File, size int64) (data []byte, sum digest, err error) {
	data, fits, err := small(in, buf, size)
	if err != nil {
		return nil, sum, err
	}
	if tmp == in {
		tmp = nil
	}
	if !fits {
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			return nil, sum, err
		}
		sum, _, err := t.hasher.stream(ctx, tmp, in, size, t.progress)
		return nil, sum, err
	}
	t.progress.Add(int64(len(data)))
	if tmp != nil {
		_, err = tmp.Write(data)
	}
	return data, md5.Sum(data), err
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
