package ometiff

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The versions in a file's header.
const (
	classic = 42 // offsets of 32 bits
	big     = 43 // offsets of 64 bits
)

// What a file may claim; real ones stay far below.
const (
	maxTags  = 4096     // of one directory
	maxPages = 1 << 20  // of one file
	maxText  = 64 << 20 // bytes of one tag; OME-XML of a plate reaches some megabytes
)

// file is a TIFF as bytes: header, directories, tags.
type file struct {
	r    io.ReaderAt
	size int64
	name string // for sentences
	// folder is where other files of a set may lie; empty for bytes that are no file.
	folder string
	order  binary.ByteOrder
	big    bool
	first  int64 // offset of the first directory
}

func newFile(r io.ReaderAt, size int64, name string) (*file, error) {
	f := &file{r: r, size: size, name: name}
	var head [16]byte
	n, err := r.ReadAt(head[:min(size, 16)], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read header: %w", err)
	}
	if n < 8 {
		return nil, f.cut(fmt.Errorf("%d bytes", n))
	}
	f.order = byteOrder(head[:])
	if f.order == nil {
		return nil, f.broken(errors.New("no byte order mark"))
	}
	switch v := f.order.Uint16(head[2:]); v {
	case classic:
		f.first = int64(f.order.Uint32(head[4:]))
	case big:
		if n < 16 {
			return nil, f.cut(fmt.Errorf("%d bytes", n))
		}
		f.big = true
		f.first = f.offset(f.order.Uint64(head[8:]))
	default:
		return nil, f.broken(fmt.Errorf("version %d", v))
	}
	if f.first == 0 {
		return nil, f.cut(errors.New("no directory yet"))
	}
	return f, nil
}

// offset turns what a file says into a place; nonsense becomes a place after its end.
func (f *file) offset(v uint64) int64 {
	if v > uint64(f.size) { //nolint:gosec // a size is not negative
		return f.size + 1
	}
	return int64(v) //nolint:gosec // at most f.size
}

// read fills p from off; what lies after the end of the file makes it cut short.
func (f *file) read(p []byte, off int64) error {
	if off < 0 || off > f.size || int64(len(p)) > f.size-off {
		return f.cut(fmt.Errorf("%d bytes at %d of %d", len(p), off, f.size))
	}
	if n, err := f.r.ReadAt(p, off); n < len(p) {
		if errors.Is(err, io.EOF) {
			return f.cut(err) // it shrank since it was opened
		}
		return fmt.Errorf("read image: %w", err)
	}
	return nil
}

// field is one tag of a directory; its values are still in the file.
type field struct {
	tag   uint16
	typ   uint16
	count uint64
	at    int64 // where the values are
}

// width is the size of one value in bytes; 0 for a type that nobody knows.
func (d field) width() int {
	switch d.typ {
	case 1, 2, 6, 7: // byte, ASCII, signed byte, undefined
		return 1
	case 3, 8: // 16 bits
		return 2
	case 4, 9, 11, 13: // 32 bits, float, directory
		return 4
	case 5, 10, 12, 16, 17, 18: // rational, double, 64 bits
		return 8
	}
	return 0
}

// directory reads the tags at off and where the next directory is, 0 after the last.
func (f *file) directory(off int64) (fields []field, next int64, err error) {
	counted, entry, link := int64(2), int64(12), int64(4)
	if f.big {
		counted, entry, link = 8, 20, 8
	}
	var head [8]byte
	if err := f.read(head[:counted], off); err != nil {
		return nil, 0, err
	}
	n := uint64(f.order.Uint16(head[:]))
	if f.big {
		n = f.order.Uint64(head[:])
	}
	if n == 0 || n > maxTags {
		return nil, 0, f.broken(fmt.Errorf("directory of %d tags at %d", n, off))
	}
	body := make([]byte, int64(n)*entry+link) //nolint:gosec // at most maxTags
	if err := f.read(body, off+counted); err != nil {
		return nil, 0, err
	}
	fields = make([]field, 0, n)
	for i := range int64(n) { //nolint:gosec // at most maxTags
		if d := f.field(body[i*entry:(i+1)*entry], off+counted+i*entry); d.width() > 0 {
			fields = append(fields, d)
		}
	}
	if f.big {
		return fields, f.offset(f.order.Uint64(body[int64(n)*entry:])), nil //nolint:gosec // at most maxTags
	}
	return fields, f.offset(uint64(f.order.Uint32(body[int64(n)*entry:]))), nil //nolint:gosec // at most maxTags
}

