package czi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	segmentHead = 32      // bytes of a segment's name, allocated and used size
	maxBlocks   = 1 << 21 // sub-blocks of a file
	maxText     = 64 << 20
	// maxDims is the largest number of dimensions an entry may have; there are names for 12.
	maxDims = 40
)

// file is an open CZI.
type file struct {
	io.ReaderAt
	io.Closer
	size int64
	name string
}

// header is where things are.
type header struct {
	part                int32
	pending             bool // somebody is changing the file
	directory, metadata int64
}

// block is an entry of the directory: a rectangle of a plane, or a smaller version of it.
type block struct {
	at          int64 // of its segment
	part        int32
	pixel       int32
	compression int32
	x, y        int32 // in pixels of the full resolution
	w, h        int32 // the same
	sw, sh      int32 // pixels that are stored; smaller than w, h in a pyramid
	c, z, t     int32
	m           int32 // what has the higher one lies above; -1: none
	in          series
}

// series says which image of the file a block belongs to, by the dimensions called ways; -1
// where it has no such dimension.
type series [len(ways)]int32

// ways are scene, rotation, illumination, phase, view and block.
const ways = "SRIHVB"

// full reports whether a block has the full resolution.
func (b *block) full() bool { return b.w == b.sw && b.h == b.sh }

// read fills b from offset at.
func (f *file) read(b []byte, at int64) error {
	if at < 0 || int64(len(b)) > f.size || at > f.size-int64(len(b)) {
		return f.cut(fmt.Errorf("%d bytes at %d of %d", len(b), at, f.size))
	}
	if n, err := f.ReadAt(b, at); n < len(b) {
		if errors.Is(err, io.EOF) {
			return f.cut(err)
		}
		return fmt.Errorf("read %s: %w", f.name, err)
	}
	return nil
}

// segment returns the used bytes of the segment at, which follow its head and are inside the
// file, and fills first with the first of them.
func (f *file) segment(at int64, name string, first []byte) (int64, error) {
	b := make([]byte, segmentHead+len(first))
	if err := f.read(b, at); err != nil {
		return 0, err
	}
	if got := bytes.TrimRight(b[:16], "\x00"); string(got) != name {
		return 0, f.broken(fmt.Errorf("%q at %d, not %s", got, at, name))
	}
	used := binary.LittleEndian.Uint64(b[24:])
	if used == 0 { // as old versions of ZEN left it
		used = binary.LittleEndian.Uint64(b[16:])
	}
	if used > uint64(f.size-at-segmentHead) { //nolint:gosec // its head was read
		return 0, f.cut(fmt.Errorf("%s of %d bytes at %d of %d", name, used, at, f.size))
	}
	if used < uint64(len(first)) {
		return 0, f.broken(fmt.Errorf("%s of %d bytes", name, used))
	}
	copy(first, b[segmentHead:])
	return int64(used), nil //nolint:gosec // below the size
}

func (f *file) header() (h header, err error) {
	b := make([]byte, 80)
	if _, err := f.segment(0, "ZISRAWFILE", b); err != nil {
		return h, err
	}
	le := binary.LittleEndian
	h.part, h.pending = int32(le.Uint32(b[48:])), le.Uint32(b[68:]) != 0         //nolint:gosec // as it is meant
	h.directory, h.metadata = int64(le.Uint64(b[52:])), int64(le.Uint64(b[60:])) //nolint:gosec // checked when read
	if h.part == 0 && h.directory == 0 {
		return h, f.cut(errors.New("no directory"))
	}
	return h, nil
}

// text returns where the metadata's XML is, and how many bytes; none where there is none.
func (f *file) text(h header) (at, n int64, err error) {
	if h.metadata == 0 {
		return 0, 0, nil
	}
	var size [4]byte
	used, err := f.segment(h.metadata, "ZISRAWMETADATA", size[:])
	if err != nil {
		return 0, 0, err
	}
	const head = 256
	n = int64(binary.LittleEndian.Uint32(size[:]))
	if n > used-head {
		return 0, 0, f.broken(fmt.Errorf("%d bytes of metadata in %d", n, used))
	}
	return h.metadata + segmentHead + head, n, nil
}

