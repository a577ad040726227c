package ometiff

import (
	"bytes"
	"context"
	"image"
	"runtime"

	"github.com/klauspost/compress/zlib"
	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/imageio"
)

// reader returns a rectangle over the whole width of a plane of level 0.
type reader func(context.Context, imageio.Region) (*imageio.Pixels, error)

// band is a level of the plane that is being written: rows of pixels, one piece a sample,
// that wait to be a row of tiles.
type band struct {
	size         image.Point
	rows         []*imageio.Pixels
	taken        int // rows of the level that came so far
	offs, counts []uint64
	next         *band // half as large
}

// take adds rows; a full row of tiles is written and halved into the next level.
func (b *band) take(ctx context.Context, w *writer, rows []*imageio.Pixels) error {
	if b.rows == nil {
		b.rows = rows
	} else {
		for s, px := range rows {
			b.rows[s].Data = append(b.rows[s].Data, px.Data...)
			b.rows[s].Size.Y += px.Size.Y
		}
	}
	b.taken += rows[0].Size.Y
	if b.rows[0].Size.Y < w.tile && b.taken < b.size.Y {
		return nil
	}
	full := b.rows
	b.rows = nil
	if err := b.flush(ctx, w, full); err != nil {
		return err
	}
	if b.next == nil {
		return nil
	}
	half := make([]*imageio.Pixels, len(full))
	for s, px := range full {
		half[s] = imageio.Halve(px)
	}
	return b.next.take(ctx, w, half)
}

// flush writes one row of tiles, packed beside each other.
func (b *band) flush(ctx context.Context, w *writer, rows []*imageio.Pixels) error {
	packed := make([][]byte, (b.size.X+w.tile-1)/w.tile)
	g, inner := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for col := range packed {
		g.Go(func() error {
			if err := inner.Err(); err != nil {
				return err
			}
			var err error
			packed[col], err = w.pack(w.cut(rows, col*w.tile))
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, p := range packed {
		b.offs, b.counts = append(b.offs, uint64(w.at)), append(b.counts, uint64(len(p)))
		if err := w.put(p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// cut copies the tile that begins in column x: samples beside each other, zeros beyond the
// edge.
func (w *writer) cut(rows []*imageio.Pixels, x int) []byte {
	n, size := rows[0].Type.Bytes(), rows[0].Size
	pixel := n * w.samples
	tile := make([]byte, w.tile*w.tile*pixel)
	wide := min(w.tile, size.X-x)
	for s, px := range rows {
		for y := range size.Y {
			from, to := px.Data[(y*size.X+x)*n:][:wide*n], tile[y*w.tile*pixel+s*n:]
			if w.samples == 1 {
				copy(to, from)
				continue
			}
			for i := range wide {
				copy(to[i*pixel:i*pixel+n], from[i*n:])
			}
		}
	}
	return tile
}

func (w *writer) pack(tile []byte) ([]byte, error) {
	switch w.compression {
	case zstandard:
		return w.zstd.EncodeAll(tile, nil), nil
	case deflate:
		var out bytes.Buffer
		z, ok := w.zlib.Get().(*zlib.Writer)
		if !ok {
			z = zlib.NewWriter(nil)
		}
		defer w.zlib.Put(z)
		z.Reset(&out)
		if _, err := z.Write(tile); err != nil {
			return nil, err
		}
		err := z.Close()
		return out.Bytes(), err
	}
	return tile, nil
}
