package zarr

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// tries is how often a server is asked for a key in all.
const tries = 5

// far is a store on a server. It asks again where that may help, and believes that a key is not
// there only while one that was read before still is: what is not there are pixels that were never
// written, and a share that went away, a bucket that was emptied and a link that expired answer the
// same.
type far struct {
	Store
	wait  time.Duration // before the second try; doubled before each further one
	known atomic.Pointer[string]
}

// newFar waits as long as it is told, or seven seconds in all: who looks at the image waits, too.
func newFar(st Store, wait time.Duration) *far {
	return &far{Store: st, wait: cmp.Or(wait, 500*time.Millisecond)}
}

func (f *far) Close() error {
	if c, ok := f.Store.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func (f *far) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	data, err := f.ask(ctx, key, func() ([]byte, error) { return f.Store.Get(ctx, key, limit) })
	if err == nil && len(data) > 0 {
		f.known.CompareAndSwap(nil, &key)
	}
	return data, err
}

func (f *far) Range(ctx context.Context, key string, off, n int64) ([]byte, error) {
	return f.ask(ctx, key, func() ([]byte, error) { return f.Store.Range(ctx, key, off, n) })
}

func (f *far) ask(ctx context.Context, key string, read func() ([]byte, error)) ([]byte, error) {
	wait := f.wait
	for n := 1; ; n++ {
		data, err := read()
		if err != nil {
			err = f.doubt(ctx, key, err)
		}
		if err == nil || n >= tries || !f.again(err) || ctx.Err() != nil {
			return data, err
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil, ctx.Err()
		case <-timer.C:
		}
		wait *= 2
	}
}

// again reports whether another try may help: a server that was never reached has a wrong address.
func (f *far) again(err error) bool {
	return fault.Again(err) && (f.known.Load() != nil || fault.KindOf(err) == fault.Busy)
}

// errLogin is a server that wants one: none says that of a key that is not there.
var errLogin = errors.New("a login is needed")

// doubt is what it means that a key is not there or, as some servers say of those, forbidden.
func (f *far) doubt(ctx context.Context, key string, err error) error {
	known := f.known.Load()
	forbidden := fault.KindOf(err) == fault.Denied && !errors.Is(err, errLogin)
	if known == nil || !absent(err) && !forbidden {
		return err
	}
	_, still := f.Store.Range(ctx, *known, 0, 1)
	switch {
	case still == nil && forbidden:
		return fmt.Errorf("%w: %s: %s", fs.ErrNotExist, key, err.Error())
	case still == nil:
		return err
	case absent(still):
		return fault.New(fault.Offline, "The image is gone from its server.", "Check that it is still shared there.", errors.New(still.Error()))
	}
	return still
}
