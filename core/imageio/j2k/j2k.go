// Package j2k decodes JPEG 2000, Part 1 (ITU-T T.800 | ISO/IEC 15444-1): what TIFF holds of it, a codestream
// alone or in the boxes of JP2. Letters and numbers in comments are the standard's annexes, figures,
// tables and equations. The choices that it leaves open are OpenJPEG's, on which the labs' programs
// rest: reversible streams give the same samples, irreversible ones the same within 1.
//
// High throughput (Part 15), extensions (Part 2) and palettes are
// [ErrUnsupported]; a stream that stops within a tile-part or before all of its first layer is taken for cut short.
package j2k

import (
	"errors"
	"fmt"
	"image"
)

// ErrUnsupported is a JPEG 2000 of a kind that is fine and not decoded here.
var ErrUnsupported = errors.New("j2k: a kind that is not decoded")

// errShort is a stream that ends before its last packet.
var errShort = errors.New("j2k: the stream ends early")

// Config is what a stream says before its pixels.
type Config struct {
	Size       image.Point
	Components int
	Bits       int  // of the widest component, at most 32
	Signed     bool // all of them
	// Transformed are colours that the stream itself turns into red, green and blue (G.2, G.3).
	Transformed bool
}

// Bytes is how many bytes a decoded sample takes.
func (c Config) Bytes() int {
	switch {
	case c.Bits <= 8:
		return 1
	case c.Bits <= 16:
		return 2
	}
	return 4
}

// Picture is a decoded stream: one plane of little-endian samples after the other. Components
// of fewer samples are repeated to the picture's size.
type Picture struct {
	Config
	Data []byte
}

// Decoder keeps tables and memory from one picture to the next. It is for one goroutine.
type Decoder struct {
	stream

	coder  coder
	planes []plane // the current tile's, one a component

	// What the current tile consists of; each is kept for the next one.
	precincts []precinct
	blocks    []block
	nodes     []node
	pieces    []piece
	refs      []ref
	looks     int // at code-blocks, that the packets may still ask for: a byte can ask for all of them
	ints      []int32
	floats    []float32
	rows      rows
}

// NewDecoder returns a decoder.
func NewDecoder() *Decoder {
	d := &Decoder{}
	d.coder.tables()
	return d
}

// Header returns what a stream says before its pixels.
func Header(src []byte) (Config, error) {
	var s stream
	if _, err := s.header(src); err != nil {
		return Config{}, err
	}
	return s.config(), nil
}

// DecodePlanes returns the picture of a stream, its data in room if that is large enough, in samples
// of 1, 2 or 4 bytes, or for 0 of as many as they need. What it takes up in memory goes by
// what the stream's [Header] says: look at that first. A tile takes 4 bytes a sample while it is decoded, and up to
// some hundred MB for what it is made of where that is much.
func (d *Decoder) DecodePlanes(room, src []byte, size int) (*Picture, error) {
	defer d.forget()
	rest, err := d.header(src)
	if err != nil {
		return nil, err
	}
	if err := d.tileParts(rest); err != nil {
		return nil, err
	}
	pic := &Picture{Config: d.config()}
	if size == 0 {
		size = pic.Bytes()
	}
	if size < pic.Bytes() {
		return nil, fmt.Errorf("j2k: %d bits in %d bytes", pic.Bits, size)
	}
	whole := pic.Size.X * pic.Size.Y * pic.Components * size
	if len(room) < whole {
		room = make([]byte, whole)
	}
	pic.Data = room[:whole]
	grid := d.grid()
	parts := d.parts
	for i := range grid.X * grid.Y {
		n := 0
		for n < len(parts) && parts[n].tile == i {
			n++
		}
		if n == 0 {
			return nil, errShort
		}
		if err := d.tile(pic.Data, size, i, parts[:n]); err != nil {
			return nil, fmt.Errorf("tile %d: %w", i, err)
		}
		parts = parts[n:]
	}
	return pic, nil
}

// forget lets go of the stream, and of memory that hardly another one needs.
func (d *Decoder) forget() {
	const few, small = 1 << 16, 1 << 24 // precincts, code-blocks and what they are made of; samples
	if cap(d.precincts)+cap(d.blocks)+cap(d.pieces) > few || cap(d.nodes) > 4*few || cap(d.ints)+cap(d.floats) > small {
		*d = Decoder{coder: d.coder}
		return
	}
	clear(d.parts)
	clear(d.pieces)
	d.stream = stream{parts: d.parts[:0]}
}

// tile decodes tile number i into a picture of samples of so many bytes.
func (d *Decoder) tile(to []byte, size, i int, parts []part) error {
	c, err := d.tileCoding(parts)
	if err != nil {
		return err
	}
	if err := d.lay(c, i, parts); err != nil {
		return err
	}
	if err := d.packets(c, parts); err != nil {
		return err
	}
	for k := range d.planes {
		p := &d.planes[k]
		if err := d.coefficients(p); err != nil {
			return err
		}
		if p.reversible {
			d.synthesise(p, p.ints)
		} else {
			d.synthesise97(p, p.floats)
		}
	}
	if c.transform {
		if err := d.colors(); err != nil {
			return err
		}
	}
	for k := range d.planes {
		d.store(to, size, k)
	}
	return nil
}
