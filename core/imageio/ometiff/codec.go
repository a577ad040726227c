package ometiff

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// The compressions that are read.
const (
	none         = 1
	lzw          = 5
	jpegNew      = 7
	deflate      = 8
	packBits     = 32773
	deflateOld   = 32946
	zstandardOld = 34926
	zstandard    = 50000
)

// compressionName is what to call a compression that is not read.
func compressionName(c uint64) string {
	switch c {
	case 2, 3, 4:
		return "fax compression (CCITT)"
	case 6:
		return "the old kind of JPEG compression"
	case 33003, 33004, 33005, 34712:
		return "JPEG 2000 compression"
	case 22610, 34934, 48124:
		return "JPEG XR compression"
	case 34887:
		return "LERC compression"
	case 34925:
		return "LZMA compression"
	case 50001:
		return "WebP compression"
	case 50002, 52546:
		return "JPEG XL compression"
	}
	return fmt.Sprintf("compression %d", c)
}

var errShort = errors.New("a chunk ends before its last row")

// codecs are what decoding keeps from chunk to chunk; they may be used from any goroutine.
type codecs struct {
	raw   sync.Pool // of *[]byte
	zlib  sync.Pool // of io.ReadCloser and zlib.Resetter
	lzw   sync.Pool // of *lzwTable
	jpeg  sync.Pool // of *jpeg.Decoder
	zstd  func() (*zstd.Decoder, error)
	close func()
}

func newCodecs() *codecs {
	c := &codecs{}
	var made *zstd.Decoder
	var mu sync.Mutex // guards made
	c.zstd = func() (*zstd.Decoder, error) {
		mu.Lock()
		defer mu.Unlock()
		if made != nil {
			return made, nil
		}
		var err error
		made, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxChunk), zstd.WithDecodeAllCapLimit(true))
		return made, err
	}
	c.close = func() {
		mu.Lock()
		defer mu.Unlock()
		if made != nil {
			made.Close()
		}
	}
	return c
}

// buffer returns n bytes to be handed back.
func (c *codecs) buffer(n int) *[]byte {
	if b, ok := c.raw.Get().(*[]byte); ok && cap(*b) >= n {
		*b = (*b)[:n]
		return b
	}
	b := make([]byte, n, n+n/4)
	return &b
}

// unpack decodes src into all of dst; what is too much is ignored.
func (c *codecs) unpack(compression uint64, dst, src []byte) error {
	n, err := 0, error(nil)
	switch compression {
	case none:
		n = copy(dst, src)
	case packBits:
		n = unpackBits(dst, src)
	case lzw:
		t, ok := c.lzw.Get().(*lzwTable)
		if !ok {
			t = &lzwTable{}
		}
		n, err = t.decode(dst, src)
		c.lzw.Put(t)
	case deflate, deflateOld:
		n, err = c.inflate(dst, src)
	case zstandard, zstandardOld:
		n, err = c.unzstd(dst, src)
	default:
		err = fmt.Errorf("compression %d", compression)
	}
	if err == nil && n < len(dst) {
		err = errShort
	}
	return err
}

func (c *codecs) inflate(dst, src []byte) (int, error) {
	in := bytes.NewReader(src)
	r, ok := c.zlib.Get().(io.ReadCloser)
	if again, can := r.(zlib.Resetter); ok && can {
		if err := again.Reset(in, nil); err != nil {
			return 0, err
		}
	} else {
		var err error
		if r, err = zlib.NewReader(in); err != nil {
			return 0, err
		}
	}
	n, err := io.ReadFull(r, dst)
	if err == nil {
		// The checksum stands after the last byte; a chunk padded beyond dst has its own end.
		var more [1]byte
		if _, last := r.Read(more[:]); errors.Is(last, zlib.ErrChecksum) {
			err = last
		}
	}
	c.zlib.Put(r)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return n, errShort
	}
	return n, err
}

// unzstd never writes past dst: a frame that holds more is an error, however much it claims.
func (c *codecs) unzstd(dst, src []byte) (int, error) {
	d, err := c.zstd()
	if err != nil {
		return 0, err
	}
	out, err := d.DecodeAll(src, dst[:0:len(dst)])
	if err != nil {
		return 0, err
	}
	if len(out) > 0 && len(dst) > 0 && &out[0] != &dst[0] {
		return copy(dst, out), nil
	}
	return len(out), nil
}
