package zarr

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zlib"
)

var errBlosc = errors.New("blosc: damaged")

// The flags of a Blosc frame (c-blosc 1, README_HEADER.rst).
const (
	bloscShuffle    = 0x01
	bloscPlain      = 0x02
	bloscBitShuffle = 0x04
	bloscWhole      = 0x10 // blocks are not split into the bytes of their samples
)

// frame is a Blosc buffer: blocks, each compressed, perhaps byte plane by byte plane.
type frame struct {
	src    []byte
	flags  byte
	sample int // bytes
	block  int
}

// unblosc unpacks a frame into dst, which it must fill.
func (c *codecs) unblosc(dst, src []byte) error {
	if len(src) < 16 {
		return errBlosc
	}
	f := frame{src: src, flags: src[2], sample: max(1, int(src[3])), block: int(binary.LittleEndian.Uint32(src[8:]))}
	if n := binary.LittleEndian.Uint32(src[4:]); uint64(n) != uint64(len(dst)) {
		return fmt.Errorf("blosc: %d bytes, not %d", n, len(dst))
	}
	if len(dst) == 0 {
		return nil
	}
	if f.flags&bloscPlain != 0 {
		if len(src)-16 < len(dst) {
			return errBlosc
		}
		copy(dst, src[16:])
		return nil
	}
	if f.block <= 0 || f.block > len(dst) && f.block > 1<<30 {
		return errBlosc
	}
	blocks := (len(dst) + f.block - 1) / f.block
	if len(src)-16 < 4*blocks {
		return errBlosc
	}
	tmp := make([]byte, min(f.block, len(dst)))
	for i := range blocks {
		out := dst[i*f.block : min((i+1)*f.block, len(dst))]
		if err := c.bloscBlock(f, i, out, tmp[:len(out)]); err != nil {
			return err
		}
	}
	return nil
}

// bloscBlock unpacks the i-th block; the last may be shorter.
func (c *codecs) bloscBlock(f frame, i int, out, tmp []byte) error {
	at := int64(binary.LittleEndian.Uint32(f.src[16+4*i:]))
	to := out
	shuffled := f.flags&bloscShuffle != 0 && f.sample > 1 || f.flags&bloscBitShuffle != 0 && f.block >= f.sample
	if shuffled {
		to = tmp
	}
	splits := 1
	if f.flags&bloscWhole == 0 && f.sample <= 16 && f.block/f.sample >= 128 && len(out) == f.block {
		splits = f.sample
	}
	part := len(out) / splits
	for k := range splits {
		if at < 0 || at+4 > int64(len(f.src)) {
			return errBlosc
		}
		n := int64(int32(binary.LittleEndian.Uint32(f.src[at:])))
		at += 4
		if n < 0 || at+n > int64(len(f.src)) {
			return errBlosc
		}
		if err := c.bloscPart(f.flags>>5, to[k*part:(k+1)*part], f.src[at:at+n]); err != nil {
			return err
		}
		at += n
	}
	switch {
	case !shuffled:
	case f.flags&bloscShuffle != 0:
		unshuffle(out, tmp, f.sample)
	default:
		unshuffleBits(out, tmp, f.sample)
	}
	return nil
}

// bloscPart unpacks one stream by the codec of the frame; one that did not get smaller is
// stored as it is.
func (c *codecs) bloscPart(codec byte, dst, src []byte) error {
	if len(src) == len(dst) {
		copy(dst, src)
		return nil
	}
	var err error
	n := len(dst)
	switch codec {
	case 0:
		err = unblosclz(dst, src)
	case 1:
		err = unlz4(dst, src)
	case 2:
		var out []byte
		if n, err = snappy.DecodedLen(src); err == nil && n == len(dst) {
			out, err = snappy.Decode(dst, src)
			n = len(out)
		}
	case 3:
		var r io.ReadCloser
		if r, err = zlib.NewReader(bytes.NewReader(src)); err == nil {
			n, err = io.ReadFull(r, dst)
		}
	case 4:
		return c.unzstd(dst, src)
	default:
		return fmt.Errorf("blosc: codec %d", codec)
	}
	if err == nil && n != len(dst) {
		err = errBlosc
	}
	return err
}

// unshuffle brings the bytes of samples of n bytes together again.
func unshuffle(dst, src []byte, n int) {
	count := len(dst) / n
	switch n {
	case 2:
		a, b, out := src[:count], src[count:2*count], dst[:2*count]
		for i := range a {
			out[2*i], out[2*i+1] = a[i], b[i]
		}
	case 4:
		a, b, c, d, out := src[:count], src[count:2*count], src[2*count:3*count], src[3*count:4*count], dst[:4*count]
		for i := range a {
			binary.LittleEndian.PutUint32(out[4*i:], uint32(a[i])|uint32(b[i])<<8|uint32(c[i])<<16|uint32(d[i])<<24)
		}
	default:
		for k := range n {
			plane := src[k*count : (k+1)*count]
			for i, v := range plane {
				dst[i*n+k] = v
			}
		}
	}
	copy(dst[count*n:], src[count*n:len(dst)])
}

// unshuffleBits brings the bits of samples of n bytes together again. A block whose samples
// are no multiple of eight was left as it is.
func unshuffleBits(dst, src []byte, n int) {
	count := len(dst) / n
	if count%8 != 0 {
		copy(dst, src)
		return
	}
	row := count / 8 // bytes of one bit of all samples
	for b := range n {
		planes := src[b*8*row : (b+1)*8*row]
		for i := range row {
			var x uint64
			for k := range 8 {
				x |= uint64(planes[k*row+i]) << (8 * k)
			}
			x = transpose8(x)
			for k := range 8 {
				dst[(8*i+k)*n+b] = byte(x >> (8 * k))
			}
		}
	}
	copy(dst[count*n:], src[count*n:len(dst)])
}

// transpose8 turns an 8 × 8 matrix of bits (Hacker's Delight, 7-3).
func transpose8(x uint64) uint64 {
	t := (x ^ x>>7) & 0x00aa00aa00aa00aa
	x ^= t ^ t<<7
	t = (x ^ x>>14) & 0x0000cccc0000cccc
	x ^= t ^ t<<14
	t = (x ^ x>>28) & 0x00000000f0f0f0f0
	return x ^ t ^ t<<28
}
