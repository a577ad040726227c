package remote

import (
	"context"
	"io"
	"iter"
	"sync/atomic"
)

// Faulty is a remote whose calls fail when told to: it cuts the cable at a chosen moment
// of a test. A failing Put has read half of its bytes, a failing Open gives half of them,
// a failing List breaks off after one blob.
type Faulty struct {
	Remote

	Fail  func(call int64) error // called with 1, 2, …; nil lets the call through
	calls atomic.Int64
}

// FailAt fails the n-th call alone.
func FailAt(n int64, err error) func(int64) error {
	return func(call int64) error {
		if call == n {
			return err
		}
		return nil
	}
}

// FailFrom fails the n-th call and all after it, as a power cut does.
func FailFrom(n int64, err error) func(int64) error {
	return func(call int64) error {
		if call >= n {
			return err
		}
		return nil
	}
}

// Calls returns how many calls there were.
func (f *Faulty) Calls() int64 { return f.calls.Load() }

func (f *Faulty) next() error { return f.Fail(f.calls.Add(1)) }

// Stat fails or asks.
func (f *Faulty) Stat(ctx context.Context, key string) (Info, error) {
	if err := f.next(); err != nil {
		return Info{}, err
	}
	return f.Remote.Stat(ctx, key)
}

// Open fails halfway or opens.
func (f *Faulty) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	broken := f.next()
	rc, err := f.Remote.Open(ctx, key, offset)
	if err != nil || broken == nil {
		return rc, err
	}
	info, err := f.Remote.Stat(ctx, key)
	if err != nil {
		return rc, err
	}
	return &halfBody{half{rc, (info.Size - offset) / 2, broken}, rc}, nil
}

// Put fails halfway or stores.
func (f *Faulty) Put(ctx context.Context, key string, r io.ReadSeeker, size int64) error {
	if broken := f.next(); broken != nil {
		if err := f.Remote.Put(ctx, key, &halfSeeker{half{r, size / 2, broken}, r}, size); err != nil {
			return err
		}
		return broken // it was there already
	}
	return f.Remote.Put(ctx, key, r, size)
}

// Remove fails or removes.
func (f *Faulty) Remove(ctx context.Context, key string) error {
	if err := f.next(); err != nil {
		return err
	}
	return f.Remote.Remove(ctx, key)
}

// List breaks off or lists.
func (f *Faulty) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		broken := f.next()
		for info, err := range f.Remote.List(ctx, prefix) {
			if !yield(info, err) {
				return
			}
			if broken != nil {
				break
			}
		}
		if broken != nil {
			yield(Info{}, broken)
		}
	}
}

type half struct {
	r    io.Reader
	left int64
	err  error
}

func (h *half) Read(p []byte) (int, error) {
	if h.left <= 0 {
		return 0, h.err
	}
	n, err := h.r.Read(p[:min(int64(len(p)), h.left)])
	h.left -= int64(n)
	return n, err
}

type halfBody struct {
	half
	io.Closer
}

type halfSeeker struct {
	half
	io.Seeker
}
