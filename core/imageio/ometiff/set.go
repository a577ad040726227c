package ometiff

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"coverslip.dev/coverslip/core/fault"
)

// place is a page of another file of the set that an image is spread over.
type place struct {
	name string
	ifd  int
}

// maxParts is how many other files of a set are kept open.
const maxParts = 32

// set is the other files of a multi-file image, opened when a plane of theirs is asked for.
type set struct {
	folder string // empty: there are no others
	own    string

	mu     sync.Mutex // guards parts, their users and closed
	parts  map[string]*part
	closed bool
}

type part struct {
	f     *file
	pages []*page
	open  *os.File
	users int
}

// page returns a page and what to call when it has been read.
func (s *set) page(ctx context.Context, at place) (*page, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, os.ErrClosed
	}
	p := s.parts[at.name]
	if p == nil {
		var err error
		if p, err = s.load(ctx, at.name); err != nil {
			return nil, nil, err
		}
		s.drop(maxParts - 1)
		s.parts[at.name] = p
	}
	if at.ifd >= len(p.pages) {
		return nil, nil, p.f.cut(fmt.Errorf("%d of %d planes", len(p.pages), at.ifd+1))
	}
	p.users++
	return p.pages[at.ifd], func() {
		s.mu.Lock()
		if p.users--; s.closed {
			s.drop(0)
		}
		s.mu.Unlock()
	}, nil
}

// load needs s.mu.
func (s *set) load(ctx context.Context, name string) (*part, error) {
	r, size, err := s.sibling(name)
	if err != nil {
		return nil, err
	}
	f, err := newFile(r, size, name)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	pages, err := f.chain(ctx)
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return &part{f: f, pages: pages, open: r}, nil
}

// sibling opens a file that lies beside the image's own. A name that leads elsewhere is as
// good as none.
func (s *set) sibling(name string) (*os.File, int64, error) {
	absent := func(cause error) error {
		return fault.New(fault.NotFound, "This plane is not in “"+s.own+"”.", "Copy “"+name+"”, which holds it, into the same folder.", cause)
	}
	if s.folder == "" || name == "" || name != filepath.Base(name) || !filepath.IsLocal(name) {
		return nil, 0, absent(errors.New("no such neighbour"))
	}
	path := filepath.Join(s.folder, name)
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() { // opening a pipe waits for ever
		return nil, 0, absent(err)
	}
	r, err := os.Open(path)
	if err != nil {
		return nil, 0, absent(err)
	}
	st, err := r.Stat()
	if err != nil {
		return nil, 0, errors.Join(absent(err), r.Close())
	}
	return r, st.Size(), nil
}

// drop closes files that nobody reads until only most are open. It needs s.mu.
func (s *set) drop(most int) {
	for name, p := range s.parts {
		if len(s.parts) <= most {
			return
		}
		if p.users == 0 {
			p.open.Close() //nolint:errcheck // only read from
			delete(s.parts, name)
		}
	}
}

func (s *set) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.drop(0)
}
