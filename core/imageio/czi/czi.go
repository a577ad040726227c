// Package czi reads Zeiss CZI tile by tile.
//
// Of a file its directory is held: where each sub-block lies and what part of which plane it
// is. Pixels are looked up when a tile is asked for. What a file claims is checked against its
// size before anything is allocated for it. Names and offsets are of ZEN's file format 1.2.
package czi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is CZI.
type Format struct{}

// Name returns "CZI".
func (Format) Name() string { return "CZI" }

// Match reports whether the first bytes are a CZI's, whatever the name.
func (Format) Match(_ string, head []byte) bool {
	return bytes.HasPrefix(head, []byte("ZISRAWFILE\x00"))
}

// Open returns the first image of the file at path. Files in several parts are fault.Invalid.
func (Format) Open(ctx context.Context, path string) (imageio.Source, error) {
	return open(ctx, path, -1)
}

// OpenImage returns the n-th image: a scene, or where scenes were taken in several ways (phases,
// views, illuminations, rotations) a scene in one of them.
func (Format) OpenImage(ctx context.Context, path string, n int) (imageio.Source, error) {
	if n < 0 {
		return nil, fault.New(fault.NotFound, "The file has no such image.", "", fmt.Errorf("image %d", n))
	}
	return open(ctx, path, n)
}

// open opens the n-th image; n < 0 is the first one, under the name of the file.
func open(ctx context.Context, path string, n int) (_ *source, err error) {
	f, st, err := openFile(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	s, err := f.image(ctx, max(n, 0))
	if err != nil {
		return nil, err
	}
	s.id = imageio.FileID(path, st)
	if n >= 0 {
		s.id = imageio.ImageID(s.id, n)
	}
	return s, nil
}

func openFile(ctx context.Context, path string) (*file, os.FileInfo, error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	r, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, nil, fmt.Errorf("open image: %w", err)
	}
	st, err := r.Stat()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("open image: %w", err), r.Close())
	}
	return &file{ReaderAt: r, Closer: r, size: st.Size(), name: filepath.Base(path)}, st, nil
}

// Complete reports whether the file at path is whole: nothing of it is being changed, and its
// directory, its metadata and all sub-blocks end inside it. One that is not is fault.Corrupt.
// Pixels that can't be read here make no file incomplete.
func (Format) Complete(ctx context.Context, path string) (err error) {
	f, _, err := openFile(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h, err := f.header()
	if err != nil || h.part > 0 { // the directory of all parts is in the first one
		return err
	}
	if h.pending {
		return f.cut(errors.New("a change that was not ended"))
	}
	if _, _, err := f.text(h); err != nil {
		return err
	}
	blocks, err := f.directory(ctx, h)
	if fault.KindOf(err) == fault.Invalid {
		return nil //nolint:nilerr // one that is not known here
	}
	if err != nil {
		return err
	}
	for i, b := range blocks {
		if err := ctx.Err(); err != nil {
			return err
		}
		if b.part != 0 {
			continue
		}
		if _, _, err := f.payload(b); err != nil {
			return fmt.Errorf("sub-block %d: %w", i, err)
		}
	}
	return nil
}

// cut is the fault of a file that ends too early.
func (f *file) cut(cause error) error {
	return imageio.CutShort(f.name, cause)
}

// broken is the fault of a file whose bytes make no sense.
func (f *file) broken(cause error) error {
	return imageio.Damaged(f.name, cause)
}

// unread is the fault of a file that is fine and can't be read here; what names the reason.
func (f *file) unread(what string) error {
	return fault.New(fault.Invalid, "The image “"+f.name+"” can't be read: it has "+what+".",
		"It is kept and versioned all the same. Export it from ZEN as OME-TIFF to look at it here.", nil)
}

var (
	_ imageio.Format    = Format{}
	_ imageio.Completer = Format{}
	_ imageio.Multiple  = Format{}
)
