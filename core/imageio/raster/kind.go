package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	exact "coverslip.dev/coverslip/core/imageio/jpeg"
)

// kind is one format of pictures.
type kind struct {
	name   string
	magic  string // ? stands for any byte
	config func([]byte) (image.Config, error)
	decode func([]byte) (picture, error)
	ended  func([]byte) bool // the file has its last bytes
	gain   int64             // pixels that a byte of the file can hold at most
}

// picture is a decoded one.
type picture struct {
	size   image.Point
	typ    imageio.PixelType
	planes [][]byte // one a channel, little-endian
	film   *film    // of several pictures; nil for one
}

// said is what a decoder of the library takes from a picture's head.
func said(config func(io.Reader) (image.Config, error)) func([]byte) (image.Config, error) {
	return func(data []byte) (image.Config, error) { return config(bytes.NewReader(data)) }
}

// decoded takes what a decoder of the library makes apart.
func decoded(decode func(io.Reader) (image.Image, error)) func([]byte) (picture, error) {
	return func(data []byte) (picture, error) {
		img, err := decode(bytes.NewReader(data))
		if err != nil {
			return picture{}, err
		}
		p := picture{size: img.Bounds().Size()}
		p.planes, p.typ = planes(img)
		return p, nil
	}
}

// kindOf returns the format that begins with head, nil for none.
func kindOf(head []byte) *kind {
	for _, k := range []kind{
		{"PNG", "\x89PNG\r\n\x1a\n", said(png.DecodeConfig), decodePNG, pngEnded, 8 * 1032},
		{"JPEG", "\xff\xd8\xff", configJPEG, decodeJPEG, jpegEnded, 4096},
		{"BMP", "BM????\x00\x00\x00\x00", said(bmp.DecodeConfig), decoded(bmp.Decode), bmpEnded, 8},
		{"GIF", "GIF8?a", said(gif.DecodeConfig), decodeGIF, gifEnded, 4096},
		{"WebP", "RIFF????WEBP", said(webp.DecodeConfig), decoded(webp.Decode), riffEnded, 1 << 16},
	} {
		if imageio.Begins(head, k.magic) {
			return &k
		}
	}
	return nil
}

// decodePNG has one plane for grey, as the file says it: with transparency the library makes colours of it.
func decodePNG(data []byte) (picture, error) {
	p, err := decoded(png.Decode)(data)
	const kind, colors = 25, 2
	if err == nil && data[kind]&colors == 0 {
		p.planes = p.planes[:1]
	}
	return p, err
}

// configJPEG knows also what the library does not read.
func configJPEG(data []byte) (image.Config, error) {
	p, err := exact.Header(data)
	if err != nil {
		return jpeg.DecodeConfig(bytes.NewReader(data))
	}
	return image.Config{Width: p.Size.X, Height: p.Size.Y}, nil
}

// decodeJPEG decodes to the pixels of libjpeg, as far as the picture is of the usual kind.
func decodeJPEG(data []byte) (picture, error) {
	p, err := exact.NewDecoder().DecodePlanes(nil, data, exact.Guess)
	if err != nil || p.Components == 2 {
		return decoded(jpeg.Decode)(data)
	}
	out, n := picture{size: p.Size}, p.Size.X*p.Size.Y
	for c := range p.Components {
		out.planes = append(out.planes, p.Data[c*n:(c+1)*n])
	}
	if p.Components == 4 {
		out.planes = light(out.planes)
	}
	return out, nil
}

// light makes red, green and blue of the four inks of a JPEG, which are written upside down.
func light(inks [][]byte) [][]byte {
	for _, plane := range inks {
		for i, v := range plane {
			plane[i] = ^v
		}
	}
	out := make([][]byte, 3)
	for c := range out {
		out[c] = imageio.Printed(&imageio.Pixels{Data: inks[c]}, &imageio.Pixels{Data: inks[3]}).Data
	}
	return out
}

// decodeGIF decodes all pictures.
func decodeGIF(data []byte) (picture, error) {
	conf, err := gif.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return picture{}, err
	}
	whole, _ := conf.ColorModel.(color.Palette)
	n, _, ended := gifBlocks(data)
	if n > 1 {
		all, err := gif.DecodeAll(bytes.NewReader(data))
		if err == nil {
			f := newFilm(all, whole)
			return picture{size: image.Pt(conf.Width, conf.Height), planes: f.canvas, film: f}, nil
		}
		if !ended {
			return picture{}, err
		}
	} // the first one can be shown whatever the words between the others are
	return decoded(func(r io.Reader) (image.Image, error) {
		img, err := gif.Decode(r)
		if p, ok := img.(*image.Paletted); ok && err == nil {
			p.Palette = filled(p.Palette, whole)
		}
		return img, err
	})(data)
}

