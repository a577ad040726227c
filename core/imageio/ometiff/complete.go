package ometiff

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Complete reports whether the file at path is whole: all its directories can be read, all
// planes that its description promises have one, and every tile and strip, of coarser
// levels too, ends inside the file. A file that is not is fault.Corrupt.
func (Format) Complete(ctx context.Context, path string) (err error) {
	r, err := os.Open(path) //nolint:gosec // the operator's own file, only read from
	if err != nil {
		return fmt.Errorf("check image: %w", err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	st, err := r.Stat()
	if err != nil {
		return fmt.Errorf("check image: %w", err)
	}
	if noImage(r, st.Size(), filepath.Base(path)) != nil { // and says nothing of its end
		return nil
	}
	f, err := newFile(r, st.Size(), filepath.Base(path))
	if err != nil {
		return err
	}
	f.folder = filepath.Dir(path)
	return f.complete(ctx)
}

func (f *file) complete(ctx context.Context) error {
	pages, err := f.chain(ctx)
	if err != nil {
		return err
	}
	lay, err := f.layout(pages, -1)
	if fault.KindOf(err) == fault.NotFound { // its description lies in another file, which may never come
		lay, err = &layout{planes: [][]*page{pages}}, nil
	}
	if err != nil {
		return err
	}
	if lay.lacks > 0 {
		return f.cut(fmt.Errorf("%d of %d planes", len(lay.planes[0]), lay.lacks))
	}
	for i, p := range pages {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f.whole(p); err != nil {
			return fmt.Errorf("page %d: %w", i, err)
		}
		for k := range min(p.subs.count, 64) {
			q, err := f.sub(p, k)
			if err != nil {
				return fmt.Errorf("page %d, level %d: %w", i, k+1, err)
			}
			if err := f.whole(q); err != nil {
				return fmt.Errorf("page %d, level %d: %w", i, k+1, err)
			}
		}
	}
	if len(lay.planes[0]) > len(pages) { // ImageJ's planes without directories
		return f.whole(lay.planes[0][len(lay.planes[0])-1])
	}
	return nil
}

// whole checks that all chunks of p end inside the file.
func (f *file) whole(p *page) error {
	const batch = 1 << 13 // values read at a time
	n := p.offsets.count
	ow, cw := uint64(p.offsets.width()), uint64(p.counts.width()) //nolint:gosec // 1 to 8
	if p.counts.count < n || p.loose {
		return f.wholeEach(p, n)
	}
	if n > uint64(f.size)/ow || n > uint64(f.size)/cw { //nolint:gosec // a size is not negative
		return f.cut(fmt.Errorf("%d chunks", n))
	}
	offs, counts := make([]byte, min(n, batch)*ow), make([]byte, min(n, batch)*cw)
	for i := uint64(0); i < n; i += batch {
		m := min(batch, n-i)
		if err := f.read(offs[:m*ow], p.offsets.at+int64(i*ow)); err != nil { //nolint:gosec // below the size
			return err
		}
		if err := f.read(counts[:m*cw], p.counts.at+int64(i*cw)); err != nil { //nolint:gosec // below the size
			return err
		}
		for k := range m {
			off, count := f.offset(f.decode(offs[k*ow:(k+1)*ow])), f.offset(f.decode(counts[k*cw:(k+1)*cw]))
			if err := f.inside(off, p.needs(i+k, count), p.shift); err != nil {
				return err
			}
		}
	}
	return nil
}

// wholeEach is whole for strips whose sizes nobody wrote down.
func (f *file) wholeEach(p *page, n uint64) error {
	for i := range n {
		off, count, err := f.place(p, i)
		if err != nil {
			return err
		}
		if err := f.inside(off-p.shift, count, p.shift); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) inside(off, count, shift int64) error {
	if off == 0 || count == 0 {
		return nil // a hole of a sparse image
	}
	if off+shift > f.size-count {
		return f.cut(fmt.Errorf("%d bytes at %d of %d", count, off+shift, f.size))
	}
	return nil
}

var (
	_ imageio.Format    = Format{}
	_ imageio.Completer = Format{}
)
