package zarr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
)

// Store is where the keys of an image lie: a folder, a bucket, a web server. Its methods may
// be called from any goroutine.
type Store interface {
	// Get returns up to limit bytes of a key's value; more is an error. A key that is not
	// there is fault.NotFound or fs.ErrNotExist.
	Get(ctx context.Context, key string, limit int64) ([]byte, error)
	// Range returns n bytes of a key's value from off on, or for off < 0 its last n bytes.
	Range(ctx context.Context, key string, off, n int64) ([]byte, error)
}

// errLong is a value that is larger than it can be.
var errLong = errors.New("zarr: a value that is too long")

// folder is a store on this machine's disks.
type folder string

func (f folder) open(key string) (*os.File, int64, error) {
	if !filepath.IsLocal(filepath.FromSlash(key)) {
		return nil, 0, fmt.Errorf("zarr: key %q leads elsewhere", key)
	}
	r, err := os.Open(filepath.Join(string(f), filepath.FromSlash(key)))
	if err != nil {
		return nil, 0, f.gone(err)
	}
	st, err := r.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		return nil, 0, errors.Join(err, r.Close())
	}
	return r, st.Size(), nil
}

// gone is err, or that the whole folder is gone: a key of a drive that went away is no key that was
// never written.
func (f folder) gone(err error) error {
	if _, lost := newest(string(f)); lost == nil {
		return err
	}
	return fault.New(fault.Offline, "The folder of the image is gone.", "Check that the drive is connected.", errors.New(err.Error()))
}

func (f folder) Get(ctx context.Context, key string, limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, size, err := f.open(key)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // only read from
	if size > limit {
		return nil, fmt.Errorf("%w: %s has %d bytes", errLong, key, size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(r, data); err != nil {
		return nil, f.gone(fmt.Errorf("read %s: %w", key, err))
	}
	return data, nil
}

func (f folder) Range(ctx context.Context, key string, off, n int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	r, size, err := f.open(key)
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // only read from
	if off < 0 {
		off = size - n
	}
	if off < 0 || n < 0 || n > size || off > size-n {
		return nil, fmt.Errorf("read %s: %w: %d bytes at %d of %d", key, io.ErrUnexpectedEOF, n, off, size)
	}
	data := make([]byte, n)
	if _, err := r.ReadAt(data, off); err != nil {
		return nil, f.gone(fmt.Errorf("read %s: %w", key, err))
	}
	return data, nil
}
