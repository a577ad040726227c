package jxr

import (
	"errors"
	"fmt"
	"math"
)

var errCoefficients = errors.New("jxr: damaged: coefficients that don't fit")

// plane decodes the macroblocks of an image plane.
type plane struct {
	planeHeader
	channel []channel
	context context

	steps [3]steps // of the tile
	index [3]uint  // bits of the choice between them

	x           int // of the macroblock in the tile
	top         bool
	here, above [maxChannels][]seen // of the rows of macroblocks
	hereQ       []uint8
	aboveQ      []uint8

	qLP, qHP uint8
	dc       [maxChannels][16]int32
	coded    [maxChannels]uint32
	turn     int // from where the coefficients of blocks are predicted
	high     [maxChannels][256]int32
	block    block
}

// packets are the streams of a tile by band, the last one being flexbits; with the bands
// together, all of them are the first one.
type packets struct {
	streams [4]reader
	of      [4]int
}

func (k *packets) band(i int) *reader { return &k.streams[k.of[i]] }

// tileAt decodes the tile in a column and row of tiles.
func (d *Decoder) tileAt(col, row int) error {
	k := &d.packets
	if err := d.open(col, row); err != nil {
		return err
	}
	left, right := d.columns[col], d.columns[col+1]
	for i := range d.planes {
		d.planes[i].begin(&d.alphabets, right-left, d.trim)
	}
	for band := bandDC; band <= bandHP; band++ {
		for i := range d.planes {
			d.planes[i].tileHeader(k.band(band), band)
		}
	}
	for y := d.rows[row]; y < d.rows[row+1]; y++ {
		for i := range d.planes {
			d.planes[i].nextRow(y == d.rows[row])
		}
		if err := d.readRow(left, right, y); err != nil {
			return err
		}
		for i := range k.streams {
			if k.streams[i].short() {
				return errShort
			}
		}
	}
	return nil
}

// readRow decodes the macroblocks of a row of a tile.
func (d *Decoder) readRow(left, right, y int) error {
	for x := left; x < right; x++ {
		for i := range d.planes {
			p := &d.planes[i]
			p.x = x - left
			if err := p.macroblock(&d.packets, d.frequency, p.x%16 == 0 || x == right-1); err != nil {
				return err
			}
			p.store(x, y)
		}
	}
	return nil
}

func (p *plane) nextRow(top bool) {
	p.here, p.above = p.above, p.here
	p.hereQ, p.aboveQ = p.aboveQ, p.hereQ
	p.top = top
}

// open finds the streams of a tile and reads what they begin with.
func (d *Decoder) open(col, row int) error {
	k := &d.packets
	*k = packets{}
	bands := 1
	if d.frequency {
		bands = 4 - int(d.planes[0].bands)
	}
	d.trim = 0
	for i := range bands {
		at := int64(0)
		if d.indexed {
			at = d.offsets[(row*(len(d.columns)-1)+col)*bands+i]
		}
		if at == absent && i == 3 {
			continue // no flexbits
		}
		if at > int64(len(d.packed)) {
			return errShort
		}
		b := &k.streams[i]
		*b = newReader(d.packed[at:])
		if b.get(24) != 1 && i < 3 {
			return fmt.Errorf("%w: no packet where a tile should be", errDamaged)
		}
		b.get(8)
		if d.trimmed && (!d.frequency || i == 3) {
			d.trim = uint(b.get(4))
		}
	}
	if d.frequency {
		k.of = [4]int{0, 1, 2, 3}
	}
	return nil
}

// begin makes a plane ready for a tile, so many macroblocks wide.
func (p *plane) begin(all *[13]*alphabet, width int, trim uint) {
	p.context.reset(all, p.format)
	p.context.trim = trim
	grow := func(s []seen) []seen {
		if cap(s) < width {
			return make([]seen, width)
		}
		return s[:width]
	}
	for ch := range p.channels {
		p.here[ch], p.above[ch] = grow(p.here[ch]), grow(p.above[ch])
	}
	if cap(p.hereQ) < width || cap(p.aboveQ) < width {
		p.hereQ, p.aboveQ = make([]uint8, width), make([]uint8, width)
	}
	p.hereQ, p.aboveQ = p.hereQ[:width], p.aboveQ[:width]
}

