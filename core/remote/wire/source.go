package wire

import (
	"context"
	"crypto/md5"
	"errors"
	"fmt"
	"hash"
	"io"
	"sync"

	"coverslip.dev/coverslip/core/fault"
)

// Source is the blob of a Put, sent in one part or several, one after the other. HTTP may
// go on reading a body after its request has failed, so a part has an end of its own, and
// what reading said is kept: it tells more than what the request then said.
type Source struct {
	mu  sync.Mutex // guards all, and r while it is read
	r   io.ReadSeeker
	sum hash.Hash // nil: not asked for
	err error
}

// NewSource checks that r holds size bytes, and starts at the first.
func NewSource(r io.ReadSeeker, size int64) (*Source, error) {
	n, err := r.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = r.Seek(0, io.SeekStart)
	}
	if err == nil && n != size {
		err = changed(n, size)
	}
	if err != nil {
		return nil, err
	}
	return &Source{r: r}, nil
}

// Hash has the parts hashed as they are read. A blob in one part needs none: the server
// compares it with the MD5 in its key.
func (s *Source) Hash() { s.sum = md5.New() }

func changed(n, size int64) error {
	return fault.New(fault.Corrupt, "A file changed while it was being copied.", "Add it again once it is finished.",
		fmt.Errorf("%d bytes, not %d", n, size))
}

// Err is what reading said.
func (s *Source) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// MD5 is that of the parts that were read after [Source.Hash].
func (s *Source) MD5() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sum.Sum(nil)
}

// Part is the next n bytes. It must be closed before the next part, and before r is used
// for anything else.
func (s *Source) Part(n int64) *Part { return &Part{src: s, size: n} }

// Skip reads the next n bytes for no request and returns their MD5.
func (s *Source) Skip(n int64) ([]byte, error) {
	part := s.Part(n)
	defer part.Close() //nolint:errcheck // never fails
	sum := md5.New()
	_, err := io.Copy(sum, part)
	return sum.Sum(nil), err
}

// Peek returns the MD5 of the next n bytes, which stay the next.
func (s *Source) Peek(n int64) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	sum := md5.New()
	got, err := io.CopyN(sum, s.r, n)
	if errors.Is(err, io.EOF) {
		err = changed(got, n)
	}
	if err == nil {
		_, err = s.r.Seek(-n, io.SeekCurrent)
	}
	s.err = err
	return sum.Sum(nil), err
}

// Part is the body of a request. Clients ask its size by seeking; nothing is read twice.
type Part struct {
	src      *Source
	size     int64
	pos      int64 // where the client believes to be
	read     int64
	isClosed bool
}

var (
	errClosed = errors.New("the request is over")
	errTwice  = errors.New("a body is read once")
)

func (p *Part) Read(b []byte) (int, error) {
	p.src.mu.Lock()
	defer p.src.mu.Unlock()
	switch {
	case p.isClosed:
		return 0, errClosed
	case p.src.err != nil:
		return 0, p.src.err
	case p.pos == p.size:
		return 0, io.EOF
	case p.pos != p.read:
		return 0, errTwice
	}
	n, err := p.src.r.Read(b[:min(int64(len(b)), p.size-p.read)])
	if p.src.sum != nil {
		p.src.sum.Write(b[:n])
	}
	p.read += int64(n)
	p.pos = p.read
	if errors.Is(err, io.EOF) {
		err = nil
		if p.read < p.size {
			err = changed(p.read, p.size)
		}
	}
	p.src.err = err
	return n, err
}

// Seek moves without reading.
func (p *Part) Seek(offset int64, whence int) (int64, error) {
	p.src.mu.Lock()
	defer p.src.mu.Unlock()
	switch whence {
	case io.SeekCurrent:
		offset += p.pos
	case io.SeekEnd:
		offset += p.size
	}
	p.pos = offset
	return offset, nil
}

// Close ends the part: it waits for a read that is under way and lets no other begin.
func (p *Part) Close() error {
	p.src.mu.Lock()
	defer p.src.mu.Unlock()
	p.isClosed = true
	return nil
}

// Body is a blob that arrives. What goes wrong on the way becomes a fault.
type Body struct {
	io.ReadCloser

	Fault func(error) error
}

func (b *Body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = b.Fault(err)
	}
	return n, err
}

// Stopped returns the error of a call that a person stopped, nil if nobody did. A deadline
// is no person.
func Stopped(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return nil
}