// directory reads the places of all sub-blocks.
func (f *file) directory(ctx context.Context, h header) ([]block, error) {
	const head = 128
	var count [4]byte
	used, err := f.segment(h.directory, "ZISRAWDIRECTORY", count[:])
	if err != nil {
		return nil, err
	}
	n := int64(binary.LittleEndian.Uint32(count[:]))
	if n > maxBlocks {
		return nil, f.unread(fmt.Sprintf("%d tiles", n))
	}
	if n > (used-head)/entryHead {
		return nil, f.broken(fmt.Errorf("%d sub-blocks in a directory of %d bytes", n, used))
	}
	r := bufio.NewReader(io.NewSectionReader(f, h.directory+segmentHead+head, used-head))
	all := make([]block, n)
	for i := range all {
		if i%1024 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if all[i], err = entry(r); errors.Is(err, errEntry) {
			return nil, f.unread("a directory of another kind")
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, f.broken(fmt.Errorf("sub-block %d: %w", i, err))
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.name, err)
		}
	}
	return all, nil
}

const (
	entryHead = 32 // bytes of an entry before its dimensions
	dimSize   = 20 // of a dimension
)

var errEntry = errors.New("an entry that makes no sense")

// entry reads one entry of the directory.
func entry(r io.Reader) (b block, err error) {
	var buf [max(entryHead, dimSize)]byte
	if _, err := io.ReadFull(r, buf[:entryHead]); err != nil {
		return b, err
	}
	le := binary.LittleEndian
	dims := le.Uint32(buf[28:])
	if string(buf[:2]) != "DV" || dims > maxDims {
		return b, fmt.Errorf("%w: %q with %d dimensions", errEntry, buf[:2], dims)
	}
	number := func(at int) int32 { return int32(le.Uint32(buf[at:])) }                                  //nolint:gosec // as it is meant
	b.pixel, b.at, b.part, b.compression = number(2), int64(le.Uint64(buf[6:])), number(14), number(18) //nolint:gosec // checked when read
	b.m, b.in = -1, series{-1, -1, -1, -1, -1, -1}
	for range dims {
		if _, err := io.ReadFull(r, buf[:dimSize]); err != nil {
			return b, err
		}
		start, size, stored := number(4), number(8), number(16)
		if stored == 0 {
			stored = size
		}
		switch string(bytes.TrimRight(buf[:4], "\x00")) {
		case "X":
			b.x, b.w, b.sw = start, size, stored
		case "Y":
			b.y, b.h, b.sh = start, size, stored
		case "C":
			b.c = start
		case "Z":
			b.z = start
		case "T":
			b.t = start
		case "M":
			b.m = start
		default:
			if i := strings.IndexByte(ways, buf[0]); i >= 0 && buf[1] == 0 {
				b.in[i] = start
			}
		}
	}
	if b.w < 1 || b.h < 1 || b.sw < 1 || b.sh < 1 || b.sw > b.w || b.sh > b.h {
		return b, fmt.Errorf("%w: %d × %d pixels of %d × %d", errEntry, b.sw, b.sh, b.w, b.h)
	}
	return b, nil
}

// payload returns where the pixels of a block are, and how many bytes; all are inside the file.
func (f *file) payload(b block) (at, n int64, err error) {
	const least = 256 // bytes of the part with the sizes and the block's own entry
	head := make([]byte, 16+entryHead)
	if _, err := f.segment(b.at, "ZISRAWSUBBLOCK", head); err != nil {
		return 0, 0, err
	}
	rest := f.size - b.at - segmentHead
	le := binary.LittleEndian
	dims := le.Uint32(head[16+28:])
	if dims > maxDims {
		return 0, 0, f.broken(fmt.Errorf("a sub-block of %d dimensions", dims))
	}
	skip := max(least, int64(len(head))+int64(dims)*dimSize) + int64(le.Uint32(head))
	size := le.Uint64(head[8:])
	if skip > rest || size > uint64(rest-skip) { //nolint:gosec // not negative
		return 0, 0, f.cut(fmt.Errorf("%d bytes at %d in a sub-block at %d of %d", size, skip, b.at, f.size))
	}
	return b.at + segmentHead + skip, int64(size), nil //nolint:gosec // below the size
}
