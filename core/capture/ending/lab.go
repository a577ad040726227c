package ending

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// czi checks Zeiss's directories of planes and attachments and the metadata, which are
// written when the file is closed. Offsets are of ZEN's file format 1.2.
func czi(f file) error {
	const header = 32 // of a segment: name, allocated and used bytes
	b := make([]byte, header+80)
	if err := f.read(b, 0); err != nil {
		return err
	}
	le := binary.LittleEndian
	if le.Uint32(b[header+68:]) != 0 {
		return open("the end of a change")
	}
	if part := le.Uint32(b[header+48:]); part > 0 {
		return nil // a further part: the first one has the directory
	}
	if le.Uint64(b[header+52:]) == 0 {
		return open("the directory of its planes")
	}
	for _, s := range []struct {
		at   uint64
		name string
	}{
		{le.Uint64(b[header+52:]), "ZISRAWDIRECTORY"},
		{le.Uint64(b[header+60:]), "ZISRAWMETADATA"},
		{le.Uint64(b[header+72:]), "ZISRAWATTDIR"},
	} {
		if s.at == 0 {
			continue
		}
		if err := f.segment(s.at, s.name); err != nil {
			return err
		}
	}
	return nil
}

// segment checks that a segment of a CZI file is inside.
func (f file) segment(at uint64, name string) error {
	if err := f.inside(at, 32); err != nil {
		return err
	}
	b := make([]byte, 32)
	if err := f.read(b, int64(at)); err != nil { //nolint:gosec // inside
		return err
	}
	if !bytes.Equal(bytes.TrimRight(b[:16], "\x00"), []byte(name)) {
		return cut(fmt.Errorf("no %s at %d", name, at))
	}
	used := binary.LittleEndian.Uint64(b[24:])
	if used == 0 { // as old versions of ZEN left it
		used = binary.LittleEndian.Uint64(b[16:])
	}
	return f.inside(at+32, used)
}

// nd2 checks Nikon's map of chunks, which the last 40 bytes name.
func nd2(f file) error {
	const mark = "ND2 CHUNK MAP SIGNATURE 0000001!"
	b := make([]byte, 40)
	if err := f.read(b, f.size-40); err != nil {
		return err
	}
	if string(b[:32]) != mark {
		return open("the map of its parts")
	}
	at := binary.LittleEndian.Uint64(b[32:])
	if err := f.inside(at, 16); err != nil {
		return err
	}
	head := make([]byte, 16)                        // magic, length of the name, length of the data
	if err := f.read(head, int64(at)); err != nil { //nolint:gosec // inside
		return err
	}
	if binary.LittleEndian.Uint32(head) != 0x0abeceda {
		return cut(fmt.Errorf("no chunk at %d", at))
	}
	return f.inside(at+16, uint64(binary.LittleEndian.Uint32(head[4:]))+binary.LittleEndian.Uint64(head[8:]))
}

// lif walks Leica's blocks: a description in XML, then one block for each memory that it
// names.
func lif(f file) error {
	le := binary.LittleEndian
	b := make([]byte, 13)
	if err := f.read(b, 0); err != nil {
		return err
	}
	chars := uint64(le.Uint32(b[9:]))
	if b[8] != 0x2a || chars > 1<<28 {
		return nil // something else that begins with a p
	}
	if err := f.inside(13, 2*chars); err != nil {
		return err
	}
	xml := make([]byte, 2*chars)
	if err := f.read(xml, 13); err != nil {
		return err
	}
	want, have := memories(xml), 0
	size := uint64(f.size) //nolint:gosec // not negative
	for at := 13 + 2*chars; at < size; have++ {
		next, err := f.memory(at)
		if err != nil {
			return err
		}
		at = next
	}
	if have < want {
		return cut(fmt.Errorf("%d memories of %d", have, want))
	}
	return nil
}

// memories counts the blocks that a description in UTF-16 promises.
func memories(xml []byte) int {
	var word []byte
	for _, c := range []byte("<Memory ") {
		word = append(word, c, 0)
	}
	return bytes.Count(xml, word)
}

// memory checks the block at offset at and returns where the next one begins. Its size
// has 32 bits in old files and 64 in new ones; a * follows.
func (f file) memory(at uint64) (next uint64, err error) {
	le := binary.LittleEndian
	b := make([]byte, 22)
	if err := f.inside(at, uint64(len(b))); err != nil {
		return 0, err
	}
	if err := f.read(b, int64(at)); err != nil { //nolint:gosec // inside
		return 0, err
	}
	if le.Uint32(b) != 0x70 || b[8] != 0x2a {
		return 0, strange(fmt.Errorf("no block at %d", at))
	}
	n, name := uint64(le.Uint32(b[9:])), uint64(13)
	if b[13] != 0x2a {
		n, name = le.Uint64(b[9:]), 17
	}
	if b[name] != 0x2a {
		return 0, strange(fmt.Errorf("no name of the block at %d", at))
	}
	chars := uint64(le.Uint32(b[name+1:]))
	start := at + name + 5 + 2*chars
	return start + n, f.inside(start, n)
}

// hdf5 checks the end that the superblock names, as Imaris and others write it.
func hdf5(f file) error {
	b := make([]byte, 96) // room for offsets of any width
	if f.size < 44 {
		return cut(fmt.Errorf("a superblock of %d bytes", f.size))
	}
	if err := f.read(b[:min(96, f.size)], 0); err != nil {
		return err
	}
	base, width := uint64(24), uint64(b[13])
	switch b[8] {
	case 0:
	case 1:
		base = 28
	case 2, 3:
		base, width = 12, uint64(b[9])
	default:
		return strange(fmt.Errorf("superblock %d", b[8]))
	}
	end := uint64(0)
	switch at := base + 2*width; width {
	case 4:
		end = uint64(binary.LittleEndian.Uint32(b[at:]))
	case 8:
		end = binary.LittleEndian.Uint64(b[at:])
	default:
		return strange(fmt.Errorf("offsets of %d bytes", width))
	}
	if end == 0 {
		return open("its length")
	}
	return f.inside(0, end)
}
