package ometiff

import (
	"fmt"

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
	w, area := pic.Size.X, p.chunk.X*p.chunk.Y
	for i := range n * pic.Size.Y {
		k, y := i/pic.Size.Y, i%pic.Size.Y
		copy(dst[k*area+y*p.chunk.X:], pic.Data[i*w:(i+1)*w])
	}
	return nil
}
