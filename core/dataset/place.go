package dataset

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// placed is a file of the work tree as it is to be.
type placed struct {
	rel, oid string
	exec     bool
}

// placer makes files of the work tree from objects, as copies or as links. They are not
// synced: the cache has them, and the next checkout makes them again, also over one that a power
// cut has torn.
type placer struct {
	repo   *Repository
	root   *os.Root // no link in the work tree leads a write outside
	tmp    *tempDir
	linker *linker
	hasher hasher
	fresh  map[string]bool // objects that were hashed just now
}

// place is placeAll for one file.
func (r *Repository) place(ctx context.Context, rel, oid string, exec bool) error {
	return r.placeAll(ctx, []placed{{rel, oid, exec}}, nil, nil)
}

// placeAll makes files of the work tree objects of the cache. A different file there is
// replaced only if the cache holds its content, too: nothing is lost. Objects that are
// fresh are not hashed again.
func (r *Repository) placeAll(ctx context.Context, files []placed, fresh map[string]bool, p *job.Progress) error {
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	defer root.Close() //nolint:errcheck // a folder handle
	tmp, err := newTempDir(r.tmp())
	if err != nil {
		return fmt.Errorf("place: %w", err)
	}
	defer tmp.close()
	l, err := r.linker()
	if err != nil {
		return err
	}
	r.memory.begin()
	pl := &placer{repo: r, root: root, tmp: tmp, linker: l, fresh: fresh}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU() + 1)
	for _, f := range files {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error {
			if err := pl.one(ctx, f, p); err != nil {
				return fmt.Errorf("place %s: %w", f.rel, err)
			}
			p.File(1)
			return ctx.Err()
		})
	}
	return g.Wait()
}

func (l *placer) one(ctx context.Context, f placed, p *job.Progress) error {
	if err := checkPath(f.rel); err != nil {
		return err
	}
	p.Step(f.rel)
	same, err := l.replaceable(ctx, f.rel, f.oid)
	if err != nil {
		return err
	}
	name := filepath.FromSlash(f.rel)
	if !same {
		return l.make(ctx, f, name, p)
	}
	if !f.exec {
		return nil
	}
	st, err := l.root.Stat(name)
	if err == nil && st.Mode().Perm()&0o100 == 0 {
		err = l.root.Chmod(name, st.Mode().Perm()|0o111)
	}
	return err
}

// make puts an object into the work tree.
func (l *placer) make(ctx context.Context, f placed, name string, p *job.Progress) error {
	src, err := os.Open(l.repo.cache.path(f.oid))
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	st, err := src.Stat()
	if err != nil {
		return err
	}
	tmp := ""
	if l.linker.links() && st.Size() > 0 && !f.exec {
		if tmp = l.tmp.name(); !l.linker.link(src.Name(), tmp) {
			tmp = ""
		}
	}
	if tmp == "" {
		if tmp, err = l.copy(ctx, f, src, st.Size()); err != nil {
			return err
		}
	}
	if st, err = os.Stat(tmp); err != nil { // of an object itself, where it is linked
		return err
	}
	if err := l.rename(tmp, name); err != nil {
		return err
	}
	p.Add(st.Size())
	now, err := l.repo.statRel(f.rel)
	sum, ok := digestOf(f.oid)
	if m := metaOf(st); err == nil && ok && m.unwritten(now) && m.ino == now.ino {
		l.repo.memory.made(f.rel, now, sum)
	}
	return nil
}

func (r *Repository) statRel(rel string) (meta, error) {
	st, err := os.Stat(r.abs(rel))
	if err != nil {
		return meta{}, err
	}
	return metaOf(st), nil
}

// copy makes a copy of an object and checks what it read; blocks that are shared and an
// object that is fresh are as good as checked.
func (l *placer) copy(ctx context.Context, f placed, src *os.File, size int64) (string, error) {
	tmp, err := l.tmp.create(0o644)
	if err != nil {
		return "", err
	}
	switch {
	case clone(tmp, src):
	case l.fresh[f.oid]:
		err = pour(ctx, tmp, src)
	default:
		var sum digest
		if sum, _, err = l.hasher.stream(ctx, tmp, src, size, nothing{}); err == nil && sum.oid() != f.oid {
			err = corruptCache(src.Name(), &mismatch{f.oid, sum.oid()})
		}
	}
	if err == nil && f.exec {
		err = tmp.Chmod(0o755)
	}
	return tmp.Name(), errors.Join(err, tmp.Close())
}

