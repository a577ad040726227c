// Package ometiff reads TIFF, BigTIFF, OME-TIFF and ImageJ's TIFF tile by tile, and writes
// OME-TIFF.
//
// Nothing of a file is held but what its directories say of the shape of each page: the
// place of a tile is looked up in the file when the tile is asked for. What a file claims
// is checked against its size before anything is allocated for it.
//
// Orientation (tag 274) is left alone, as by other programs for microscopy: places in an image are
// those of its samples.
package ometiff

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is TIFF in all its kinds.
type Format struct{}

// Name returns "TIFF".
func (Format) Name() string { return "TIFF" }

// Match reports whether the first bytes are a TIFF's or those of OME-XML, whatever the name. OME-XML alone
// holds no image that can be read, but names the files that do.
func (Format) Match(_ string, head []byte) bool {
	if len(head) < 4 {
		return false
	}
	if beginsOME(head) {
		return true
	}
	order := byteOrder(head)
	if order == nil {
		return false
	}
	v := order.Uint16(head[2:])
	return v == classic || v == big
}

// Open returns the first image of the file at path: of an OME-TIFF the first whose planes
// lie in this file. A file that is cut short is fault.Corrupt; one with a compression or a
// sample type that can't be read is fault.Invalid.
func (Format) Open(ctx context.Context, path string) (imageio.Source, error) {
	return openFile(ctx, path, -1)
}

// OpenImage returns the n-th image of an OME-TIFF or of Micro-Manager's positions, which
// may lie in another file of the set.
func (Format) OpenImage(ctx context.Context, path string, n int) (imageio.Source, error) {
	if n < 0 {
		return nil, fault.New(fault.NotFound, "The file has no such image.", "", fmt.Errorf("image %d", n))
	}
	return openFile(ctx, path, n)
}

func openFile(ctx context.Context, path string, n int) (*source, error) {
	src, other, err := openAt(ctx, path, n)
	if other != "" && err == nil {
		set := &set{folder: filepath.Dir(path), own: filepath.Base(path)}
		r, _, absent := set.sibling(other)
		if absent != nil {
			return nil, absent
		}
		if err := r.Close(); err != nil {
			return nil, fmt.Errorf("open image: %w", err)
		}
		if src, other, err = openAt(ctx, filepath.Join(filepath.Dir(path), other), n); other != "" && err == nil {
			return nil, fault.New(fault.Corrupt, "The files of the set name each other in a circle.", "Copy them again from the instrument.", errors.New(other))
		}
	}
	if err != nil {
		return nil, err
	}
	if n >= 0 {
		src.id = imageio.ImageID(src.id, n)
	}
	return src, nil
}

// openAt opens one file, or names the other one that holds the image.
func openAt(ctx context.Context, path string, n int) (_ *source, other string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	r, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, "", fmt.Errorf("open image: %w", err)
	}
	var lay *layout
	defer func() {
		if err != nil || other != "" {
			err = errors.Join(err, r.Close())
		}
	}()
	st, err := r.Stat()
	if err != nil {
		return nil, "", fmt.Errorf("open image: %w", err)
	}
	if err := noImage(r, st.Size(), filepath.Base(path)); err != nil {
		return nil, "", err
	}
	f, err := newFile(r, st.Size(), filepath.Base(path))
	if err != nil {
		return nil, "", err
	}
	f.folder = filepath.Dir(path)
	if lay, err = f.open(ctx, n); err != nil || lay.other != "" {
		if lay != nil {
			other = lay.other
		}
		return nil, other, err
	}
	src := newSource(f, lay)
	src.id, src.closer = imageio.FileID(path, st), r
	return src, "", nil
}

// open reads what there is to know before the first pixel.
func (f *file) open(ctx context.Context, n int) (*layout, error) {
	pages, err := f.chain(ctx)
	if err != nil {
		return nil, err
	}
	return f.layout(pages, n)
}

// byteOrder returns the order that a file's first two bytes name, nil for another file.
func byteOrder(head []byte) binary.ByteOrder {
	switch string(head[:2]) {
	case "II":
		return binary.LittleEndian
	case "MM":
		return binary.BigEndian
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
		"Export it again as OME-TIFF with zlib, zstd, LZW or no compression.", nil)
}

// unreadColors is unread of colours that are none of red, green and blue.
func (f *file) unreadColors(what string) error {
	return fault.New(fault.Invalid, "The image “"+f.name+"” can't be read: its colours are "+what+".", "Save it in RGB.", nil)
}

// unreadSamples is unread of samples that are no numbers of 8, 16, 32 or 64 bits.
func (f *file) unreadSamples(p *page) error {
	what := fmt.Sprintf("samples of %d bits", p.bits)
	if p.kind == 5 || p.kind == 6 {
		what = "complex samples"
	}
	return fault.New(fault.Invalid, "The image “"+f.name+"” can't be read: it has "+what+".", "Save it with samples of 8, 16 or 32 bits.",
		fmt.Errorf("kind %d", p.kind))
}
