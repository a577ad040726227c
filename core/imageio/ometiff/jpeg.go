package ometiff

import (
	"fmt"
	"image"

	"coverslip.dev/coverslip/core/imageio/jpeg"
)

// unjpeg decodes one chunk of 8-bit samples into dst, one plane after the other, with the
// page's tables. The page decides what the components are, not the stream.
func (c *codecs) unjpeg(p *page, dst, src, tables []byte) error {
	d, ok := c.jpeg.Get().(*jpeg.Decoder)
	if !ok {
		d = jpeg.NewDecoder()
	}
	defer c.jpeg.Put(d)
	if err := d.Tables(tables); err != nil {
		return err
	}
	conf, err := jpeg.Header(src)
	if err != nil {
		return err
	}
	n := p.interleaved()
	if conf.Size.X > p.chunk.X || conf.Size.Y > p.chunk.Y || conf.Components != n {
		return fmt.Errorf("jpeg of %v and %d components in a chunk of %v and %d", conf.Size, conf.Components, p.chunk, n)
	}
	as := jpeg.Plain
	if p.photometric == photometricYCbCr {
		as = jpeg.YCbCr
	}
	whole := conf.Size == p.chunk
	var room []byte
	if whole {
		room = dst
	}
	pic, err := d.DecodePlanes(room, src, as)
	if err != nil || whole {
		return err
	}
	p.inset(dst, pic.Data, pic.Size, 1)
	return nil
}

// inset puts the planes of a picture that is smaller than the page's chunks at the corner of one; each
// sample is so many bytes.
func (p *page) inset(dst, data []byte, size image.Point, sample int) {
	from, to := size.X*sample, p.chunk.X*sample
	for i := range p.interleaved() * size.Y {
		k, y := i/size.Y, i%size.Y
		copy(dst[(k*p.chunk.Y+y)*to:], data[i*from:(i+1)*from])
	}
}
