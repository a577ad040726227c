package remote

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// Backoff says how often and how patiently a call is made again. The zero value makes
// each call once.
type Backoff struct {
	Tries int           // calls in all
	First time.Duration // before the second call; doubled before each further one
	Most  time.Duration // never wait longer; 0 sets no bound
}

// Usual is the backoff for a server on the lab's network: it spans about half a minute,
// the time that a switch or a NAS needs to come back.
func Usual() Backoff {
	return Backoff{Tries: 7, First: 500 * time.Millisecond, Most: 10 * time.Second}
}

// Retrying returns r with each call made again while its fault says that this may help.
// A body from Open that breaks off is opened anew where it broke, and a listing goes on
// after the last blob seen.
func Retrying(r Remote, b Backoff) *Retried { return &Retried{Remote: r, backoff: b} }

// Retried is a remote with patience: see [Retrying].
type Retried struct {
	Remote

	backoff Backoff
}

// Stat asks for a blob's size, again if need be.
func (r *Retried) Stat(ctx context.Context, key string) (info Info, err error) {
	err = r.backoff.do(ctx, func() (err error) {
		info, err = r.Remote.Stat(ctx, key)
		return err
	})
	return info, err
}

// Put stores a blob; each try reads src from the start.
func (r *Retried) Put(ctx context.Context, key string, src io.ReadSeeker, size int64) error {
	return r.backoff.do(ctx, func() error {
		if _, err := src.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return r.Remote.Put(ctx, key, src, size)
	})
}

// Remove removes a blob. After a lost answer the second try may find it gone, which is
// what was wanted.
func (r *Retried) Remove(ctx context.Context, key string) error {
	tries := 0
	return r.backoff.do(ctx, func() error {
		tries++
		err := r.Remote.Remove(ctx, key)
		if tries > 1 && fault.KindOf(err) == fault.NotFound {
			return nil
		}
		return err
	})
}

// Open opens a blob at offset.
func (r *Retried) Open(ctx context.Context, key string, offset int64) (io.ReadCloser, error) {
	b := &body{at: offset, left: r.backoff.Tries}
	b.open = func(at int64) (rc io.ReadCloser, err error) {
		err = r.backoff.do(ctx, func() (err error) {
			rc, err = r.Remote.Open(ctx, key, at)
			return err
		})
		return rc, err
	}
	var err error
	b.rc, err = b.open(offset)
	if err != nil {
		return nil, err
	}
	return b, nil
}

// List lists blobs; after a break it skips what it has told already.
func (r *Retried) List(ctx context.Context, prefix string) iter.Seq2[Info, error] {
	return func(yield func(Info, error) bool) {
		seen := map[string]bool{} // a listing promises no order, so the last key is not enough
		stopped := false
		err := r.backoff.do(ctx, func() error {
			for info, err := range r.Remote.List(ctx, prefix) {
				if err != nil {
					return err
				}
				if seen[info.Key] {
					continue
				}
				seen[info.Key] = true
				if !yield(info, nil) {
					stopped = true
					return nil
				}
			}
			return nil
		})
		if err != nil && !stopped {
			yield(Info{}, err)
		}
	}
}

func (b Backoff) do(ctx context.Context, call func() error) error {
	wait := b.First
	for n := 1; ; n++ {
		err := call()
		if err == nil || n >= b.Tries || !fault.Again(err) || ctx.Err() != nil {
			return err
		}
		if b.Most > 0 {
			wait = min(wait, b.Most)
		}
		timer := time.NewTimer(spread(wait))
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
		wait *= 2
	}
}

// spread takes up to a quarter off, so that stations cut off together do not come back
// in step.
func spread(d time.Duration) time.Duration {
	if d < 4 {
		return d
	}
	return d - rand.N(d/4) //nolint:gosec // not a secret: it only spreads load
}

// body goes on where a broken connection left off.
type body struct {
	open func(at int64) (io.ReadCloser, error)
	rc   io.ReadCloser
	at   int64
	left int // reopenings allowed
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.rc.Read(p)
	b.at += int64(n)
	if err == nil || errors.Is(err, io.EOF) || !fault.Again(err) || b.left <= 1 {
		return n, err
	}
	b.left--
	rc, again := b.open(b.at)
	if again != nil {
		return n, errors.Join(again, err)
	}
	_ = b.rc.Close() // broken already
	b.rc = rc
	return n, nil
}

func (b *body) Close() error { return b.rc.Close() }