// pour has the kernel copy src.
func pour(ctx context.Context, dst, src *os.File) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(dst, src, 16<<20); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// rename gives a temporary file its place in the work tree.
func (l *placer) rename(tmp, name string) error {
	from, err := filepath.Rel(l.repo.dir, tmp)
	if err != nil {
		return err
	}
	err = l.root.Rename(from, name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = l.root.MkdirAll(filepath.Dir(name), 0o755); err == nil {
			err = l.root.Rename(from, name)
		}
	}
	return err
}

// replaceable reports whether rel is the object already, and fails if something else
// there would be lost.
func (l *placer) replaceable(ctx context.Context, rel, oid string) (same bool, err error) {
	r := l.repo
	st, err := l.root.Lstat(filepath.FromSlash(rel))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	differs := fault.New(fault.Exists, "Another file is already at "+rel+" in the dataset, and it is not versioned.",
		"Version that file or move it away.", nil)
	if st.Mode()&fs.ModeSymlink != 0 { // as DVC leaves one with cache.type = symlink
		to, err := os.Readlink(r.abs(rel))
		if err != nil || !within(filepath.ToSlash(to), filepath.ToSlash(r.cache.dir)) {
			return false, errors.Join(differs, err)
		}
		return to == r.cache.path(oid) && l.linker.links(), nil
	}
	if !st.Mode().IsRegular() {
		return false, differs
	}
	have, err := r.hash(ctx, rel)
	if err != nil || have == oid {
		return err == nil, err
	}
	if _, ok, err := r.cache.has(ctx, have); err != nil || !ok && !l.torn(rel, oid) {
		return false, errors.Join(differs, err)
	}
	return false, nil
}

// torn reports whether a file is shorter than an object that begins with it, such as one that a
// power cut left empty: the object has all of it.
func (l *placer) torn(rel, oid string) bool {
	part, err := l.root.Open(filepath.FromSlash(rel))
	if err != nil {
		return false
	}
	defer part.Close() //nolint:errcheck // read only
	whole, err := os.Open(l.repo.cache.path(oid))
	if err != nil {
		return false
	}
	defer whole.Close() //nolint:errcheck // read only
	a, b := bufio.NewReaderSize(part, 1<<16), bufio.NewReaderSize(whole, 1<<16)
	for {
		some, err := a.Peek(1 << 16)
		same, _ := b.Peek(len(some))
		if !bytes.Equal(some, same) {
			return false
		}
		_, _ = a.Discard(len(some))
		_, _ = b.Discard(len(some))
		if err != nil {
			_, more := b.Peek(1)
			return errors.Is(err, io.EOF) && more == nil
		}
	}
}

// removeCached removes files of a folder that a version lacks, if the cache has them, and
// the folders that are empty then.
func (r *Repository) removeCached(ctx context.Context, root *os.Root, dir string, files []found) error {
	if len(files) == 0 {
		return nil
	}
	sums, err := r.hashes(ctx, dir, files, nothing{})
	if err != nil {
		return err
	}
	lost, err := r.cache.lacking(ctx, sums)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		return fault.New(fault.Exists, "The file "+path.Join(dir, files[lost[0]].rel)+" is not versioned, so that this version can't take its place.",
			"Add the folder or move the file away.", nil)
	}
	for _, f := range files {
		rel := path.Join(dir, f.rel)
		if err := root.Remove(filepath.FromSlash(rel)); err != nil {
			return err
		}
		for up := path.Dir(rel); within(up, dir) && up != dir; up = path.Dir(up) {
			if root.Remove(filepath.FromSlash(up)) != nil {
				break // it holds more
			}
		}
	}
	return nil
}
