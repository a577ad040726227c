package exchange

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/klauspost/compress/zlib"

	"coverslip.dev/coverslip/core/imageio"
)

// stripBytes is about the size of a strip before it is deflated.
const stripBytes = 64 << 10

// Labels is a label image: 0 is background.
type Labels struct {
	Width, Height int
	Most          uint32 // the highest label, or more
	// Rows writes the labels of the rows from y on over to, which is 0 and of some whole rows.
	Rows func(y int, to []uint32)
}

// bandRows is how many rows are painted together.
const bandRows = 256

// WriteLabels writes a label image as a TIFF with one page, deflated: 16 bits a pixel, or 32
// where there are more than 65,535 labels. The size of a pixel goes in, for ImageJ too, where
// micron knows it. about is free text: where the labels come from. The file is a classic TIFF
// and must end below 4 GB. Some rows of the image are in memory at a time.
func WriteLabels(w io.Writer, l Labels, micron imageio.Micron, about string) error {
	width, height := l.Width, l.Height
	if width <= 0 || height <= 0 {
		return fmt.Errorf("write labels: %d × %d pixels", width, height)
	}
	size := 2
	if l.Most > 0xffff {
		size = 4
	}
	rows := max(stripBytes/(width*size), 1)
	var strips [][]byte
	z, err := zlib.NewWriterLevel(nil, zlib.BestSpeed) // labels are long runs: more effort gains little
	raw := make([]byte, rows*width*size)
	band := make([]uint32, width*max(bandRows/rows, 1)*rows)
	for y := 0; y < height && err == nil; y += len(band) / width {
		band = band[:min(len(band), (height-y)*width)]
		clear(band)
		l.Rows(y, band)
		strips, err = deflate(z, strips, band, raw, size)
	}
	if err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	f := &tiff{}
	f.long(256, uint32(width))
	f.long(257, uint32(height))
	f.short(258, uint16(8*size))
	f.short(259, 8) // Adobe deflate
	f.short(262, 1) // black is zero
	if micron.X > 0 && micron.Y > 0 {
		about = "ImageJ=1.11a\nunit=um\n" + about
	}
	f.text(270, about)
	f.short(277, 1)
	f.long(278, uint32(rows))
	if micron.X > 0 && micron.Y > 0 {
		f.rational(282, 1/micron.X)
		f.rational(283, 1/micron.Y)
		f.short(296, 1) // the unit is in the text
	}
	f.text(305, "Coverslip")
	f.short(339, 1) // unsigned
	return f.write(w, strips)
}

// deflate appends the strips of some rows. raw is scratch space, as large as a strip.
func deflate(z *zlib.Writer, strips [][]byte, labels []uint32, raw []byte, size int) ([][]byte, error) {
	for part := range slices.Chunk(labels, len(raw)/size) {
		pack(raw, part, size)
		var b bytes.Buffer
		z.Reset(&b)
		if _, err := z.Write(raw[:len(part)*size]); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
		strips = append(strips, b.Bytes())
	}
	return strips, nil
}

// pack writes labels into raw, little-endian, each in size bytes: 2 or 4.
func pack(raw []byte, labels []uint32, size int) {
	if size == 4 {
		for i, v := range labels {
			binary.LittleEndian.PutUint32(raw[4*i:], v)
		}
		return
	}
	for ; len(labels) >= 4 && len(raw) >= 8; labels, raw = labels[4:], raw[8:] { // four at a time
		a, b, c, d := uint64(uint16(labels[0])), uint64(uint16(labels[1])), uint64(uint16(labels[2])), uint64(uint16(labels[3]))
		binary.LittleEndian.PutUint64(raw, a|b<<16|c<<32|d<<48)
	}
	for i, v := range labels {
		binary.LittleEndian.PutUint16(raw[2*i:], uint16(v))
	}
}

// tiff is a directory being written: header, strips, values too long for an entry, and
// the directory at the end.
type tiff struct {
	entries []entry
}

type entry struct {
	tag, kind uint16
	count     uint32
	value     []byte // up to four bytes stay in the entry
}

func (f *tiff) short(tag, v uint16) {
	f.entries = append(f.entries, entry{tag, 3, 1, binary.LittleEndian.AppendUint16(nil, v)})
}

func (f *tiff) long(tag uint16, vs ...uint32) {
	var b []byte
	for _, v := range vs {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	f.entries = append(f.entries, entry{tag, 4, uint32(len(vs)), b})
}

// rational keeps six digits after the point, and fewer of what is too large for that.
func (f *tiff) rational(tag uint16, v float64) {
	den := uint32(1_000_000)
	for den > 1 && v*float64(den)+0.5 > math.MaxUint32 {
		den /= 10
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(min(v*float64(den)+0.5, math.MaxUint32)))
	f.entries = append(f.entries, entry{tag, 5, 1, binary.LittleEndian.AppendUint32(b, den)})
}

func (f *tiff) text(tag uint16, s string) {
	f.entries = append(f.entries, entry{tag, 2, uint32(len(s) + 1), append([]byte(s), 0)})
}

func (f *tiff) write(w io.Writer, strips [][]byte) error {
	at := int64(8)
	var offsets, lengths []uint32
	for _, s := range strips {
		offsets, lengths = append(offsets, uint32(at)), append(lengths, uint32(len(s)))
		at += int64(len(s)+1) &^ 1
	}
	f.long(273, offsets...)
	f.long(279, lengths...)
	slices.SortFunc(f.entries, func(a, b entry) int { return int(a.tag) - int(b.tag) })
	var values bytes.Buffer
	dir := binary.LittleEndian.AppendUint16(nil, uint16(len(f.entries)))
	for _, e := range f.entries {
		dir = binary.LittleEndian.AppendUint16(dir, e.tag)
		dir = binary.LittleEndian.AppendUint16(dir, e.kind)
		dir = binary.LittleEndian.AppendUint32(dir, e.count)
		if len(e.value) <= 4 {
			dir = append(dir, append(e.value, 0, 0, 0, 0)[:4]...)
			continue
		}
		dir = binary.LittleEndian.AppendUint32(dir, uint32(at)+uint32(values.Len()))
		values.Write(e.value)
		values.Write(make([]byte, len(e.value)%2)) // words start at even places
	}
	if at+int64(values.Len()+len(dir)) >= 1<<32 {
		return errors.New("write labels: more than 4 GB")
	}
	pieces := [][]byte{binary.LittleEndian.AppendUint32([]byte("II*\x00"), uint32(at)+uint32(values.Len()))}
	for _, s := range strips {
		pieces = append(pieces, s, make([]byte, len(s)%2))
	}
	pieces = append(pieces, values.Bytes(), append(dir, 0, 0, 0, 0)) // no more pages
	out := bufio.NewWriter(w)
	for _, p := range pieces {
		if _, err := out.Write(p); err != nil {
			return fmt.Errorf("write labels: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write labels: %w", err)
	}
	return nil
}
