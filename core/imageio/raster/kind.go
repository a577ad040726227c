package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/bmp"
	"golang.org/x/image/webp"

	"coverslip.dev/coverslip/core/fault"
	exact "coverslip.dev/coverslip/core/imageio/jpeg"
)

// kind is one format of pictures.
type kind struct {
	name   string
	magic  string // ? stands for any byte
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	ended  func([]byte) bool // the file has its last bytes
	gain   int64             // pixels that a byte of the file can hold at most
}

// kindOf returns the format that begins with head, nil for none.
func kindOf(head []byte) *kind {
	for _, k := range []kind{
		{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode, endsWith("IEND\xaeB`\x82"), 8 * 1032},
		{"JPEG", "\xff\xd8\xff", jpeg.DecodeConfig, decodeJPEG, endsWith("\xff\xd9"), 4096},
		{"BMP", "BM????\x00\x00\x00\x00", bmp.DecodeConfig, bmp.Decode, bmpEnded, 8},
		{"GIF", "GIF8?a", gif.DecodeConfig, gif.Decode, gifEnded, 4096},
		{"WebP", "RIFF????WEBP", webp.DecodeConfig, webp.Decode, riffEnded, 1 << 16},
	} {
		if matches(head, k.magic) {
			return &k
		}
	}
	return nil
}

// decodeJPEG decodes to the pixels of libjpeg, as far as the picture is of the usual kind.
func decodeJPEG(r io.Reader) (image.Image, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	p, err := exact.NewDecoder().Decode(data, exact.Guess)
	if err != nil || p.Components != 1 && p.Components != 3 {
		return jpeg.Decode(bytes.NewReader(data))
	}
	rect := image.Rectangle{Max: p.Size}
	if p.Components == 1 {
		return &image.Gray{Pix: p.Data, Stride: p.Size.X, Rect: rect}, nil
	}
	img := &image.NRGBA{Pix: make([]byte, 0, 4*p.Size.X*p.Size.Y), Stride: 4 * p.Size.X, Rect: rect}
	for i := 0; i < len(p.Data); i += 3 {
		img.Pix = append(img.Pix, p.Data[i], p.Data[i+1], p.Data[i+2], 255)
	}
	return img, nil
}

func matches(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

// endsWith looks for the end in the last kilobytes: some programs append their own words.
func endsWith(end string) func([]byte) bool {
	return func(data []byte) bool {
		return bytes.Contains(data[max(0, len(data)-4096):], []byte(end))
	}
}

// gifEnded walks the blocks to the trailer, as any byte of a picture may look like one.
func gifEnded(data []byte) bool {
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
			return true
		case '!': // an extension
			at += 2
		case ',': // a picture
			flags := at + 9
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
	return false
}

func bmpEnded(data []byte) bool {
	return len(data) >= 54 && uint64(len(data)) >= uint64(binary.LittleEndian.Uint32(data[2:]))
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