// field reads an entry of a directory that lies at at.
func (f *file) field(e []byte, at int64) field {
	d := field{tag: f.order.Uint16(e), typ: f.order.Uint16(e[2:])}
	room, value := uint64(4), int64(8)
	if f.big {
		d.count = f.order.Uint64(e[4:])
		room, value = 8, 12
	} else {
		d.count = uint64(f.order.Uint32(e[4:]))
	}
	w := uint64(d.width()) //nolint:gosec // 0 to 8
	switch {
	case w == 0 || d.count <= room/w:
		d.at = at + value
	case f.big:
		d.at = f.offset(f.order.Uint64(e[value:]))
	default:
		d.at = f.offset(uint64(f.order.Uint32(e[value:])))
	}
	return d
}

// number returns the i-th value of d as an integer.
func (f *file) number(d field, i uint64) (uint64, error) {
	if i >= d.count {
		return 0, f.broken(fmt.Errorf("tag %d has %d values, not %d", d.tag, d.count, i+1))
	}
	w := d.width()
	if i > uint64(f.size) { //nolint:gosec // a size is not negative
		return 0, f.cut(fmt.Errorf("tag %d has %d values", d.tag, d.count))
	}
	var b [8]byte
	if err := f.read(b[:w], d.at+int64(i)*int64(w)); err != nil { //nolint:gosec // at most f.size
		return 0, err
	}
	return f.decode(b[:w]), nil
}

func (f *file) decode(b []byte) uint64 {
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(f.order.Uint16(b))
	case 4:
		return uint64(f.order.Uint32(b))
	}
	return f.order.Uint64(b)
}

// bytes returns all values of d as they are.
func (f *file) bytes(d field) ([]byte, error) {
	w := uint64(d.width())          //nolint:gosec // 1 to 8
	if d.count > uint64(f.size)/w { //nolint:gosec // a size is not negative
		return nil, f.cut(fmt.Errorf("tag %d has %d values", d.tag, d.count))
	}
	if d.count*w > maxText {
		return nil, f.broken(fmt.Errorf("tag %d has %d values", d.tag, d.count))
	}
	p := make([]byte, d.count*w)
	return p, f.read(p, d.at)
}

// rational returns the first value of d.
func (f *file) rational(d field) (float64, error) {
	if d.typ != 5 && d.typ != 10 || d.count == 0 {
		return 0, nil
	}
	var b [8]byte
	if err := f.read(b[:], d.at); err != nil {
		return 0, err
	}
	over := f.order.Uint32(b[4:])
	if over == 0 {
		return 0, nil
	}
	return float64(f.order.Uint32(b[:])) / float64(over), nil
}

// chain reads all directories that hang on the first one.
func (f *file) chain(ctx context.Context) ([]*page, error) {
	var pages []*page
	seen := map[int64]bool{}
	for off := f.first; off != 0; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if seen[off] || len(pages) >= maxPages {
			return nil, f.broken(fmt.Errorf("directories run in a circle at %d", off))
		}
		seen[off] = true
		p, next, err := f.page(off)
		if err != nil {
			return nil, fmt.Errorf("page %d: %w", len(pages), err)
		}
		pages = append(pages, p)
		off = next
	}
	return pages, nil
}
