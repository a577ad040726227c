package station

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// instrument plays a microscope on the sample bench: it writes captures into a folder,
// one every few seconds, growing as an instrument writes them. It goes on where it was
// when the program was stopped in the middle of a file.
type instrument struct {
	captures fs.FS
	folder   string
	every    time.Duration // between captures
	chunk    int           // bytes written at a time
	pause    time.Duration // between chunks
}

func (b instrument) run(ctx context.Context) error {
	if err := os.MkdirAll(b.folder, 0o755); err != nil {
		return err
	}
	names, err := fs.Glob(b.captures, "*")
	if err != nil {
		return err
	}
	for _, name := range names {
		wrote, err := b.write(ctx, name)
		if err != nil {
			return err
		}
		if wrote {
			if err := wait(ctx, b.every); err != nil {
				return err
			}
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

// write appends to a capture's file until it is whole.
func (b instrument) write(ctx context.Context, name string) (wrote bool, err error) {
	src, err := b.captures.Open(name)
	if err != nil {
		return false, err
	}
	defer src.Close() //nolint:errcheck // read only
	//nolint:gosec // an instrument's files are for all
	dst, err := os.OpenFile(filepath.Join(b.folder, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	st, err := dst.Stat()
	if err != nil {
		return false, err
	}
	if _, err := io.CopyN(io.Discard, src, st.Size()); err != nil {
		return false, fmt.Errorf("sample capture %s: %w", name, err)
	}
	buf := make([]byte, b.chunk)
	for {
		n, err := io.ReadFull(src, buf)
		if n == 0 {
			return wrote, nil // the end
		}
		if _, werr := dst.Write(buf[:n]); werr != nil {
			return true, werr
		}
		wrote = true
		if err != nil {
			return true, nil //nolint:nilerr // the last, shorter piece
		}
		if err := wait(ctx, b.pause); err != nil {
			return true, err
		}
	}
}

// wait waits for d, or until ctx ends.
func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
