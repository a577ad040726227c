package ometiff

import (
	"errors"
	"fmt"
	"image"

	"coverslip.dev/coverslip/core/imageio"
)

// The tags that are looked at.
const (
	tagSubfileType  = 254
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagPhotometric  = 262
	tagDescription  = 270
	tagMake         = 271
	tagModel        = 272
	tagStripOffsets = 273
	tagFillOrder    = 266
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripCounts  = 279
	tagXResolution  = 282
	tagYResolution  = 283
	tagPlanar       = 284
	tagResUnit      = 296
	tagSoftware     = 305
	tagDateTime     = 306
	tagPredictor    = 317
	tagColors       = 320
	tagTileWidth    = 322
	tagTileHeight   = 323
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagSubIFDs      = 330
	tagInkSet       = 332
	tagExtraSamples = 338
	tagSampleFormat = 339
	tagJPEGTables   = 347
	tagImageDepth   = 32997
	tagMetaMorphUse = 33628 // UIC1: settings
	tagMetaMorph    = 33629 // UIC2: where and when
	tagZeissSEM     = 34118
	tagFluoView     = 34361
	tagZeissLSM     = 34412
	tagFEI          = 34680
	tagFEINew       = 34682
	tagImageJCounts = 50838
	tagImageJ       = 50839
	tagMicroManager = 51123
)

const (
	maxSide  = 1 << 24   // pixels of a side of an image
	maxChunk = 512 << 20 // bytes of one decoded tile or strip, all its samples
)

// page is what one directory says: an image cut into chunks (tiles or strips).
type page struct {
	subfile     uint64
	size        image.Point
	bits        int
	samples     int // of a pixel
	compression uint64
	photometric uint64
	inks        uint64 // 2: others than cyan, magenta, yellow and black
	planar      bool   // each sample in chunks of its own
	alpha       bool   // the last sample, of two or four, is transparency
	predictor   uint64
	fillOrder   uint64 // 2: the lowest bits of a byte come first
	kind        uint64 // SampleFormat: 1 unsigned, 2 signed, 3 float
	chunk       image.Point
	depth       uint64 // planes of a volume whose tiles have three dimensions
	tiled       bool
	offsets     field
	counts      field
	subs        field
	texts       [2]field // ImageDescriptions: Micro-Manager writes two
	manager     field    // Micro-Manager's words on the page
	resolution  [2]field
	unit        uint64 // of resolution: 2 inch, 3 cm
	made        [2]field
	date        field
	software    field
	tables      field    // JPEG tables
	colors      field    // reds, greens and blues of a palette
	imageJ      [2]field // sizes and bytes of what ImageJ says
	metaMorph   field    // as many values as a stack has planes
	metaMorphs  field    // its settings
	zeiss       field
	fluoView    field
	fei         field // settings of an electron microscope
	zeissSEM    field // the same
	loose       bool  // what is said of how long the chunks are is how much is in them
	at          int64 // of the directory: names the page
	in          *file // that it was read from
	shift       int64 // added to all offsets: planes of ImageJ that have no directory
}

// page reads the directory at off.
func (f *file) page(off int64) (*page, int64, error) {
	fields, next, err := f.directory(off)
	if err != nil {
		return nil, 0, err
	}
	p := &page{in: f, at: off, bits: 1, samples: 1, compression: 1, predictor: 1, kind: 1, unit: 2, photometric: 1}
	numbers := map[uint16]uint64{}
	for _, d := range fields {
		if p.refer(d) || d.count == 0 {
			continue
		}
		switch d.tag {
		case tagSubfileType, tagWidth, tagHeight, tagBits, tagCompression, tagPhotometric, tagFillOrder, tagSamples, tagRowsPerStrip,
			tagPlanar, tagResUnit, tagPredictor, tagTileWidth, tagTileHeight, tagExtraSamples, tagSampleFormat,
			tagInkSet, tagImageDepth:
			if numbers[d.tag], err = f.number(d, 0); err != nil {
				return nil, 0, err
			}
		}
	}
	if err := p.fill(numbers); err != nil {
		return nil, 0, f.broken(fmt.Errorf("directory at %d: %w", off, err))
	}
	return p, next, nil
}

// refer keeps d if its values are looked up later.
func (p *page) refer(d field) bool {
	to := p.place(d.tag)
	if to == nil {
		to = p.makers(d.tag)
	}
	if to == nil {
		return false
	}
	*to = d
	return true
}

