package video

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/jpeg"
)

// errOther is a video that is fine and can't be read here; the words say what it has.
type errOther string

func (e errOther) Error() string { return string(e) }

// still is a decoded picture: one plane for grey, three for colour, behind each other.
type still struct {
	size   image.Point
	planes int
	typ    imageio.PixelType
	data   []byte // little-endian
}

// ours reports whether pictures of the track are decoded here, each by itself.
func (t *track) ours() bool {
	switch t.codec {
	case "MJPG", "mjpg", "jpeg", "JPEG", "V_MJPEG", "raw ", "RGB ", "Y800", "Y8  ", "GREY", "Y16 ", "png ", "MPNG":
		return true
	}
	return false
}

// decode makes a picture of a stored one.
func (t *track) decode(d *jpeg.Decoder, data []byte) (*still, error) {
	switch t.codec {
	case "raw ", "RGB ":
		return t.bitmap(data)
	case "Y800", "Y8  ", "GREY":
		if n := t.size.X * t.size.Y; len(data) >= n {
			return &still{size: t.size, planes: 1, data: data[:n]}, nil
		}
		return nil, errCut
	case "Y16 ":
		if n := 2 * t.size.X * t.size.Y; len(data) >= n {
			return &still{size: t.size, planes: 1, typ: imageio.Uint16, data: data[:n]}, nil
		}
		return nil, errCut
	case "png ", "MPNG":
		return t.png(data)
	}
	conf, err := jpeg.Header(data)
	if err != nil {
		return nil, err
	}
	if conf.Size.Y*2 == t.size.Y || conf.Size.Y*2 == t.size.Y+1 {
		return nil, errOther("Motion JPEG of two half pictures")
	}
	p, err := d.Decode(data, jpeg.Guess)
	if errors.Is(err, jpeg.ErrUnsupported) {
		return nil, errOther("Motion JPEG that is neither baseline nor progressive")
	}
	if err != nil {
		return nil, err
	}
	if p.Components != 1 && p.Components != 3 {
		return nil, errOther(fmt.Sprintf("pictures of %d colours", p.Components))
	}
	return apart(p.Size, p.Data, p.Components, [3]int{0, 1, 2}), nil
}

// apart makes planes of samples that lie beside each other, step bytes a pixel; places are
// those of red, green and blue.
func apart(size image.Point, data []byte, step int, places [3]int) *still {
	if step == 1 {
		return &still{size: size, planes: 1, data: data}
	}
	n := size.X * size.Y
	out := &still{size: size, planes: 3, data: make([]byte, 3*n)}
	for c, place := range places {
		plane := out.data[c*n : (c+1)*n]
		for i := range plane {
			plane[i] = data[i*step+place]
		}
	}
	return out
}

// bitmap reads rows of pixels: blue before red and each row a multiple of four bytes in
// AVI, red first and nothing between rows in QuickTime.
func (t *track) bitmap(data []byte) (*still, error) {
	step := t.depth / 8
	if t.depth != 8 && t.depth != 16 && t.depth != 24 && t.depth != 32 {
		return nil, errOther(fmt.Sprintf("pictures of %d bits a pixel", t.depth))
	}
	row := t.size.X * step
	stride, places := (row+3)/4*4, [3]int{2, 1, 0}
	if t.quick {
		stride, places = row, [3]int{step - 3, step - 2, step - 1} // 32 bits: alpha first
	}
	if len(data) < stride*(t.size.Y-1)+row {
		return nil, errCut
	}
	straight := make([]byte, 0, row*t.size.Y)
	for y := range t.size.Y {
		if !t.down {
			y = t.size.Y - 1 - y
		}
		straight = append(straight, data[y*stride:][:row]...)
	}
	if t.negative {
		for i := range straight {
			straight[i] = ^straight[i]
		}
	}
	switch {
	case step == 2:
		return thousands(t.size, straight, t.quick), nil
	case step == 1 && t.palette != nil:
		return painted(t.size, straight, t.palette), nil
	}
	return apart(t.size, straight, step, places), nil
}

// thousands makes pictures of those of 5 bits a colour, red in the upper ones; QuickTime's are
// big-endian.
func thousands(size image.Point, data []byte, big bool) *still {
	rgb := make([]byte, 0, 3*len(data)/2)
	for ; len(data) >= 2; data = data[2:] {
		v := binary.LittleEndian.Uint16(data)
		if big {
			v = binary.BigEndian.Uint16(data)
		}
		for _, shift := range []int{10, 5, 0} {
			c := byte(v >> shift & 31)
			rgb = append(rgb, c<<3|c>>2)
		}
	}
	return apart(size, rgb, 3, [3]int{0, 1, 2})
}

// painted makes pictures of the numbers of colours: grey ones where all of them are.
func painted(size image.Point, data []byte, palette [][3]byte) *still {
	step := 1
	for _, c := range palette {
		if c[0] != c[1] || c[1] != c[2] {
			step = 3
		}
	}
	out := make([]byte, 0, step*len(data))
	for _, v := range data {
		var c [3]byte
		if int(v) < len(palette) {
			c = palette[v]
		}
		out = append(out, c[:step]...)
	}
	return apart(size, out, step, [3]int{0, 1, 2})
}

func (t *track) png(data []byte) (*still, error) {
	conf, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	if t.size.X*t.size.Y/1024 > len(data) { // deflate gains no more
		return nil, errCut
	}
	if conf.Width != t.size.X || conf.Height != t.size.Y {
		return nil, fmt.Errorf("video: a picture of %d × %d", conf.Width, conf.Height)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	switch g := img.(type) {
	case *image.Gray:
		return &still{size: t.size, planes: 1, data: g.Pix}, nil
	case *image.Gray16:
		for i := 0; i < len(g.Pix); i += 2 {
			g.Pix[i], g.Pix[i+1] = g.Pix[i+1], g.Pix[i]
		}
		return &still{size: t.size, planes: 1, typ: imageio.Uint16, data: g.Pix}, nil
	case *image.RGBA64, *image.NRGBA64:
		return nil, errOther("colour pictures of 16 bits")
	}
	rgb := make([]byte, 0, 3*t.size.X*t.size.Y)
	for y := range t.size.Y {
		for x := range t.size.X {
			v, _ := color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
			rgb = append(rgb, v.R, v.G, v.B)
		}
	}
	return apart(t.size, rgb, 3, [3]int{0, 1, 2}), nil
}
