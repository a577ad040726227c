package jxr

import (
	"bytes"
	"fmt"
	"image"
)

// colorFormat is INTERNAL_CLR_FMT and, what of it is known here, OUTPUT_CLR_FMT.
type colorFormat uint8

const (
	yOnly      colorFormat = 0
	yuv420     colorFormat = 1
	yuv422     colorFormat = 2
	yuv444     colorFormat = 3
	yuvk       colorFormat = 4
	nComponent colorFormat = 6
	rgb        colorFormat = 7 // output alone
)

// chroma reports whether the second and third channel are differences of colour.
func (f colorFormat) chroma() bool { return f == yuv420 || f == yuv422 || f == yuv444 }

// blocks is how many blocks of 4 × 4 a macroblock of a channel has.
func (f colorFormat) blocks(channel int) image.Point {
	switch {
	case channel > 0 && f == yuv420:
		return image.Pt(2, 2)
	case channel > 0 && f == yuv422:
		return image.Pt(2, 4)
	}
	return image.Pt(4, 4)
}

// OUTPUT_BITDEPTH, what of it is known here.
const (
	bd8   = 1
	bd16  = 2
	bd32f = 7
)

// BANDS_PRESENT.
const (
	allBands = iota
	noFlexbits
	noHighpass
	dcOnly
)

const (
	maxChannels = 16
	maxSide     = 1 << 20 // pixels, more than anybody tiles
)

// imageHeader is IMAGE_HEADER.
type imageHeader struct {
	legacy    bool // as before the standard
	hardTiles bool
	frequency bool
	indexed   bool
	overlap   int32
	short     bool
	trimmed   bool
	alpha     bool
	output    colorFormat
	depth     int32
	size      image.Point
	offset    image.Point // of the picture in its macroblocks
	mbs       image.Point // macroblocks
	columns   []int       // where tiles begin, in macroblocks, and the end
	rows      []int
}

// planeHeader is IMAGE_PLANE_HEADER.
type planeHeader struct {
	format   colorFormat
	scaled   bool
	bands    int32
	channels int
	shift    uint    // SHIFT_BITS, or LEN_MANTISSA
	exponent int32   // EXP_BIAS
	uniform  [3]bool // whether a band's quantiser is the same everywhere
	quant    [3]steps
}

// readHeader reads what stands before the planes.
func readHeader(b *reader) (h imageHeader, err error) {
	if !bytes.HasPrefix(b.src, []byte("WMPHOTO\x00")) {
		return h, fmt.Errorf("%w: no codestream", errDamaged)
	}
	b.at = 8
	version, hard, sub := b.get(4), b.flag(), b.get(3)
	if version != 1 || sub > 1 || hard && sub == 0 {
		return h, fmt.Errorf("%w: version %d.%d", ErrUnsupported, version, sub)
	}
	h.hardTiles, h.legacy = hard, sub == 0
	tiling := b.flag()
	h.frequency = b.flag()
	b.get(3) // how to turn it, which is left to who shows it
	h.indexed = b.flag()
	h.overlap = b.get(2)
	h.short = b.flag()
	b.flag() // whether 16 bits would do for the transform
	windowing := b.flag()
	h.trimmed = b.flag()
	if b.flag() || h.overlap > 2 {
		return h, fmt.Errorf("%w: a reserved bit", errDamaged)
	}
	b.get(2) // red and blue of packed pixels, premultiplied alpha
	h.alpha = b.flag()
	h.output, h.depth = colorFormat(b.get(4)), b.get(4)
	if err := h.sides(b); err != nil {
		return h, err
	}
	return h, h.tiles(b, tiling, windowing)
}

func (h *imageHeader) sides(b *reader) error {
	word := uint(32)
	if h.short {
		word = 16
	}
	x, y := uint32(b.get(word)), uint32(b.get(word))
	if x >= maxSide || y >= maxSide {
		return fmt.Errorf("%w: %d × %d pixels", ErrUnsupported, x, y)
	}
	h.size = image.Pt(int(x)+1, int(y)+1)
	return nil
}

// fewMBs is how many macroblocks may be margins whatever the picture: those of a narrow one would be most of it.
const fewMBs = 1 << 12

// macroblocks is how many cover so many pixels.
func macroblocks(pixels image.Point) image.Point { return pixels.Add(image.Pt(15, 15)).Div(16) }