// place is where a tag of TIFF's own is kept, nil if it is not.
func (p *page) place(tag uint16) *field {
	switch tag {
	case tagStripOffsets, tagTileOffsets:
		return &p.offsets
	case tagStripCounts, tagTileCounts:
		return &p.counts
	case tagSubIFDs:
		return &p.subs
	case tagDescription:
		if p.texts[0].count > 0 {
			return &p.texts[1]
		}
		return &p.texts[0]
	case tagXResolution:
		return &p.resolution[0]
	case tagYResolution:
		return &p.resolution[1]
	case tagMake:
		return &p.made[0]
	case tagModel:
		return &p.made[1]
	case tagDateTime:
		return &p.date
	case tagSoftware:
		return &p.software
	case tagJPEGTables:
		return &p.tables
	case tagColors:
		return &p.colors
	}
	return nil
}

// makers is where a tag of a maker of microscopes is kept, nil if it is not.
func (p *page) makers(tag uint16) *field {
	switch tag {
	case tagMicroManager:
		return &p.manager
	case tagImageJCounts:
		return &p.imageJ[0]
	case tagImageJ:
		return &p.imageJ[1]
	case tagMetaMorph:
		return &p.metaMorph
	case tagMetaMorphUse:
		return &p.metaMorphs
	case tagZeissLSM:
		return &p.zeiss
	case tagFluoView:
		return &p.fluoView
	case tagFEI, tagFEINew:
		return &p.fei
	case tagZeissSEM:
		return &p.zeissSEM
	}
	return nil
}

// transparent reports whether the last sample is transparency, by ExtraSamples: 1 where the
// colours are multiplied with it, 2 where they aren't.
func (p *page) transparent(extra uint64) bool {
	colored := p.samples == 4 && inColor(p.photometric)
	grey := p.samples == 2 && p.photometric == photometricBlack
	return (colored || grey) && (extra == 1 || extra == 2)
}

// fill sets the shape from a directory's numbers and checks that it is one.
func (p *page) fill(n map[uint16]uint64) error {
	w, h := n[tagWidth], n[tagHeight]
	if w == 0 || h == 0 || w > maxSide || h > maxSide {
		return fmt.Errorf("an image of %d × %d", w, h)
	}
	p.size = image.Pt(int(w), int(h))
	set := func(to *uint64, tag uint16) {
		if v, ok := n[tag]; ok {
			*to = v
		}
	}
	set(&p.subfile, tagSubfileType)
	set(&p.compression, tagCompression)
	set(&p.photometric, tagPhotometric)
	set(&p.predictor, tagPredictor)
	set(&p.fillOrder, tagFillOrder)
	set(&p.kind, tagSampleFormat)
	set(&p.unit, tagResUnit)
	set(&p.inks, tagInkSet)
	set(&p.depth, tagImageDepth)
	bits, samples, rows := uint64(1), uint64(1), h
	set(&bits, tagBits)
	set(&samples, tagSamples)
	set(&rows, tagRowsPerStrip)
	if bits == 0 || bits > 64 || samples == 0 || samples > 4096 {
		return fmt.Errorf("%d samples of %d bits", samples, bits)
	}
	p.bits, p.samples = int(bits), int(samples)
	p.planar = n[tagPlanar] == 2 && samples > 1
	p.alpha = p.transparent(n[tagExtraSamples])
	tw, th := n[tagTileWidth], n[tagTileHeight]
	if p.tiled = tw > 0 && th > 0; p.tiled {
		if tw > maxSide || th > maxSide {
			return fmt.Errorf("tiles of %d × %d", tw, th)
		}
		p.chunk = image.Pt(int(tw), int(th))
	} else {
		if rows == 0 || rows > h {
			rows = h
		}
		p.chunk = image.Pt(int(w), int(rows))
	}
	if p.offsets.count == 0 {
		return errors.New("no pixels")
	}
	return nil
}

// sampleType returns the type that the samples have once they are read; ok is false for
// one that can't be.
func (p *page) sampleType() (t imageio.PixelType, ok bool) {
	switch p.kind {
	case 3:
		switch p.bits {
		case 16, 32: // halves are widened
			return imageio.Float32, true
		case 64:
			return imageio.Float64, true
		}
	case 2:
		switch p.bits {
		case 8:
			return imageio.Int8, true
		case 16:
			return imageio.Int16, true
		case 32:
			return imageio.Int32, true
		case 64:
			return imageio.Float64, true
		}
	case 1, 4: // 4: nobody says; the bits are there
		switch {
		case p.bits <= 8:
			return imageio.Uint8, true
		case p.bits <= 16:
			return imageio.Uint16, true
		case p.bits == 32:
			return imageio.Uint32, true
		case p.bits == 64:
			return imageio.Float64, true
		}
	}
	return 0, false
}

