// Package jpeg decodes baseline and progressive JPEG to exactly the pixels that libjpeg makes, on which the
// labs' other programs rest: its integer transform, its smooth upsampling of colour, its
// rounding. The standard library's decoder differs from it by up to 6 of 255.
//
// Streams in parts (TIFF's tables, the frames of Motion JPEG without any) can be decoded;
// arithmetic and 12-bit ones are [ErrUnsupported], and a progressive one that stops before its
// last bits, which libjpeg smooths, is taken for cut short.
package jpeg

import (
	"errors"
	"fmt"
	"image"
)

// ErrUnsupported is a JPEG of a kind that is fine and not decoded here.
var ErrUnsupported = errors.New("jpeg: neither a baseline nor a progressive picture")

// errShort is a stream that ends before its last block.
var errShort = errors.New("jpeg: the stream ends early")

// Color says what the components of a picture are.
type Color uint8

const (
	// Guess goes by the stream's markers, as libjpeg does: four components are CMYK, which programs
	// write upside down.
	Guess Color = iota
	// Plain components are handed out as they are.
	Plain
	// YCbCr is turned into RGB.
	YCbCr
)

// Config is what a stream says before its pixels.
type Config struct {
	Size        image.Point
	Components  int
	Progressive bool
}

// Picture is a decoded stream: Components bytes a pixel, row by row.
type Picture struct {
	Config
	Data []byte
}

// Decoder keeps tables and memory from one picture to the next. It is for one goroutine.
type Decoder struct {
	quant  [4][64]int32 // in zigzag order
	dc, ac [4]huffman
	parts  []component
	conf   Config
	maxH   int
	maxV   int
	every  int // restart interval, 0 for none
	adobe  int // its transform; -1: no such marker
	jfif   bool
	planes [4][]byte // kept for the next picture

	progressive bool
	scans       int
	pass        pass // the current scan's

	convert converter
	places  places
}

// component is one of the planes of a picture.
type component struct {
	id, h, v, table int
	blocks          image.Point // that the picture needs
	stride          int
	plane           []byte
	dc, ac          int // tables of the current scan
	last            int32
	done            bool
	coefficients    []int16 // 64 a block, row by row, of a progressive picture
	known           uint64  // which of a zigzag are there to the last bit
}

// NewDecoder returns a decoder that begins with the tables of the standard's annex K, which
// Motion JPEG leaves out.
func NewDecoder() *Decoder {
	d := &Decoder{}
	d.convert.fill()
	d.places.fill()
	for i, t := range annexK() {
		d.dc[i].build(t[0].counts, t[0].symbols)
		d.ac[i].build(t[1].counts, t[1].symbols)
	}
	return d
}

// Tables takes tables from a stream that may hold nothing else.
func (d *Decoder) Tables(src []byte) error {
	_, err := d.read(src, func(marker byte) bool { return isFrame(marker) })
	return err
}

// Header returns what a stream says before its pixels.
func Header(src []byte) (Config, error) {
	d := &Decoder{}
	scan, err := d.read(src, func(marker byte) bool { return marker == markerSOS })
	if err != nil {
		return Config{}, err
	}
	if len(d.parts) == 0 || scan == nil {
		return Config{}, errShort
	}
	return d.conf, nil
}

// Decode returns the picture of a stream; the tables it brings stay for the next one.
func (d *Decoder) Decode(src []byte, as Color) (*Picture, error) { return d.DecodeInto(nil, src, as) }

// DecodeInto is Decode whose picture's data are in room, if that is large enough.
func (d *Decoder) DecodeInto(room, src []byte, as Color) (*Picture, error) {
	return d.decode(room, src, as, false)
}

// DecodePlanes is DecodeInto whose data are one plane of the picture after the other.
func (d *Decoder) DecodePlanes(room, src []byte, as Color) (*Picture, error) {
	return d.decode(room, src, as, true)
}

