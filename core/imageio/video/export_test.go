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
