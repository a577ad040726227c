package ometiff

import (
	"context"
	"io"

	"coverslip.dev/coverslip/core/imageio"
)

// OpenReader opens bytes that are no file: for the fuzzer.
func OpenReader(ctx context.Context, r io.ReaderAt, size int64, name string) (imageio.Source, error) {
	f, err := newFile(r, size, name)
	if err != nil {
		return nil, err
	}
	lay, err := f.open(ctx, -1)
	if err != nil {
		return nil, err
	}
	return newSource(f, lay), nil
}

// UnLZW decodes with a table of its own.
func UnLZW(dst, src []byte) (int, error) { return new(lzwTable).decode(dst, src) }

// Undiff undoes predictor 2.
var Undiff = undiff

// Pick copies samples out of interleaved ones.
var Pick = pick
