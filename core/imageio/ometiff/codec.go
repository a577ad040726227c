package ometiff

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"

	"coverslip.dev/coverslip/core/imageio/inflate"
)

// The compressions that are read.
const (
	none         = 1
	lzw          = 5
	jpegNew      = 7
	deflate      = 8
	packBits     = 32773
	deflateOld   = 32946
	jpeg2000YCC  = 33003 // Aperio's: its components are YCbCr
	jpeg2000Bio  = 33004 // Bio-Formats', where it loses something
	jpeg2000RGB  = 33005 // Aperio's
	jpeg2000     = 34712
	zstandardOld = 34926
	zstandard    = 50000
)

// inJPEG2000 reports whether the chunks of a page are JPEG 2000.
func (p *page) inJPEG2000() bool {
	switch p.compression {
	case jpeg2000YCC, jpeg2000Bio, jpeg2000RGB, jpeg2000:
		return true
	}
	return false
}

// pictured reports whether the chunks of a page are pictures, which know neither byte order nor predictor.
func (p *page) pictured() bool { return p.compression == jpegNew || p.inJPEG2000() }

// compressionName is what to call a compression that is not read.
func compressionName(c uint64) string {
	switch c {
	case 2, 3, 4:
		return "fax compression (CCITT)"
	case 6:
		return "the old kind of JPEG compression"
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
	raw  sync.Pool // of *[]byte
	zlib sync.Pool // of *inflate.Decoder
	lzw  sync.Pool // of *lzwTable
	jpeg sync.Pool // of *jpeg.Decoder
	j2k  sync.Pool // of *j2k.Decoder
	zstd func() (*zstd.Decoder, error)
}

func newCodecs() *codecs {
	// It is never closed: DecodeAll needs no goroutine, and panics where a decoder is closed meanwhile.
	return &codecs{zstd: sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxChunk), zstd.WithDecodeAllCapLimit(true))
	})}
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
	d, ok := c.zlib.Get().(*inflate.Decoder)
	if !ok {
		d = &inflate.Decoder{}
	}
	n, err := d.Zlib(dst, src)
	c.zlib.Put(d)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return n, errShort
	}
	return n, err
}

// slack is the room behind its end with which zstd need not copy the last bytes one by one.
const slack = 32

// unzstd never writes past the capacity of dst: a frame that holds more is an error, however
// much it claims.
func (c *codecs) unzstd(dst, src []byte) (int, error) {
	d, err := c.zstd()
	if err != nil {
		return 0, err
	}
	out, err := d.DecodeAll(src, dst[:0:min(cap(dst), len(dst)+slack)])
	if err != nil {
		return 0, err
	}
	if len(out) > len(dst) {
		return 0, zstd.ErrDecoderSizeExceeded
	}
	if len(out) > 0 && len(dst) > 0 && &out[0] != &dst[0] {
		return copy(dst, out), nil
	}
	return len(out), nil
}
