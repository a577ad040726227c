package ometiff

import (
	"errors"
	"fmt"
	"image"

	"coverslip.dev/coverslip/core/imageio/j2k"
)

// unj2k decodes one chunk, one plane after the other. Its own header must say that it holds at least as much
// as is seen of it, and no more than a chunk: only then memory is taken for that, and what its code-blocks take is bounded.
func (c *codecs) unj2k(p *page, src []byte, seen image.Point) ([]byte, error) {
	conf, err := j2k.Header(src)
	if err != nil {
		return nil, err
	}
	typ, _ := p.sampleType()
	n, size := p.interleaved(), typ.Bytes()
	if !seen.In(image.Rectangle{Max: conf.Size.Add(image.Pt(1, 1))}) || conf.Size.X > p.chunk.X || conf.Size.Y > p.chunk.Y ||
		conf.Components != n || conf.Bytes() > size {
		return nil, fmt.Errorf("jpeg 2000 of %v and %d components of %d bits in a chunk of %v and %d", conf.Size, conf.Components, conf.Bits, p.chunk, n)
	}
	inYCbCr := n > 2 && !conf.Transformed && (p.photometric == photometricYCbCr || p.compression == jpeg2000YCC)
	if inYCbCr && (size != 1 || conf.Signed) {
		return nil, errors.New("jpeg 2000 of YCbCr that is not of 8 bits")
	}
	d, ok := c.j2k.Get().(*j2k.Decoder)
	if !ok {
		d = j2k.NewDecoder()
	}
	pic, err := d.DecodePlanes(nil, src, size)
	c.j2k.Put(d)
	if err != nil {
		return nil, err
	}
	if inYCbCr {
		fromYCbCr(pic.Data, conf.Size.X*conf.Size.Y)
	}
	if conf.Size == p.chunk {
		return pic.Data, nil
	}
	data := make([]byte, p.decoded())
	p.inset(data, pic.Data, pic.Size, size)
	return data, nil
}

// fromYCbCr turns the first three planes, each of n bytes, into red, green and blue, rounded as libjpeg does.
func fromYCbCr(data []byte, n int) {
	r, g, b := data[:n], data[n:2*n], data[2*n:3*n]
	const half = 1 << 15
	for i, y := range r {
		y, u, v := int32(y), int32(g[i])-128, int32(b[i])-128
		r[i] = sample(y + (91881*v+half)>>16)
		g[i] = sample(y + (-22554*u-46802*v+half)>>16)
		b[i] = sample(y + (116130*u+half)>>16)
	}
}

func sample(v int32) byte { return byte(min(max(v, 0), 255)) }
