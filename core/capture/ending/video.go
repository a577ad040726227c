package ending

import (
	"encoding/binary"
	"fmt"
)

// riff walks the RIFF pieces of an AVI file (or sound): their sizes are written when the
// file is closed.
func riff(f file) error {
	size := uint64(f.size) //nolint:gosec // not negative
	for at := uint64(0); at < size; {
		if size-at < 12 {
			return nil // some bytes to fill up
		}
		b := make([]byte, 12)
		if err := f.read(b, int64(at)); err != nil { //nolint:gosec // inside
			return err
		}
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		switch {
		case string(b[:4]) != "RIFF" && at > 0:
			return nil // what follows is not ours
		case n == 0 || n == 1<<32-1:
			return open("its length")
		}
		if err := f.inside(at, 8+n); err != nil {
			return err
		}
		if at == 0 && string(b[8:]) == "AVI " {
			if err := f.avi(8 + n); err != nil {
				return err
			}
		}
		at += 8 + n + n&1
	}
	return nil
}

// avi checks the lists of the first RIFF piece, which ends at end: the pictures, and the
// number of them that the header tells.
func (f file) avi(end uint64) error {
	movie := false
	for at := uint64(12); at+12 <= end; {
		b := make([]byte, 12)
		if err := f.read(b, int64(at)); err != nil { //nolint:gosec // inside
			return err
		}
		n := uint64(binary.LittleEndian.Uint32(b[4:]))
		if at+8+n > end {
			return cut(fmt.Errorf("%q of %d bytes at %d", b[:4], n, at))
		}
		movie = movie || string(b[:4]) == "LIST" && string(b[8:]) == "movi" && n > 4
		at += 8 + n + n&1
	}
	if !movie {
		return open("the list of its pictures")
	}
	return nil
}

// isBoxes matches MP4, MOV and JPEG 2000, of which older ND2 files are made.
func isBoxes(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	switch string(head[4:8]) {
	case "ftyp", "moov", "mdat", "wide", "free", "skip", "pnot", "jP  ":
		return true
	}
	return false
}

// boxes walks the boxes of the outermost level. A film has one that tells where its
// pictures are, which most programs write last.
func boxes(f file) error {
	size := uint64(f.size) //nolint:gosec // not negative
	film, told := false, false
	for at := uint64(0); at < size; {
		b := make([]byte, 16)
		if err := f.inside(at, 8); err != nil {
			return err
		}
		if err := f.read(b[:min(16, size-at)], int64(at)); err != nil { //nolint:gosec // inside
			return err
		}
		n, head := uint64(binary.BigEndian.Uint32(b)), uint64(8)
		if n == 1 {
			n, head = binary.BigEndian.Uint64(b[8:]), 16
		}
		name := string(b[4:8])
		film = film || name != "jP  " && at == 0
		told = told || name == "moov"
		if n == 0 { // up to the end of the file
			break
		}
		if n < head {
			return strange(fmt.Errorf("box %q of %d bytes at %d", name, n, at))
		}
		if err := f.inside(at, n); err != nil {
			return err
		}
		at += n
	}
	if film && !told {
		return open("the table of its pictures")
	}
	return nil
}

// matroska checks MKV and WebM: the segment's length, which is written when the file is
// closed, or else each piece of it.
func matroska(f file) error {
	size := uint64(f.size) //nolint:gosec // not negative
	at, err := f.ebml(0)
	if err != nil {
		return err
	}
	for at.end < size && at.id != idSegment {
		if at, err = f.ebml(at.end); err != nil {
			return err
		}
	}
	if at.id != idSegment {
		return open("everything but its head")
	}
	if !at.endless {
		return f.inside(0, at.end)
	}
	for pos := at.start; pos < size; {
		e, err := f.ebml(pos)
		if err != nil {
			return err
		}
		if pos = e.end; e.endless {
			pos = e.start // look at what is in it
		}
		if err := f.inside(0, pos); err != nil {
			return err
		}
	}
	return nil
}

// idSegment is the element of Matroska that holds all but the head.
const idSegment = 0x18538067

// piece is an element of Matroska.
type piece struct {
	id         uint64
	start, end uint64 // of what it holds
	endless    bool   // its length is not known
}

// ebml reads the head of the element at offset at.
func (f file) ebml(at uint64) (piece, error) {
	b := make([]byte, 12)
	size := uint64(f.size) //nolint:gosec // not negative
	if at >= size {
		return piece{}, cut(fmt.Errorf("nothing at %d", at))
	}
	n := min(12, size-at)
	if err := f.read(b[:n], int64(at)); err != nil { //nolint:gosec // inside
		return piece{}, err
	}
	il := vintLength(b[0])
	if il <= 4 && il > n {
		return piece{}, cut(fmt.Errorf("half an element at %d", at))
	}
	if il > 4 {
		return piece{}, strange(fmt.Errorf("no element at %d", at))
	}
	e := piece{}
	for _, c := range b[:il] {
		e.id = e.id<<8 | uint64(c)
	}
	sl := uint64(9)
	if il < n {
		sl = vintLength(b[il])
	}
	if sl > 8 || il+sl > n {
		return piece{}, cut(fmt.Errorf("no length of the element at %d", at))
	}
	v := uint64(b[il]) & (1<<(8-sl) - 1)
	ones := v == 1<<(8-sl)-1
	for _, c := range b[il+1 : il+sl] {
		v, ones = v<<8|uint64(c), ones && c == 0xff
	}
	e.start = at + il + sl
	e.end, e.endless = e.start+v, ones
	return e, nil
}

// vintLength is how many bytes a number of Matroska has by its first one.
func vintLength(b byte) uint64 {
	n := uint64(1)
	for b&0x80 == 0 && n < 9 {
		b, n = b<<1, n+1
	}
	return n
}