// tileHeader reads the quantisers of a band for a tile, where they are not the same everywhere:
// TILE_HEADER_DC, TILE_HEADER_LOWPASS and TILE_HEADER_HIGHPASS.
func (p *plane) tileHeader(b *reader, band int) {
	if !p.has(band) {
		return
	}
	if p.uniform[band] {
		p.steps[band], p.index[band] = p.quant[band], 0
		return
	}
	s := &p.steps[band]
	if band > bandDC && b.flag() {
		*s, p.index[band] = p.steps[band-1], 0
		return
	}
	s.count = 1
	if band > bandDC {
		s.count = int(b.get(4)) + 1
	}
	switch {
	case s.count < 2:
		p.index[band] = 0
	case s.count < 4:
		p.index[band] = 1
	case s.count < 6:
		p.index[band] = 2
	case s.count < 10:
		p.index[band] = 3
	default:
		p.index[band] = 4
	}
	for i := range s.count {
		p.readQuant(b, band, i, s)
	}
}

// choice reads which of a band's quantisers a macroblock has, where it says so.
func (p *plane) choice(b *reader, band int, q *uint8) {
	if n := p.index[band]; n > 0 && p.has(band) {
		*q = 0
		if b.flag() {
			*q = uint8(b.get(n)) + 1
		}
	}
}

// macroblock reads a macroblock; at the end of one out of 16 codes are adapted.
func (p *plane) macroblock(k *packets, frequency, adapt bool) error {
	c := &p.context
	p.qLP, p.qHP = 0, 0
	if !frequency {
		p.choice(k.band(bandDC), bandLP, &p.qLP)
		p.choice(k.band(bandDC), bandHP, &p.qHP)
	}
	p.readDC(k.band(bandDC), c)
	if p.has(bandLP) {
		if frequency {
			p.choice(k.band(bandLP), bandLP, &p.qLP)
		}
		if int(p.qLP) >= p.steps[bandLP].count {
			return errCoefficients
		}
		if err := p.readLP(k.band(bandLP), c); err != nil {
			return err
		}
	}
	if adapt {
		c.adaptLow()
	}
	p.predictLow()
	p.keep()
	if !p.has(bandHP) {
		return nil
	}
	if frequency {
		p.choice(k.band(bandHP), bandHP, &p.qHP)
	}
	if err := p.readHP(k.band(bandHP), k.band(3), c); err != nil {
		return err
	}
	if adapt {
		c.adaptHigh()
	}
	return nil
}

// store puts the coefficients of the macroblock at x, y of the picture where they will be
// transformed.
func (p *plane) store(x, y int) {
	for ch := range p.channel {
		c := &p.channel[ch]
		lp := p.steps[bandLP].by[p.qLP&15][ch]
		low := c.low[(y*c.blocks.Y*c.lowStride + x*c.blocks.X):]
		d := &p.dc[ch]
		for i := range c.blocks.X * c.blocks.Y {
			v := d[i&15] * lp
			if i == 0 {
				v = d[0] * p.steps[bandDC].by[0][ch]
			}
			low[i/c.blocks.X*c.lowStride+i%c.blocks.X] = v
		}
		if c.least != nil {
			c.least[y*(c.size.X/4/c.blocks.X)+x] = p.leastStep(ch)
		}
		if p.has(bandHP) {
			c.storeHigh(&p.high[ch], x, y)
		}
	}
}

func (c *channel) storeHigh(high *[256]int32, x, y int) {
	for i := range c.blocks.X * c.blocks.Y {
		b := (*[16]int32)(high[i*16 : i*16+16])
		at := ((y*c.blocks.Y+i/c.blocks.X)*c.stride + x*c.blocks.X + i%c.blocks.X) * 4
		for k := 0; k < 16; k += 4 {
			copy(c.pix[at:at+4:at+4], b[k:k+4])
			at += c.stride
		}
	}
}

// leastStep is below what a step at a junction of the macroblock is an artefact. For chroma that
// is smaller than luma jxrlib looks at the channel before.
func (p *plane) leastStep(ch int) int32 {
	const usual = 20
	if !p.has(bandHP) {
		return math.MaxInt32
	}
	if p.format == yuv420 || p.format == yuv422 {
		ch = max(ch-1, 0)
	}
	if q := p.steps[bandHP].by[p.qHP&15][ch]; q > usual {
		return q
	}
	return 0
}
