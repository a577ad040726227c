package dataset

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/fault"
)

// The ways in which DVC puts a file of the cache into the work tree (cache.type).
const (
	byReflink  = "reflink"  // shares blocks; the default, with copies where it can't be
	byHardlink = "hardlink" // the object itself, write-protected
	bySymlink  = "symlink"  // points at the object
	byCopy     = "copy"
)

// linker makes files of the work tree and objects of the cache one, as the dataset's
// settings ask. Only files of the dataset's own folder are ever linked: what a symbolic
// link leads to belongs to someone else.
type linker struct {
	repo  *Repository
	types []string

	mu  sync.Mutex // guards own
	own map[string]bool
}

func (r *Repository) linker() (*linker, error) {
	conf, err := r.config()
	if err != nil {
		return nil, err
	}
	l := linker{repo: r, own: map[string]bool{}}
	for t := range strings.SplitSeq(conf.value("cache", "type"), ",") {
		switch t = strings.ToLower(strings.TrimSpace(t)); t {
		case "":
		case byReflink, byHardlink, bySymlink, byCopy:
			l.types = append(l.types, t)
		default:
			return nil, fault.New(fault.Invalid, "The dataset's setting cache.type names “"+t+"”, which is unknown.",
				"Use reflink, hardlink, symlink or copy in .dvc/config.", nil)
		}
	}
	if len(l.types) == 0 {
		l.types = []string{byReflink}
	}
	return &l, nil
}

// links reports whether a work tree's file is the object.
func (l *linker) links() bool { return l.types[0] == byHardlink || l.types[0] == bySymlink }

// isOwn reports whether no part of a path in the dataset is a symbolic link.
func (l *linker) isOwn(rel string) bool {
	if st, err := os.Lstat(l.repo.abs(rel)); err != nil || st.Mode()&fs.ModeSymlink != 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ownFolder(path.Dir(rel))
}

// ownFolder is isOwn for a folder. l.mu is held.
func (l *linker) ownFolder(rel string) bool {
	if rel == "." {
		return true
	}
	is, ok := l.own[rel]
	if !ok {
		st, err := os.Lstat(l.repo.abs(rel))
		is = err == nil && st.IsDir() && l.ownFolder(path.Dir(rel))
		l.own[rel] = is
	}
	return is
}

// into makes the file rel, whose meta was m when it was hashed, the object oid. It says
// no where it can't be or is not wanted; empty files are never linked, as in DVC.
func (l *linker) into(ctx context.Context, s *shelf, rel string, m meta, oid string) (bool, error) {
	if !l.links() || m.size == 0 || !l.isOwn(rel) {
		return false, nil
	}
	name := s.tmp.name()
	if os.Link(l.repo.abs(rel), name) != nil {
		return false, nil //nolint:nilerr // such as to another disk
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	st, err := f.Stat()
	if err != nil || !m.unwritten(metaOf(st)) || m.ino != metaOf(st).ino {
		s.drop(f)
		return false, errors.Join(err, stillWritten(rel))
	}
	return true, s.put(ctx, f, oid, m.size)
}

// relink makes the file rel of the work tree a link to the object oid, if links are
// wanted and it is none.
func (l *linker) relink(rel, oid string, m meta) error {
	if !l.links() || m.size == 0 {
		return nil
	}
	work, object := l.repo.abs(rel), l.repo.cache.path(oid)
	have, err := os.Lstat(work)
	if err != nil {
		return err
	}
	in, err := os.Stat(object)
	if err != nil {
		return err
	}
	switch {
	case have.Mode()&fs.ModeSymlink != 0:
		return nil // DVC's own, or a person's
	case l.types[0] == byHardlink && os.SameFile(have, in), !l.isOwn(rel):
		return nil
	}
	if !m.unwritten(metaOf(have)) {
		return stillWritten(rel)
	}
	tmp, err := newTempDir(l.repo.tmp())
	if err != nil {
		return err
	}
	defer tmp.close()
	name := tmp.name()
	if !l.link(object, name) {
		return nil
	}
	return os.Rename(name, work)
}

// link makes name a link to an object; it says no where that can't be or is not wanted.
func (l *linker) link(object, name string) bool {
	for _, t := range l.types {
		switch t {
		case byHardlink:
			if os.Link(object, name) == nil {
				return true
			}
		case bySymlink:
			if full, err := filepath.Abs(object); err == nil && os.Symlink(full, name) == nil {
				return true
			}
		default:
			return false
		}
	}
	return false
}
