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

// Program is the number of the process that decodes frames of src, 0 for none.
func Program(src imageio.Source) int {
	s, ok := src.(*source)
	if !ok || s.film == nil {
		return 0
	}
	s.film.mu.Lock()
	defer s.film.mu.Unlock()
	if s.film.cmd == nil {
		return 0
	}
	return s.film.cmd.Process.Pid
}
