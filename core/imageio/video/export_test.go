package video

import (
	"context"
	"io"

	"coverslip.dev/coverslip/core/imageio"
)

type nothing struct{}

func (nothing) Close() error { return nil }

// OpenReader opens bytes that are no file: for the fuzzer. No program is asked.
func OpenReader(ctx context.Context, r io.ReaderAt, size int64) (imageio.Source, error) {
	s, err := open(ctx, r, size, "fuzz.avi")
	if err != nil {
		return nil, err
	}
	s.closer = nothing{}
	return s, nil
}

// Running reports whether a program decodes frames of src.
func Running(src imageio.Source) bool {
	s, ok := src.(*source)
	if !ok || s.film == nil {
		return false
	}
	s.film.mu.Lock()
	defer s.film.mu.Unlock()
	return s.film.cmd != nil
}
