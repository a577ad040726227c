package ending

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// png walks the chunks up to the one that ends the picture; what follows is allowed.
func png(f file) error {
	for at := uint64(8); ; {
		b := make([]byte, 8)
		if err := f.inside(at, 12); err != nil {
			return err
		}
		if err := f.read(b, int64(at)); err != nil { //nolint:gosec // inside
			return err
		}
		n := uint64(binary.BigEndian.Uint32(b))
		if err := f.inside(at, 12+n); err != nil {
			return err
		}
		switch {
		case string(b[4:]) == "IEND":
			return nil
		case b[4] == 0: // room that was made before anything was written to it
			return cut(fmt.Errorf("no chunk at %d", at))
		}
		at += 12 + n
	}
}

// jpeg looks for the end marker behind the start of the pixels: a thumbnail that the
// head may hold has one of its own.
func jpeg(f file) error {
	at := int64(2)
	for {
		b := make([]byte, 4)
		if err := f.read(b, at); err != nil {
			return err
		}
		if b[0] != 0xff {
			return strange(fmt.Errorf("no marker at %d", at))
		}
		if b[1] == 0xff { // fill
			at++
			continue
		}
		n := int64(binary.BigEndian.Uint16(b[2:]))
		if n < 2 {
			return strange(fmt.Errorf("segment of %d bytes at %d", n, at))
		}
		at += 2 + n
		if b[1] == 0xda { // start of scan
			break
		}
	}
	found, err := f.lastIndex([]byte{0xff, 0xd9}, at, f.size)
	if err == nil && found < 0 {
		err = cut(errors.New("no end of image"))
	}
	return err
}

// lastIndex searches backwards for a mark between two offsets; -1 if it is not there.
func (f file) lastIndex(mark []byte, from, to int64) (int64, error) {
	const block = 1 << 16
	buf := make([]byte, block+len(mark)-1)
	for end := to; end-from >= int64(len(mark)); end -= block {
		at := max(from, end-int64(len(buf)))
		b := buf[:end-at]
		if err := f.read(b, at); err != nil {
			return 0, err
		}
		if i := bytes.LastIndex(b, mark); i >= 0 {
			return at + int64(i), nil
		}
	}
	return -1, nil
}

// zip checks the end record and that the directory it names is inside.
func zip(f file) error {
	const record, comment = 22, 1 << 16
	at, err := f.lastIndex([]byte("PK\x05\x06"), max(0, f.size-record-comment), f.size)
	if err != nil {
		return err
	}
	if at < 0 || f.size-at < record {
		return open("the list of its contents")
	}
	b := make([]byte, record)
	if err := f.read(b, at); err != nil {
		return err
	}
	le := binary.LittleEndian
	n, from, note := uint64(le.Uint32(b[12:])), uint64(le.Uint32(b[16:])), uint64(le.Uint16(b[20:]))
	if err := f.inside(uint64(at), record+note); err != nil { //nolint:gosec // found inside
		return err
	}
	if from == 1<<32-1 || n == 1<<32-1 { // ZIP64 keeps them in a record before this one
		return nil
	}
	return file{f, at}.inside(from, n)
}
