package czi

import (
	"bytes"
	"context"
	"io"

	"coverslip.dev/coverslip/core/imageio"
)

// OpenBytes opens the n-th image of a file that is in memory.
func OpenBytes(ctx context.Context, data []byte, n int) (imageio.Source, error) {
	f := &file{ReaderAt: bytes.NewReader(data), Closer: io.NopCloser(nil), size: int64(len(data)), name: "broken.czi"}
	return f.image(ctx, n)
}
