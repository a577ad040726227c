package czi

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"sync"

	"github.com/klauspost/compress/zstd"

	"coverslip.dev/coverslip/core/imageio/jpeg"
	"coverslip.dev/coverslip/core/imageio/jxr"
)

// The compressions that are told apart.
const (
	none     = 0
	baseline = 1 // JPEG
	jpegXR   = 4
	zstd0    = 5
	zstd1    = 6 // with a header
)

const maxBlock = 512 << 20 // bytes of a block once it is unpacked

var errShort = errors.New("a sub-block ends before its last row")

// codecs are what decoding keeps; they may be used from any goroutine.
type codecs struct {
	jpeg sync.Pool // of *jpeg.Decoder
	jxr  sync.Pool // of *jxr.Decoder
	zstd func() (*zstd.Decoder, error)
}

func newCodecs() *codecs {
	// It is never closed: DecodeAll needs no goroutine, and panics where a decoder is closed meanwhile.
	return &codecs{zstd: sync.OnceValues(func() (*zstd.Decoder, error) {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecodeAllCapLimit(true))
	})}
}

// unpack returns the pixels of a block of size.
func (c *codecs) unpack(compression int32, src []byte, size image.Point, k kind) ([]byte, error) {
	switch compression {
	case baseline:
		return c.unjpeg(src, size, k)
	case jpegXR:
		return c.unjxr(src, size, k)
	case zstd0:
		return c.unzstd(src, size.X*size.Y*k.bytes())
	case zstd1:
		src, halves, err := zstd1Header(src)
		if err != nil {
			return nil, err
		}
		out, err := c.unzstd(src, size.X*size.Y*k.bytes())
		if err == nil && halves {
			out = join(out)
		}
		return out, err
	}
	return nil, fmt.Errorf("compression %d", compression)
}

// zstd1Header takes the header off: its size, then chunks, of which one says whether the low
// bytes of all samples stand before the high ones.
func zstd1Header(src []byte) (rest []byte, halves bool, err error) {
	switch {
	case len(src) >= 1 && src[0] == 1:
		return src[1:], false, nil
	case len(src) >= 3 && src[0] == 3 && src[1] == 1:
		return src[3:], src[2]&1 == 1, nil
	}
	return nil, false, errors.New("zstd with an unknown header")
}

// join puts low and high bytes together.
func join(src []byte) []byte {
	low, high := src[:len(src)/2], src[len(src)/2:]
	out := make([]byte, len(src))
	for i := range low {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(low[i])|uint16(high[i])<<8)
	}
	return out
}

func (c *codecs) unzstd(src []byte, size int) ([]byte, error) {
	if size>>16 > len(src) { // nothing gains more
		return nil, errShort
	}
	d, err := c.zstd()
	if err != nil {
		return nil, err
	}
	out, err := d.DecodeAll(src, make([]byte, 0, size))
	if err == nil && len(out) != size {
		err = errShort
	}
	return out, err
}

// unjpeg decodes 8-bit samples; those of a colour are blue, green, red, as everywhere in the
// format.
func (c *codecs) unjpeg(src []byte, size image.Point, k kind) ([]byte, error) {
	d, ok := c.jpeg.Get().(*jpeg.Decoder)
	if !ok {
		d = jpeg.NewDecoder()
	}
	defer c.jpeg.Put(d)
	conf, err := jpeg.Header(src)
	if err != nil {
		return nil, err
	}
	if conf.Size != size || conf.Components != k.stored {
		return nil, fmt.Errorf("jpeg of %v and %d components in a sub-block of %v and %d", conf.Size, conf.Components, size, k.stored)
	}
	p, err := d.Decode(src, jpeg.Guess)
	if err != nil {
		return nil, err
	}
	return p.Data, nil
}

// unjxr decodes samples, and turns red, green and blue around.
func (c *codecs) unjxr(src []byte, size image.Point, k kind) ([]byte, error) {
	conf, err := jxr.Header(src)
	if err != nil {
		return nil, err
	}
	if conf.Size != size || conf.Components != k.samples || conf.Bytes != k.typ.Bytes() {
		return nil, fmt.Errorf("jpeg xr of %+v in a sub-block of %v and %+v", conf, size, k)
	}
	d, ok := c.jxr.Get().(*jxr.Decoder)
	if !ok {
		d = jxr.NewDecoder()
	}
	defer c.jxr.Put(d)
	p, err := d.Decode(src)
	if err != nil {
		return nil, err
	}
	if k.stored == 1 {
		return p.Data, nil
	}
	out := p.Data
	if k.stored > k.samples {
		out = make([]byte, size.X*size.Y*k.bytes())
	}
	for i := range size.X * size.Y {
		from, to := p.Data[i*3*conf.Bytes:], out[i*k.bytes():]
		switch n := conf.Bytes; n {
		case 1:
			to[0], to[1], to[2] = from[2], from[1], from[0]
		case 2:
			to[0], to[1], to[2], to[3], to[4], to[5] = from[4], from[5], from[2], from[3], from[0], from[1]
		default: // in place, perhaps
			for k := range n {
				to[k], to[n+k], to[2*n+k] = from[2*n+k], from[n+k], from[k]
			}
		}
	}
	return out, nil
}
