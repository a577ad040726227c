package raster

import (
	"image"
	"image/color"

	"coverslip.dev/coverslip/core/imageio"
)

// planes takes a picture apart: one plane for grey, three for colour, of 16 bits if the
// file has them.
func planes(img image.Image) ([][]byte, imageio.PixelType) {
	b := img.Bounds()
	switch img := img.(type) {
	case *image.Gray:
		out := make([]byte, 0, b.Dx()*b.Dy())
		for y := b.Min.Y; y < b.Max.Y; y++ {
			at := img.PixOffset(b.Min.X, y)
			out = append(out, img.Pix[at:at+b.Dx()]...)
		}
		return [][]byte{out}, imageio.Uint8
	case *image.Gray16:
		out := make([]byte, 0, 2*b.Dx()*b.Dy())
		for y := b.Min.Y; y < b.Max.Y; y++ {
			at := img.PixOffset(b.Min.X, y)
			for x := range b.Dx() {
				out = append(out, img.Pix[at+2*x+1], img.Pix[at+2*x])
			}
		}
		return [][]byte{out}, imageio.Uint16
	case *image.Paletted:
		if grey := greys(img.Palette); grey != nil {
			out := make([]byte, 0, b.Dx()*b.Dy())
			for y := b.Min.Y; y < b.Max.Y; y++ {
				for _, i := range img.Pix[img.PixOffset(b.Min.X, y):][:b.Dx()] {
					out = append(out, grey[i])
				}
			}
			return [][]byte{out}, imageio.Uint8
		}
		img.Palette = opaque(img.Palette)
	case *image.RGBA64, *image.NRGBA64:
		return split(img, 2), imageio.Uint16
	}
	return split(img, 1), imageio.Uint8
}

// greys returns the values of a palette that has no colours, as cameras write it, else nil.
func greys(p color.Palette) []byte {
	out := make([]byte, 256) // an index beyond the palette is black
	for i, c := range p {
		r, g, b, a := c.RGBA()
		if r != g || g != b || a != 0xffff || i > 255 {
			return nil
		}
		out[i] = byte(r >> 8)
	}
	return out
}

// opaque returns the colours of a palette as the file has them, not dimmed by their transparency.
func opaque(p color.Palette) color.Palette {
	out := make(color.Palette, len(p))
	for i, c := range p {
		out[i] = c
		if v, ok := c.(color.NRGBA); ok {
			out[i] = color.RGBA{R: v.R, G: v.G, B: v.B, A: 255}
		}
	}
	return out
}

// split makes three planes of samples of size bytes.
func split(img image.Image, size int) [][]byte {
	b := img.Bounds()
	var out [3][]byte
	for c := range out {
		out[c] = make([]byte, 0, b.Dx()*b.Dy()*size)
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			v := plain(img, x, y)
			for c, s := range [3]uint16{v.R, v.G, v.B} {
				if size == 2 {
					out[c] = append(out[c], byte(s), byte(s>>8)) //nolint:gosec // its two bytes
				} else {
					out[c] = append(out[c], byte(s>>8))
				}
			}
		}
	}
	return out[:]
}

// plain is a pixel's colour as the file has it, not dimmed by its transparency.
func plain(img image.Image, x, y int) color.NRGBA64 {
	switch img := img.(type) {
	case *image.NRGBA:
		v := img.NRGBAAt(x, y)
		return color.NRGBA64{R: uint16(v.R) << 8, G: uint16(v.G) << 8, B: uint16(v.B) << 8, A: 0xffff}
	case *image.NRGBA64:
		return img.NRGBA64At(x, y)
	case *image.NYCbCrA:
		return plain(&img.YCbCr, x, y)
	case *image.YCbCr:
		v := img.YCbCrAt(x, y)
		r, g, b := color.YCbCrToRGB(v.Y, v.Cb, v.Cr)
		return color.NRGBA64{R: uint16(r) << 8, G: uint16(g) << 8, B: uint16(b) << 8, A: 0xffff}
	}
	r, g, b, _ := img.At(x, y).RGBA()
	return color.NRGBA64{R: uint16(r), G: uint16(g), B: uint16(b), A: 0xffff} //nolint:gosec // 16 bits each
}
