package ending

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Tags of TIFF that say where pixels lie and how many, and directories of coarser levels.
const (
	tagWidth        = 256
	tagHeight       = 257
	tagBits         = 258
	tagCompression  = 259
	tagStripOffsets = 273
	tagSamples      = 277
	tagRowsPerStrip = 278
	tagStripCounts  = 279
	tagPlanar       = 284
	tagTileOffsets  = 324
	tagTileCounts   = 325
	tagSubIFDs      = 330
	tagZeissLSM     = 34412
)

// maxIFDs bounds the directories that are followed: more are looked at nowhere.
const maxIFDs = 1 << 20

func isTIFF(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[:4]) {
	case "II*\x00", "MM\x00*", "II+\x00", "MM\x00+":
		return true
	}
	return false
}

// tiffFile reads directories of TIFF and BigTIFF.
type tiffFile struct {
	file

	order binary.ByteOrder
	big   bool
	left  *uint64 // bytes that may still be read
	lsm   *bool   // Zeiss wrote it: what is said of how long packed strips are is how much is in them
}

// read is file's, of no more bytes than a file of this size is worth: directories that lie
// over one another could keep it busy for ever.
func (t tiffFile) read(b []byte, at int64) error {
	n := uint64(len(b))
	if n > *t.left {
		return strange(errors.New("directories that lie over one another"))
	}
	*t.left -= n
	return t.file.read(b, at)
}

// tiff checks that every directory of the chain and its last strip or tile are inside.
func tiff(f file) error {
	head := make([]byte, 16)
	if err := f.read(head[:8], 0); err != nil {
		return err
	}
	left := 4*uint64(f.size) + 1<<20 //nolint:gosec // a size is not negative
	t := tiffFile{file: f, order: binary.LittleEndian, left: &left, lsm: new(bool)}
	if head[0] == 'M' {
		t.order = binary.BigEndian
	}
	t.big = head[2] == '+' || head[3] == '+'
	next := uint64(t.order.Uint32(head[4:]))
	if t.big {
		if err := f.read(head, 0); err != nil {
			return err
		}
		next = t.order.Uint64(head[8:])
	}
	if next == 0 {
		return open("the first directory")
	}
	seen := map[uint64]bool{}
	for next != 0 {
		if seen[next] || len(seen) > maxIFDs {
			return strange(fmt.Errorf("directories in a circle at %d", next))
		}
		seen[next] = true
		var err error
		if next, err = t.directory(next, true); err != nil {
			return err
		}
	}
	return nil
}

// field is an entry of a directory.
type field struct {
	tag, kind uint16
	count     uint64
	value     []byte // the value itself, or where it lies
}

// directory checks the one at offset at and returns where the next is.
func (t tiffFile) directory(at uint64, subs bool) (next uint64, err error) {
	countSize, size, width := uint64(2), uint64(12), uint64(4)
	if t.big {
		countSize, size, width = 8, 20, 8
	}
	head := make([]byte, countSize)
	if err := t.inside(at, countSize); err != nil {
		return 0, err
	}
	if err := t.read(head, int64(at)); err != nil { //nolint:gosec // inside
		return 0, err
	}
	n := uint64(t.order.Uint16(head))
	if t.big {
		n = t.order.Uint64(head)
	}
	if n > 1<<16 {
		return 0, strange(fmt.Errorf("%d entries in a directory", n))
	}
	if err := t.inside(at+countSize, n*size+width); err != nil {
		return 0, err
	}
	body := make([]byte, n*size+width)
	if err := t.read(body, int64(at+countSize)); err != nil { //nolint:gosec // inside
		return 0, err
	}
	fields := map[uint16]field{}
	for i := range n {
		e := body[i*size : (i+1)*size]
		x := field{tag: t.order.Uint16(e), kind: t.order.Uint16(e[2:]), count: t.number(e[4 : 4+width]), value: e[4+width:]}
		fields[x.tag] = x
		if n := x.count * valueWidth(x.kind); n > width && x.count <= uint64(t.size) { //nolint:gosec // a size is not negative
			if err := t.inside(t.number(x.value), n); err != nil {
				return 0, err
			}
		}
	}
	if fields[tagZeissLSM].count > 0 {
		*t.lsm = true
	}
	if err := t.pixels(fields); err != nil {
		return 0, err
	}
	if subs {
		if err := t.subs(fields[tagSubIFDs]); err != nil {
			return 0, err
		}
	}
	return t.number(body[n*size:]), nil
}

// subs checks directories that a directory names, such as coarser levels.
func (t tiffFile) subs(x field) error {
	for i := range min(x.count, 64) {
		at, err := t.element(x, i)
		if err != nil {
			return err
		}
		if _, err := t.directory(at, false); err != nil {
			return err
		}
	}
	return nil
}

