package ometiff

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
)

const photometricYCbCr = 6

// unjpeg decodes one chunk of 8-bit samples into dst, joined with the page's tables.
func (p *page) unjpeg(dst, src, tables []byte) error {
	if len(src) < 4 {
		return errShort
	}
	if len(tables) > 4 { // tables are a stream of their own: FFD8 … FFD9
		src = append(bytes.Clone(tables[:len(tables)-2]), src[2:]...)
	}
	conf, err := jpeg.DecodeConfig(bytes.NewReader(src))
	if err != nil {
		return err
	}
	if conf.Width > p.chunk.X || conf.Height > p.chunk.Y {
		return fmt.Errorf("jpeg of %d × %d in a chunk of %v", conf.Width, conf.Height, p.chunk)
	}
	img, err := jpeg.Decode(bytes.NewReader(src))
	if err != nil {
		return err
	}
	n := p.interleaved()
	switch img := img.(type) {
	case *image.Gray:
		if n != 1 {
			return errors.New("a grey jpeg in a colour page")
		}
		for y := range conf.Height {
			copy(dst[y*p.chunk.X:], img.Pix[y*img.Stride:][:conf.Width])
		}
	case *image.YCbCr:
		if n != 3 {
			return errors.New("a colour jpeg in a grey page")
		}
		p.spreadYCbCr(dst, img)
	case *image.RGBA:
		if n != 3 {
			return errors.New("a colour jpeg in a grey page")
		}
		for y := range conf.Height {
			for x := range conf.Width {
				copy(dst[(y*p.chunk.X+x)*3:], img.Pix[y*img.Stride+4*x:][:3])
			}
		}
	default:
		return fmt.Errorf("a jpeg of %T", img)
	}
	return nil
}

// spreadYCbCr writes RGB. The page decides what the three components are: the decoder
// only guesses.
func (p *page) spreadYCbCr(dst []byte, img *image.YCbCr) {
	for y := range img.Rect.Dy() {
		row := dst[y*p.chunk.X*3:]
		for x := range img.Rect.Dx() {
			yi, ci := img.YOffset(x, y), img.COffset(x, y)
			if p.photometric == photometricYCbCr {
				row[3*x], row[3*x+1], row[3*x+2] = color.YCbCrToRGB(img.Y[yi], img.Cb[ci], img.Cr[ci])
			} else {
				row[3*x], row[3*x+1], row[3*x+2] = img.Y[yi], img.Cb[ci], img.Cr[ci]
			}
		}
	}
}
