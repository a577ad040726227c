// Package jxr decodes JPEG XR (ITU-T T.832, ISO/IEC 29199-2) to exactly the pixels that jxrlib
// makes, Microsoft's reference decoder, on which ZEN and libCZI rest.
//
// Grey pictures, those in red, green and blue, and channels that are no colours are decoded, of 8
// or 16 bits or in floating point; lossless or not, whatever their tiles, bands and overlap, and
// also as it was before the standard (HD Photo), which ZEN still writes. An alpha plane is passed
// over. What else the standard has is [ErrUnsupported]. Names in brackets are the standard's.
package jxr

import (
	"errors"
	"fmt"
	"image"
)

var (
	// ErrUnsupported is a JPEG XR of a kind that is fine and not decoded here.
	ErrUnsupported = errors.New("jxr: not a kind that is decoded here")

	errDamaged = errors.New("jxr: damaged")
	errShort   = errors.New("jxr: the stream ends early")
)

// Config is what a stream says before its pixels.
type Config struct {
	Size       image.Point
	Components int // 3 are red, green and blue, but for some that are no colours
	Bytes      int // of a sample, the lower one first; 4 are a floating-point number
}

// Picture is a decoded stream: Components times Bytes a pixel, row by row.
type Picture struct {
	Config
	Data []byte
}

// Decoder keeps tables and memory from one picture to the next. It is for one goroutine.
type Decoder struct {
	imageHeader
	alphabets [13]*alphabet
	planes    []plane // and perhaps that of alpha
	offsets   []int64 // of packets in packed
	packed    []byte
	packets   packets
	trim      uint
	room      [][]int32  // kept for the next picture
	wide      [2][]int32 // lines of chroma that is smaller than luma
}

// NewDecoder returns a decoder.
func NewDecoder() *Decoder { return &Decoder{alphabets: alphabets()} }

// Header returns what a stream says before its pixels.
func Header(src []byte) (Config, error) {
	var d Decoder
	return d.header(src)
}

func (d *Decoder) header(src []byte) (Config, error) {
	src, err := codestream(src)
	if err != nil {
		return Config{}, err
	}
	b := newReader(src)
	if d.imageHeader, err = readHeader(&b); err != nil {
		return Config{}, err
	}
	count := 1
	if d.alpha {
		count = 2
	}
	if len(d.planes) < count {
		d.planes = make([]plane, count)
	}
	d.planes = d.planes[:count]
	for i := range d.planes {
		if d.planes[i].planeHeader, err = readPlane(&b, d.depth); err != nil {
			return Config{}, err
		}
	}
	if err := d.index(&b); err != nil {
		return Config{}, err
	}
	return d.config()
}

// config is what comes out of the stream.
func (d *Decoder) config() (c Config, err error) {
	p := &d.planes[0]
	c = Config{Size: d.size, Components: p.channels, Bytes: 1}
	switch d.depth {
	case bd16:
		c.Bytes = 2
	case bd32f:
		c.Bytes = 4
	}
	switch {
	case len(d.planes) > 1 && (d.planes[1].channels != 1 || d.planes[1].bands != p.bands):
		err = fmt.Errorf("%w: alpha of another kind", ErrUnsupported)
	case d.output == yOnly:
		c.Components = 1
	case d.output == nComponent && p.format == nComponent:
	case d.output == rgb && (p.format == yOnly || p.format.chroma()):
		c.Components = 3
	default:
		err = fmt.Errorf("%w: colours of kind %d in %d", ErrUnsupported, d.output, p.format)
	}
	return c, err
}

// index reads where the packets are (INDEX_TABLE_TILES), and skips to them.
func (d *Decoder) index(b *reader) error {
	if d.indexed {
		count := (len(d.columns) - 1) * (len(d.rows) - 1)
		if d.frequency {
			count *= 4 - int(d.planes[0].bands)
		}
		if b.get(16) != 1 || count > len(b.src)/2 {
			return fmt.Errorf("%w: no index", errDamaged)
		}
		d.offsets = d.offsets[:0]
		for range count {
			d.offsets = append(d.offsets, word(b))
		}
	}
	n := word(b)
	if n == absent {
		n = 0
	}
	if rest := b.src[min(b.used(), len(b.src)):]; n <= int64(len(rest)) {
		d.packed = rest[n:]
		return nil
	}
	return errShort
}

const absent = 1 << 40 // instead of where something is

// word reads a number of two, four or eight bytes, which may say that something is absent
// (VLW_ESC).
func word(b *reader) int64 {
	first := int64(b.get(8))
	switch {
	case first < 0xfb:
		return first<<8 | int64(b.get(8))
	case first == 0xfb:
		return int64(uint32(b.get(32)))
	case first == 0xfc:
		high := int64(uint32(b.get(32)))
		return min(high, absent>>32)<<32 | int64(uint32(b.get(32)))
	}
	return absent
}

// Decode returns the picture of a stream.
func (d *Decoder) Decode(src []byte) (*Picture, error) {
	defer d.forget()
	conf, err := d.header(src)
	if err != nil {
		return nil, err
	}
	p := &d.planes[0]
	least := p.channels // bits of a macroblock
	if p.format.chroma() {
		least = 1
	}
	if d.mbs.X > 8*len(d.packed)/least/d.mbs.Y {
		return nil, errShort
	}
	d.layOut(p)
	for row := range len(d.rows) - 1 {
		for col := range len(d.columns) - 1 {
			if err := d.tileAt(col, row); err != nil {
				return nil, err
			}
		}
	}
	for i := range p.channel {
		d.invert(&p.channel[i], i)
	}
	out := &Picture{Config: conf, Data: make([]byte, conf.Size.X*conf.Size.Y*conf.Components*conf.Bytes)}
	d.write(out)
	return out, nil
}

// forget lets go of memory that hardly another picture needs.
func (d *Decoder) forget() {
	const small = 1 << 24 // samples
	n := 0
	for _, r := range d.room {
		n += cap(r)
	}
	if n > small {
		d.room, d.planes = nil, nil
	}
}

// layOut takes the memory for the channels of a plane that come out of it.
func (d *Decoder) layOut(p *plane) {
	p.channel = p.channel[:0]
	count := p.channels
	if d.output == yOnly {
		count = 1
	}
	take := func(i, n int) []int32 {
		for len(d.room) <= i {
			d.room = append(d.room, nil)
		}
		if cap(d.room[i]) < n {
			d.room[i] = make([]int32, n)
		}
		return d.room[i][:n]
	}
	for i := range count {
		c := channel{blocks: p.format.blocks(i)}
		c.size = image.Pt(d.mbs.X*c.blocks.X*4, d.mbs.Y*c.blocks.Y*4)
		c.stride, c.lowStride = c.size.X, c.size.X/4
		c.pix, c.low = take(2*i, c.size.X*c.size.Y), take(2*i+1, c.size.X*c.size.Y/16)
		if !p.has(bandHP) {
			clear(c.pix)
		}
		if d.legacy {
			c.least = make([]int32, d.mbs.X*d.mbs.Y)
		}
		p.channel = append(p.channel, c)
	}
	for i := range d.wide {
		if cap(d.wide[i]) < d.mbs.X*16 {
			d.wide[i] = make([]int32, d.mbs.X*16)
		}
	}
}