// tiles reads how the picture is cut.
func (h *imageHeader) tiles(b *reader, tiling, windowing bool) error {
	across, down := 1, 1
	if tiling {
		across, down = int(b.get(12))+1, int(b.get(12))+1
	}
	if !h.indexed && (h.frequency || across*down > 1) {
		return fmt.Errorf("%w: tiles without an index", errDamaged)
	}
	word := uint(16)
	if h.short {
		word = 8
	}
	cut := func(n int) []int {
		at := make([]int, n, n+1)
		for i := 1; i < n; i++ {
			at[i] = at[i-1] + int(b.get(word))
		}
		return at
	}
	h.columns, h.rows = cut(across), cut(down)
	whole := h.size
	if windowing {
		top, left, bottom, right := int(b.get(6)), int(b.get(6)), int(b.get(6)), int(b.get(6))
		h.offset = image.Pt(left, top)
		whole = whole.Add(image.Pt(left+right, top+bottom))
	}
	h.mbs = macroblocks(whole)
	if seen := macroblocks(h.size); h.mbs.X*h.mbs.Y > seen.X*seen.Y*5/4+fewMBs {
		return fmt.Errorf("%w: margins around %v pixels", ErrUnsupported, h.size)
	}
	h.columns, h.rows = append(h.columns, h.mbs.X), append(h.rows, h.mbs.Y)
	for _, at := range [][]int{h.columns, h.rows} {
		for i := 1; i < len(at); i++ {
			if at[i] <= at[i-1] {
				return fmt.Errorf("%w: a tile of no size", errDamaged)
			}
		}
	}
	if b.short() {
		return errShort
	}
	return nil
}

// readPlane reads the header of a plane of a picture of depth.
func readPlane(b *reader, depth int32) (p planeHeader, err error) {
	p.format, p.scaled, p.bands = colorFormat(b.get(3)), b.flag(), b.get(4)
	switch p.format {
	case yOnly:
		p.channels = 1
	case yuv420, yuv422, yuv444:
		p.channels = 3
		b.get(8) // where chroma is, which nobody heeds
	case nComponent:
		p.channels = int(b.get(4)) + 1
		b.get(4)
	case yuvk:
		p.channels = 4
	case rgb: // which is none for a plane
	}
	if p.channels == 0 {
		return p, fmt.Errorf("%w: colour format %d", errDamaged, p.format)
	}
	if depth != bd8 && depth != bd16 && depth != bd32f {
		return p, fmt.Errorf("%w: samples of kind %d", ErrUnsupported, depth)
	}
	if p.bands > dcOnly {
		return p, fmt.Errorf("%w: a band by itself", ErrUnsupported)
	}
	most := uint(0)
	switch depth {
	case bd16:
		p.shift, most = uint(b.get(8)), 15
	case bd32f:
		p.shift, most = uint(b.get(8)), 23
		p.exponent = int32(int8(b.get(8)))
	}
	if p.shift > most {
		return p, fmt.Errorf("%w: a shift by %d", errDamaged, p.shift)
	}
	for band := bandDC; band <= bandHP && p.has(band); band++ {
		if band > bandDC && b.flag() { // as the band before; the standard keeps the bit back
			p.uniform[band], p.quant[band] = p.uniform[band-1], p.quant[band-1]
			continue
		}
		if p.uniform[band] = b.flag(); p.uniform[band] {
			p.quant[band].count = 1
			p.readQuant(b, band, 0, &p.quant[band])
		}
	}
	b.align()
	if b.short() {
		return p, errShort
	}
	return p, nil
}

// has reports whether a plane has a band.
func (p *planeHeader) has(band int) bool { return band <= bandHP-max(int(p.bands)-noFlexbits, 0) }

// steps are the quantiser steps of a band that macroblocks choose from, by channel.
type steps struct {
	count int
	by    [16][maxChannels]int32
}

// readQuant reads the i-th quantiser of a band: DC_QP, LP_QP or HP_QP.
func (p *planeHeader) readQuant(b *reader, band, i int, to *steps) {
	mode := int32(0)
	if p.channels > 1 {
		mode = b.get(2)
	}
	var index [maxChannels]int32
	index[0] = b.get(8)
	for c := 1; c < p.channels; c++ {
		switch {
		case mode == 0:
			index[c] = index[0]
		case mode == 1 && c > 1:
			index[c] = index[1]
		default:
			index[c] = b.get(8)
		}
	}
	for c := range p.channels {
		shift := uint(1)
		if c > 0 && band != bandHP {
			shift = 0
		}
		to.by[i][c] = step(index[c], shift, p.scaled)
	}
}

// step is the step of a quantiser index (QuantMap).
func step(index int32, shift uint, scaled bool) int32 {
	switch {
	case index == 0:
		return 1
	case scaled && index < 16:
		return index << shift
	case scaled:
		return (16 + index&15) << (uint(index>>4) - 1 + shift)
	case index < 32:
		return (index + 3) >> 2
	case index < 48:
		return (17 + index&15) >> 1 << (uint(index>>4) - 2)
	}
	return (16 + index&15) << (uint(index>>4) - 3)
}
