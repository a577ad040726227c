package zarr

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

var errShort = errors.New("zarr: a chunk that is too short")

// packing is a step that turns bytes into bytes. Its size is what must come out, -1 where
// only the next step knows.
type packing struct {
	name string
	size int // of a sample, for shuffle
}

// codecs are what decoding keeps; they may be used from any goroutine.
type codecs struct {
	zstd func() (*zstd.Decoder, error)
}

func newCodecs() *codecs {
	return &codecs{zstd: sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxChunk), zstd.WithDecodeAllCapLimit(true))
	})}
}

// unpack undoes a step. Exactly size bytes must come out, or for size < 0 any number up to
// maxChunk.
func (c *codecs) unpack(p packing, src []byte, size int) ([]byte, error) {
	switch p.name {
	case "crc32c":
		return checked(src)
	case "gzip", "zlib", "bz2":
		r, err := inflater(p.name, src)
		if err != nil {
			return nil, err
		}
		return drain(r, size)
	case "shuffle":
		out := make([]byte, len(src))
		unshuffle(out, src, max(1, p.size))
		return out, nil
	case "lz4": // numcodecs: the size stands before the block
		if len(src) < 4 {
			return nil, errShort
		}
		size = cmpSize(size, int(binary.LittleEndian.Uint32(src)))
		if err := plausible(size, len(src), 256); err != nil {
			return nil, err
		}
		out := make([]byte, size)
		return out, unlz4(out, src[4:])
	case "blosc":
		if len(src) < 16 {
			return nil, errShort
		}
		size = cmpSize(size, int(binary.LittleEndian.Uint32(src[4:])))
		if err := plausible(size, len(src), 1<<16); err != nil {
			return nil, err
		}
		out := make([]byte, size)
		return out, c.unblosc(out, src)
	case "zstd":
		if size < 0 {
			r, err := zstd.NewReader(bytes.NewReader(src), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxChunk))
			if err != nil {
				return nil, err
			}
			defer r.Close()
			return drain(r, size)
		}
		if err := plausible(size, len(src), 1<<16); err != nil {
			return nil, err
		}
		out := make([]byte, size)
		return out, c.unzstd(out, src)
	}
	return nil, fmt.Errorf("zarr: codec %q", p.name)
}

// cmpSize is size, or where nobody knows it what the data claim.
func cmpSize(size, claimed int) int {
	if size < 0 {
		return claimed
	}
	return size
}

// plausible keeps short data from claiming much memory: no codec gains more than gain.
func plausible(size, have, gain int) error {
	if size < 0 || size > maxChunk || size/gain > have {
		return fmt.Errorf("zarr: %d bytes can't hold %d", have, size)
	}
	return nil
}

// unzstd fills dst and never writes past it.
func (c *codecs) unzstd(dst, src []byte) error {
	d, err := c.zstd()
	if err != nil {
		return err
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	if err != nil {
		return err
	}
	if len(out) != len(dst) {
		return errShort
	}
	copy(dst, out) // a no-op unless it was put elsewhere
	return nil
}

func inflater(name string, src []byte) (io.Reader, error) {
	switch name {
	case "gzip":
		return gzip.NewReader(bytes.NewReader(src))
	case "zlib":
		return zlib.NewReader(bytes.NewReader(src))
	}
	return bzip2.NewReader(bytes.NewReader(src)), nil
}

// drain reads size bytes and the end behind them.
func drain(r io.Reader, size int) ([]byte, error) {
	limit := size
	if size < 0 {
		limit = maxChunk
	}
	var out bytes.Buffer // grows as bytes come: what is claimed is not believed
	n, err := io.Copy(&out, io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if n > int64(limit) || size >= 0 && n < int64(size) {
		return nil, errShort
	}
	return out.Bytes(), nil
}

// checked takes the checksum off.
func checked(src []byte) ([]byte, error) {
	if len(src) < 4 {
		return nil, errShort
	}
	body := src[:len(src)-4]
	if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != binary.LittleEndian.Uint32(src[len(body):]) {
		return nil, errors.New("zarr: a chunk whose checksum differs")
	}
	return body, nil
}