// filled is the palette of a picture with its transparent colour, which the library makes black: that of
// the file's palette, if the picture goes by it.
func filled(p, whole color.Palette) color.Palette {
	if slices.EqualFunc(p, whole, func(a, b color.Color) bool { return a == b || a == color.RGBA{} }) {
		return whole
	}
	return p
}

// pixel is how many bytes of memory a pixel takes while a picture is decoded.
func (k *kind) pixel(conf image.Config, data []byte) int64 {
	deep := conf.ColorModel == color.NRGBA64Model || conf.ColorModel == color.RGBA64Model
	switch {
	case deep:
		return 8 + 6
	case k.name == "GIF": // all pictures, and what they are put together on
		_, all, _ := gifBlocks(data)
		return 4 + 3 + 3*3 + all/(int64(conf.Width)*int64(conf.Height))
	case k.name != "JPEG":
		return 4 + 3
	}
	p, err := exact.Header(data)
	n := max(3, int64(p.Components))
	if err == nil && !p.Progressive {
		return n + n
	}
	return 2*n + n + n // with the coefficients
}

// pngEnded looks for the end mark wherever it is: programs append their own words, cameras a film.
func pngEnded(data []byte) bool { return bytes.LastIndex(data, []byte("IEND\xaeB`\x82")) >= 0 }

// jpegEnded looks for the end mark behind the head, where a small picture may have one of its own.
func jpegEnded(data []byte) bool {
	at := jpegHead(data, func(byte, []byte) {})
	return at < len(data) && bytes.LastIndex(data[at:], []byte("\xff\xd9")) >= 0
}

func gifEnded(data []byte) bool {
	_, _, ended := gifBlocks(data)
	return ended
}

// gifBlocks walks the blocks to the trailer, as any byte of a picture may look like one, and counts the
// pictures, and their pixels.
func gifBlocks(data []byte) (n int, pixels int64, ended bool) {
	at := 13
	table := func(flags int) { // of colours, where the flags at that place say so
		if flags < len(data) && data[flags]&0x80 != 0 {
			at += 6 << (data[flags] & 7)
		}
	}
	table(10)
	for at < len(data) {
		switch data[at] {
		case ';':
			return n, pixels, true
		case '!': // an extension
			at += 2
		case ',': // a picture
			flags := at + 9
			if n++; flags < len(data) {
				le := binary.LittleEndian
				pixels += int64(le.Uint16(data[at+5:])) * int64(le.Uint16(data[at+7:]))
			}
			at += 11
			table(flags)
		default: // stray, as some programs write zeros
			at++
			continue
		}
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
	return n, pixels, false
}

// bmpEnded goes by where the last row ends, as some programs write a length that is too large; packed
// pictures have only that.
func bmpEnded(data []byte) bool {
	const head, most = 54, 1 << 24
	if len(data) < head {
		return false
	}
	le := binary.LittleEndian
	need := int64(le.Uint32(data[2:]))
	w, h, packed := int64(int32(le.Uint32(data[18:]))), int64(int32(le.Uint32(data[22:]))), le.Uint32(data[30:])
	h = max(h, -h) // from the top, where it is negative
	if le.Uint32(data[14:]) >= 40 && w > 0 && w < most && h < most && (packed == 0 || packed == 3) {
		need = int64(le.Uint32(data[10:])) + (w*int64(le.Uint16(data[28:]))+31)/32*4*h
	}
	return int64(len(data)) >= need
}

func riffEnded(data []byte) bool {
	return len(data) >= 12 && uint64(len(data)) >= 8+uint64(binary.LittleEndian.Uint32(data[4:]))
}

// fault says whether a picture that can't be decoded is cut short, damaged or of a kind
// that the decoder does not know.
func (k *kind) fault(path string, data []byte, err error) error {
	var badJPEG jpeg.UnsupportedError
	var badPNG png.UnsupportedError
	switch {
	case !k.ended(data), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return cut(path, err)
	case errors.As(err, &badJPEG), errors.As(err, &badPNG), strings.Contains(err.Error(), "unsupported"):
		return fault.New(fault.Invalid, "This kind of "+k.name+" can't be read.", "Save it as TIFF or as a plain PNG.", err)
	}
	return broken(path, err)
}
