package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

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
// changes nothing. [Repository.Add] then versions them.
func (r *Repository) Capture(ctx context.Context, files []SourceFile, p *job.Progress) ([]Stored, error) {
	var all []Stored
	for _, f := range files {
		if err := checkPath(f.Rel); err != nil {
			return nil, err
		}
		if st, err := os.Stat(f.Path); err == nil {
			p.Grow(st.Size())
		}
	}
	for _, f := range files {
		p.Step(filepath.Base(f.Path))
		s, err := r.capture(ctx, f, p)
		if err != nil {
			return all, fmt.Errorf("capture %s: %w", f.Path, err)
		}
		all = append(all, s)
	}
	return all, nil
}

func (r *Repository) capture(ctx context.Context, f SourceFile, p *job.Progress) (Stored, error) {
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
	tmp, err := createTemp(r.cache.tmp())
	if err != nil {
		return Stored{}, err
	}
	defer tmp.discard()
	oid, n, err := copyHashed(ctx, tmp, src, p)
	if err != nil {
		return Stored{}, err
	}
	after, err := os.Stat(f.Path) // by name: the instrument may have put another file there
	if err != nil {
		return Stored{}, err
	}
	if n != before.Size() || after.Size() != n || !after.ModTime().Equal(before.ModTime()) {
		return Stored{}, stillWritten(f.Path)
	}
	if err := r.adopt(ctx, tmp, oid); err != nil {
		return Stored{}, err
	}
	if err := r.place(ctx, f.Rel, oid, false); err != nil {
		return Stored{}, err
	}
	return Stored{Rel: f.Rel, MD5: oid, Size: n}, nil
}

// adopt puts an object under its name while no dvc command runs: dvc gc would remove one
// that no .dvc file names yet.
func (r *Repository) adopt(ctx context.Context, tmp *temp, oid string) error {
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return r.cache.adopt(ctx, tmp, oid)
}

// place makes the work tree's file rel a copy of the object oid. A different file there
// is replaced only if the cache holds its content, too: nothing is lost.
func (r *Repository) place(ctx context.Context, rel, oid string, exec bool) error {
	if err := checkPath(rel); err != nil {
		return err
	}
	root, err := os.OpenRoot(r.dir) // no link in the work tree leads a write outside
	if err != nil {
		return fmt.Errorf("place %s: %w", rel, err)
	}
	defer root.Close() //nolint:errcheck // a folder handle
	name := filepath.FromSlash(rel)
	same, err := r.replaceable(ctx, root, rel, oid)
	if err != nil {
		return fmt.Errorf("place %s: %w", rel, err)
	}
	if !same {
		if err := r.copyOut(ctx, root, name, oid); err != nil {
			return fmt.Errorf("place %s: %w", rel, err)
		}
	}
	st, err := root.Stat(name)
	if err != nil {
		return fmt.Errorf("place %s: %w", rel, err)
	}
	if exec && st.Mode().Perm()&0o100 == 0 {
		err = root.Chmod(name, st.Mode().Perm()|0o111)
	}
	if st, again := root.Stat(name); again == nil {
		r.remember(rel, st, oid)
	}
	return err
}

// replaceable reports whether rel is the object already, and fails if something else
// there would be lost.
func (r *Repository) replaceable(ctx context.Context, root *os.Root, rel, oid string) (same bool, err error) {
	st, err := root.Lstat(filepath.FromSlash(rel))
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
		if err != nil || to != r.cache.path(oid) {
			return false, errors.Join(differs, err)
		}
		return false, nil
	}
	if !st.Mode().IsRegular() {
		return false, differs
	}
	have, _, err := r.hash(ctx, rel, nothing{})
	if err != nil || have == oid {
		return err == nil, err
	}
	if _, ok, err := r.cache.has(ctx, have); err != nil || !ok {
		return false, errors.Join(differs, err)
	}
	return false, nil
}

// copyOut writes a file of the work tree from the cache and checks what it read.
func (r *Repository) copyOut(ctx context.Context, root *os.Root, name, oid string) error {
	src, err := os.Open(r.cache.path(oid))
	if err != nil {
		return err
	}
	defer src.Close() //nolint:errcheck // read only
	tmp, err := createTemp(r.tmp())
	if err != nil {
		return err
	}
	defer tmp.discard()
	if !clone(tmp.File, src) {
		got, _, err := copyHashed(ctx, tmp, src, nothing{})
		if err != nil {
			return err
		}
		if got != oid {
			return fault.New(fault.Corrupt, "A file in the dataset's cache is damaged.",
				"Remove it and pull it again.", fmt.Errorf("%s: %w", src.Name(), &mismatch{oid, got}))
		}
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Sync()); err != nil {
		return err
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	rel, err := filepath.Rel(r.dir, tmp.Name())
	if err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	if err := root.Rename(rel, name); err != nil {
		return err
	}
	tmp.done = true
	return nil
}
