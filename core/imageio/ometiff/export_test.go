package ometiff

import (
	"context"
	"io"
	"math"

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

// Foreseen is how many bytes [Save] without compression reckons with.
func Foreseen(info imageio.Info) int64 { return pyramidal(info, none).most() }

// PutPastClassic writes where offsets of 32 bits no longer reach, which is not to be.
func PutPastClassic() error { return (&writer{at: math.MaxUint32}).put([]byte{1}) }

// SaveNamed saves by a file that has a name while it is written, as on file systems where it must.
func SaveNamed(ctx context.Context, path string, src imageio.Source, keep bool) error {
	w := pyramidal(src.Info(), none)
	w.keep, w.named = keep, true
	return w.save(ctx, path, func(ctx context.Context, r imageio.Region) (*imageio.Pixels, error) {
		return imageio.ReadRegion(ctx, src, r)
	})
}

// Nameless reports whether files in dir may have no name.
func Nameless(dir string) bool {
	f, err := nameless(dir)
	if err != nil {
		return false
	}
	return f.Close() == nil
}