// pixels checks that all strips or tiles are inside.
func (t tiffFile) pixels(fields map[uint16]field) error {
	for _, p := range [][2]uint16{{tagStripOffsets, tagStripCounts}, {tagTileOffsets, tagTileCounts}} {
		offs, counts := fields[p[0]], fields[p[1]]
		if counts.count < offs.count {
			continue // nobody wrote down how long they are
		}
		var of strips
		if p[0] == tagStripOffsets && offs.count > 0 {
			of = t.strips(fields)
		}
		if err := t.chunks(offs, counts, of); err != nil {
			return err
		}
	}
	return nil
}

// strips are uncompressed: how many bytes a row has, and how many rows a strip and the image. No bytes:
// they are compressed, or nobody knows.
type strips struct {
	row, rows, height uint64
	unknown           bool // nobody says how long they are: one byte, at least
}

func (t tiffFile) strips(fields map[uint16]field) strips {
	value := func(tag uint16, other uint64) uint64 {
		if fields[tag].count == 0 {
			return other
		}
		v, err := t.element(fields[tag], 0)
		if err != nil {
			return 1 << 32
		}
		return v
	}
	w, h := value(tagWidth, 0), value(tagHeight, 0)
	samples, bits, rows := value(tagSamples, 1), value(tagBits, 1), value(tagRowsPerStrip, h)
	const most = 1 << 24
	if value(tagCompression, 1) != 1 || max(w, h) > most || samples > 1<<16 || bits > 64 || min(h, rows) == 0 {
		return strips{unknown: *t.lsm}
	}
	if value(tagPlanar, 1) == 2 {
		samples = 1
	}
	if rows > most { // all of them
		rows = h
	}
	return strips{row: (w*samples*bits + 7) / 8, rows: rows, height: h}
}

// most is how many of the n bytes that strip i is said to have hold pixels: programs give the last one
// the size of the others, and end the file with its last row.
func (s strips) most(i, n uint64) uint64 {
	if s.unknown {
		return min(n, 1)
	}
	if s.row == 0 || n > s.row*s.rows { // or planes lie behind one another
		return n
	}
	i %= (s.height + s.rows - 1) / s.rows
	return min(n, s.row*min(s.rows, s.height-i*s.rows))
}

// chunks looks at offsets and sizes, some thousands at a time.
func (t tiffFile) chunks(offs, counts field, of strips) error {
	const batch = 1 << 12
	for i := uint64(0); i < offs.count; i += batch {
		m := min(batch, offs.count-i)
		os, err := t.elements(offs, i, m)
		if err != nil {
			return err
		}
		ns, err := t.elements(counts, i, m)
		if err != nil {
			return err
		}
		for k := range os {
			if os[k] == 0 || ns[k] == 0 { // a hole of a sparse image
				continue
			}
			if err := t.inside(os[k], of.most(i+uint64(k), ns[k])); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t tiffFile) element(x field, i uint64) (uint64, error) {
	v, err := t.elements(x, i, 1)
	if err != nil {
		return 0, err
	}
	return v[0], nil
}

// elements returns n values of a field from the i-th on.
func (t tiffFile) elements(x field, i, n uint64) ([]uint64, error) {
	width := uint64(0)
	switch x.kind {
	case 3: // SHORT
		width = 2
	case 4, 13: // LONG, IFD
		width = 4
	case 16, 18: // LONG8, IFD8
		width = 8
	default:
		return nil, strange(fmt.Errorf("tag %d of type %d", x.tag, x.kind))
	}
	if x.count > uint64(t.size) { //nolint:gosec // a size is not negative
		return nil, cut(fmt.Errorf("%d values of tag %d", x.count, x.tag))
	}
	data := make([]byte, n*width)
	if x.count*width <= uint64(len(x.value)) {
		copy(data, x.value[i*width:])
	} else {
		at := t.number(x.value)
		if err := t.inside(at, x.count*width); err != nil {
			return nil, err
		}
		if err := t.read(data, int64(at+i*width)); err != nil { //nolint:gosec // inside
			return nil, err
		}
	}
	out := make([]uint64, n)
	for k := range out {
		out[k] = t.number(data[uint64(k)*width : uint64(k+1)*width]) //nolint:gosec // an index
	}
	return out, nil
}

// valueWidth is how many bytes a value of a type has; 0: nobody knows.
func valueWidth(kind uint16) uint64 {
	switch kind {
	case 1, 2, 6, 7: // BYTE, ASCII, SBYTE, UNDEFINED
		return 1
	case 3, 8: // SHORT, SSHORT
		return 2
	case 4, 9, 11, 13: // LONG, SLONG, FLOAT, IFD
		return 4
	case 5, 10, 12, 16, 17, 18: // RATIONAL, SRATIONAL, DOUBLE, LONG8, SLONG8, IFD8
		return 8
	}
	return 0
}

// number decodes a value of 2, 4 or 8 bytes.
func (t tiffFile) number(b []byte) uint64 {
	switch len(b) {
	case 2:
		return uint64(t.order.Uint16(b))
	case 4:
		return uint64(t.order.Uint32(b))
	}
	return t.order.Uint64(b)
}
