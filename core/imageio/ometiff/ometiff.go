// Package ometiff reads TIFF, BigTIFF, OME-TIFF and ImageJ's TIFF tile by tile, and writes
// OME-TIFF.
//
// Nothing of a file is held but what its directories say of the shape of each page: the
// place of a tile is looked up in the file when the tile is asked for. What a file claims
// is checked against its size before anything is allocated for it.
package ometiff

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Format is TIFF in all its kinds.
type Format struct{}

// Name returns "TIFF".
func (Format) Name() string { return "TIFF" }

// Match reports whether the first bytes are a TIFF's, whatever the name.
func (Format) Match(_ string, head []byte) bool {
	if len(head) < 4 {
		return false
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
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := os.Open(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, fmt.Errorf("open image: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open image: %w", err), f.Close())
	}
	src, err := open(ctx, f, st.Size(), filepath.Base(path))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	src.id, src.closer = imageio.FileID(path, st), f
	return src, nil
}

// open reads what there is to know before the first pixel.
func open(ctx context.Context, r io.ReaderAt, size int64, name string) (*source, error) {
	f, err := newFile(r, size, name)
	if err != nil {
		return nil, err
	}
	pages, err := f.chain(ctx)
	if err != nil {
		return nil, err
	}
	lay, err := f.layout(pages)
	if err != nil {
		return nil, err
	}
	return newSource(f, lay)
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
	return fault.New(fault.Corrupt, "The image “"+f.name+"” is cut short.",
		"The instrument may still be writing it, or a copy broke off: copy it again.", cause)
}

// broken is the fault of a file whose bytes make no sense.
func (f *file) broken(cause error) error {
	return fault.New(fault.Corrupt, "The image “"+f.name+"” is damaged.", "Copy it again from the instrument.", cause)
}

// unread is the fault of a file that is fine and can't be read here; what names the reason.
func (f *file) unread(what string) error {
	return fault.New(fault.Invalid, "The image “"+f.name+"” can't be read: it has "+what+".",
		"Export it again as OME-TIFF with zlib, zstd, LZW or no compression.", nil)
}