// interleaved is how many samples a chunk holds of each pixel.
func (p *page) interleaved() int {
	if p.planar {
		return 1
	}
	return p.samples
}

// chunkAt is the number of a chunk; each sample of a planar page has chunks of its own.
func (p *page) chunkAt(col, row, sample int) int {
	grid := p.grid()
	i := row*grid.X + col
	if p.planar {
		i += sample * grid.X * grid.Y
	}
	return i
}

// grid is how many columns and rows of chunks there are.
func (p *page) grid() image.Point {
	return image.Pt((p.size.X+p.chunk.X-1)/p.chunk.X, (p.size.Y+p.chunk.Y-1)/p.chunk.Y)
}

// contiguous reports whether all pixels lie in one row after another without compression,
// so that any of them can be read by itself.
func (p *page) contiguous() bool {
	return !p.tiled && p.compression == none && p.predictor == 1 && p.bits%8 == 0 && p.fillOrder != 2
}

// same reports whether two pages can be planes of one image.
func (p *page) same(q *page) bool {
	return p.size == q.size && p.alike(q)
}

// alike reports whether two pages have pixels of one kind.
func (p *page) alike(q *page) bool {
	return p.bits == q.bits && p.kind == q.kind && p.samples == q.samples
}

// check tells whether the pixels can be read at all.
func (f *file) check(p *page) error {
	if _, ok := p.sampleType(); !ok {
		return f.unreadSamples(p)
	}
	switch p.compression {
	case none, lzw, deflate, deflateOld, packBits, zstandard, zstandardOld, jpegNew, jpeg2000, jpeg2000YCC, jpeg2000Bio, jpeg2000RGB:
	default:
		return f.unread(compressionName(p.compression))
	}
	if p.compression == jpegNew && p.bits != 8 {
		return f.unread(fmt.Sprintf("JPEG compression over samples of %d bits", p.bits))
	}
	if p.inJPEG2000() && p.kind == 3 {
		return f.unread("JPEG 2000 compression over floating-point numbers")
	}
	if what := p.strangeColors(); what != "" {
		return f.unreadColors(what)
	}
	if p.predictor > 3 || p.predictor == 3 && (p.kind != 3 || p.bits < 16) {
		return f.unread(fmt.Sprintf("predictor %d", p.predictor))
	}
	if p.predictor == 2 && p.bits%8 != 0 {
		return f.unread("a predictor over samples that are no whole bytes")
	}
	if !p.contiguous() && p.takes() > maxChunk {
		return f.unread(fmt.Sprintf("strips of %d megabytes", p.decoded()>>20))
	}
	g := p.grid()
	n := uint64(g.X) * uint64(g.Y) //nolint:gosec // sides are positive
	if p.planar {
		n *= uint64(p.samples) //nolint:gosec // positive
	}
	if p.offsets.count < n || p.counts.count < n && p.compression != none {
		return f.broken(fmt.Errorf("%d offsets for %d chunks", p.offsets.count, n))
	}
	return nil
}

// apart reports whether a chunk's samples are decoded into planes, one after the other: those
// of JPEG, which are planes in the stream.
func (p *page) apart() bool { return p.pictured() && p.interleaved() > 1 }

// row is the bytes of a row of a chunk as it is stored.
func (p *page) row() int64 {
	return (int64(p.chunk.X)*int64(p.interleaved())*int64(p.bits) + 7) / 8
}

// decoded is the bytes of a chunk once it is unpacked.
func (p *page) decoded() int64 {
	t, _ := p.sampleType()
	return max(p.row(), int64(p.chunk.X)*int64(p.interleaved())*int64(t.Bytes())) * int64(p.chunk.Y)
}

// takes is the most bytes that a chunk takes up while it is unpacked: JPEG 2000 has 4 for each sample.
func (p *page) takes() int64 {
	if p.inJPEG2000() {
		return max(p.decoded(), 4*int64(p.chunk.X)*int64(p.interleaved())*int64(p.chunk.Y))
	}
	return p.decoded()
}