func (d *Decoder) decode(room, src []byte, as Color, apart bool) (*Picture, error) {
	d.parts, d.every, d.adobe, d.jfif = nil, 0, -1, false
	d.progressive, d.scans = false, 0
	whole := len(src)
	var data []byte
	for {
		rest, err := d.read(src, func(marker byte) bool { return marker == markerSOS })
		if err != nil {
			return nil, err
		}
		if rest == nil || len(d.parts) == 0 {
			return nil, errShort
		}
		if d.parts[0].plane == nil {
			if data, err = d.allocate(room, whole); err != nil {
				return nil, err
			}
		}
		if src, err = d.scan(rest); err != nil {
			return nil, err
		}
		if d.finished() {
			if d.progressive {
				d.transformAll()
			}
			d.picture(data, as, apart)
			d.parts = nil // who keeps the decoder keeps no coefficients
			return &Picture{Config: d.conf, Data: data}, nil
		}
	}
}

func (d *Decoder) finished() bool {
	for i := range d.parts {
		if !d.parts[i].done {
			return false
		}
	}
	return true
}

// allocate makes the planes and the picture's data, which is room if that is large enough:
// each block takes two bits of the stream at least, one of a progressive stream, so a short one
// can't claim much.
func (d *Decoder) allocate(room []byte, size int) ([]byte, error) {
	blocks, mcus := 0, d.mcus()
	for i := range d.parts {
		p := &d.parts[i]
		p.stride = mcus.X * p.h * 8
		blocks += mcus.X * p.h * mcus.Y * p.v
		p.blocks = image.Pt(ceil(ceil(d.conf.Size.X*p.h, d.maxH), 8), ceil(ceil(d.conf.Size.Y*p.v, d.maxV), 8))
	}
	least := 2
	if d.progressive {
		least = 1
	}
	if blocks*least/8 > size {
		return nil, errShort
	}
	whole := d.conf.Size.X * d.conf.Size.Y * len(d.parts)
	if len(room) < whole {
		room = make([]byte, whole)
	}
	room = room[:whole]
	for i := range d.parts {
		if p := &d.parts[i]; d.progressive {
			p.coefficients = make([]int16, p.stride*mcus.Y*p.v*8)
		}
	}
	if len(d.parts) == 1 && blocks*64 == whole { // the plane is the picture
		d.parts[0].plane = room
		return room, nil
	}
	for i := range d.parts {
		p := &d.parts[i]
		n := p.stride * mcus.Y * p.v * 8
		if cap(d.planes[i]) < n {
			d.planes[i] = make([]byte, n)
		}
		p.plane = d.planes[i][:n]
	}
	return room, nil
}

// mcus is how many columns and rows of minimum coded units there are.
func (d *Decoder) mcus() image.Point {
	return image.Pt(ceil(d.conf.Size.X, 8*d.maxH), ceil(d.conf.Size.Y, 8*d.maxV))
}

func ceil(a, b int) int { return (a + b - 1) / b }

// frame reads SOF0, SOF1 and SOF2.
func (d *Decoder) frame(b []byte) error {
	if len(b) < 6 {
		return errShort
	}
	n := int(b[5])
	if len(d.parts) > 0 {
		return errors.New("jpeg: a second frame")
	}
	if b[0] != 8 {
		return fmt.Errorf("%w: %d bits", ErrUnsupported, b[0])
	}
	d.conf = Config{Size: image.Pt(int(b[3])<<8|int(b[4]), int(b[1])<<8|int(b[2])), Components: n}
	if d.conf.Size.X == 0 || d.conf.Size.Y == 0 || n == 0 || n > 4 || len(b) < 6+3*n {
		return fmt.Errorf("jpeg: %v with %d components", d.conf.Size, n)
	}
	d.parts, d.maxH, d.maxV = make([]component, n), 1, 1
	for i := range d.parts {
		c := b[6+3*i:]
		p := &d.parts[i]
		p.id, p.h, p.v, p.table = int(c[0]), int(c[1]>>4), int(c[1]&15), int(c[2]&3)
		if p.h == 0 || p.v == 0 || p.h > 4 || p.v > 4 {
			return fmt.Errorf("jpeg: sampling %d×%d", p.h, p.v)
		}
		d.maxH, d.maxV = max(d.maxH, p.h), max(d.maxV, p.v)
	}
	if n == 1 { // a single component is never in units of several blocks
		d.parts[0].h, d.parts[0].v, d.maxH, d.maxV = 1, 1, 1, 1
	}
	for i := range d.parts {
		if d.maxH%d.parts[i].h != 0 || d.maxV%d.parts[i].v != 0 {
			return fmt.Errorf("%w: components in ratios that are not whole", ErrUnsupported)
		}
	}
	return nil
}
