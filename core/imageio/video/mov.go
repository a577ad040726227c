package video

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"time"
)

// mov reads the index of a QuickTime or MP4 file (ISO/IEC 14496-12).
type mov struct {
	container
	tables map[string][]byte // of the track that is being read, by their four letters
	video  map[string][]byte // those of the picture track
	scale  uint32
	extra  []frame // of fragments, which follow the tables
	moof   int64   // where the fragment that is being read begins
}

// maxTable is the most bytes of one table of an index.
const maxTable = 160 << 20

func openMOV(c container) (*track, error) {
	m := &mov{container: c, tables: map[string][]byte{}}
	if err := m.boxes(0, c.length, 0); err != nil && (len(m.extra) == 0 || !errors.Is(err, errCut)) {
		return nil, err // a film that is still being written ends in half a fragment
	}
	if m.tables = m.video; m.tables["stsd"] == nil {
		return nil, errCut
	}
	t, err := m.sample()
	if err != nil {
		return nil, err
	}
	if t.frames, err = m.frames(); err != nil {
		return nil, err
	}
	t.frames = append(t.frames, m.extra...)
	t.order()
	return t, t.check()
}

// boxes goes through the boxes from off to end and down into those that hold others.
func (m *mov) boxes(off, end int64, depth int) error {
	for off+8 <= end && depth < 8 {
		head, err := m.bytes(off, min(16, end-off))
		if err != nil {
			return err
		}
		n, body := int64(binary.BigEndian.Uint32(head)), off+8
		switch {
		case n == 1 && len(head) == 16:
			n, body = int64(binary.BigEndian.Uint64(head[8:])&(1<<62-1)), off+16
		case n == 0:
			n = end - off
		}
		if n < body-off {
			return fmt.Errorf("%w: box at %d", errCut, off)
		}
		if string(head[4:8]) == "moof" {
			m.moof = off
		}
		if err := m.box(string(head[4:8]), body, min(off+n, end), depth); err != nil {
			return err
		}
		off += n
	}
	return nil
}

func (m *mov) box(id string, off, end int64, depth int) error {
	switch id {
	case "moov", "mdia", "minf", "stbl", "edts", "mvex", "moof":
		return m.boxes(off, end, depth+1)
	case "trak":
		m.tables = map[string][]byte{}
		if err := m.boxes(off, end, depth+1); err != nil {
			return err
		}
		if h := m.tables["hdlr"]; len(h) >= 12 && string(h[8:12]) == "vide" && m.video == nil {
			m.video = m.tables
		}
	case "traf":
		m.tables = map[string][]byte{}
		return m.boxes(off, end, depth+1)
	case "trun":
		b, err := m.bytes(off, min(end-off, maxTable))
		if err != nil {
			return err
		}
		return m.run(b)
	case "trex":
		b, err := m.bytes(off, end-off)
		if err != nil {
			return err
		}
		if t := m.video["tkhd"]; m.video != nil && len(b) >= 24 && trackID(t) == binary.BigEndian.Uint32(b[4:]) {
			m.video[id] = b
		}
	case "mdhd", "hdlr", "stsd", "stts", "ctts", "stsc", "stsz", "stco", "co64", "tkhd", "tfhd", "tfdt":
		if _, there := m.tables[id]; there && id == "hdlr" { // QuickTime has a second one, of the data
			return nil
		}
		if end-off > maxTable {
			return fmt.Errorf("%w: table of %d bytes", errCut, end-off)
		}
		b, err := m.bytes(off, end-off)
		if err != nil {
			return err
		}
		m.tables[id] = b
	}
	return nil
}

// sample reads what the pictures are.
func (m *mov) sample() (*track, error) {
	b := m.tables["stsd"]
	if len(b) < 8+86 || binary.BigEndian.Uint32(b[4:]) == 0 {
		return nil, errCut
	}
	e := b[8:]
	t := &track{codec: string(e[4:8]), size: image.Pt(int(binary.BigEndian.Uint16(e[32:])), int(binary.BigEndian.Uint16(e[34:])))}
	if t.codec == "mp4v" && objectType(e) == 0x6c { // MPEG-4's name for JPEG
		t.codec = "jpeg"
	}
	t.depth = int(binary.BigEndian.Uint16(e[82:]))
	switch {
	case t.depth > 32: // QuickTime: 40 is 8 bits of grey, the darkest last
		t.depth -= 32
		t.negative = true
	case t.codec == "raw " && t.depth <= 8:
		return nil, errOther("pictures with a palette of colours")
	}
	t.down, t.quick, t.turn = true, true, turnOf(m.tables["tkhd"])
	if _, b, ok := bytes.Cut(e[86:], []byte("pasp")); ok && len(b) >= 8 {
		t.shaped(uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:])))
	}
	m.scale = ticks(m.tables["mdhd"])
	if m.scale == 0 {
		return nil, errCut
	}
	return t, nil
}

// ticks is how many make a second, by the header of a track's media; 0 without one.
func ticks(mdhd []byte) uint32 {
	switch {
	case len(mdhd) >= 24 && mdhd[0] == 1:
		return binary.BigEndian.Uint32(mdhd[20:])
	case len(mdhd) >= 16:
		return binary.BigEndian.Uint32(mdhd[12:])
	}
	return 0
}

// objectType finds what an elementary stream descriptor (ISO/IEC 14496-1) names, 0 if there
// is none.
func objectType(entry []byte) byte {
	_, b, ok := bytes.Cut(entry, []byte("esds"))
	if !ok || len(b) < 4 {
		return 0
	}
	b = b[4:]
	for len(b) > 0 {
		tag := b[0]
		for b = b[1:]; len(b) > 0 && b[0]&0x80 != 0; { // a length of several bytes
			b = b[1:]
		}
		if len(b) < 5 {
			return 0
		}
		b = b[1:]
		if tag == 4 {
			return b[0]
		}
		b = b[3:] // the id and flags of the stream; what may follow them is rare
	}
	return 0
}

// entries are those of a table behind its count: rows of width numbers of 32 bits.
func (m *mov) entries(id string, width int) ([]uint32, error) {
	b := m.tables[id]
	if len(b) < 8 {
		return nil, nil
	}
	n := uint64(binary.BigEndian.Uint32(b[4:]))
	if n*uint64(width)*4 > uint64(len(b)-8) {
		return nil, fmt.Errorf("%w: %d rows of %s", errCut, n, id)
	}
	out := make([]uint32, int(n)*width)
	for i := range out {
		out[i] = binary.BigEndian.Uint32(b[8+4*i:])
	}
	return out, nil
}

// frames joins the tables: sizes, chunks of samples, times.
func (m *mov) frames() ([]frame, error) {
	sizes, err := m.sizes()
	if err != nil {
		return nil, err
	}
	out := make([]frame, len(sizes))
	if err := m.places(out, sizes); err != nil {
		return nil, err
	}
	return out, m.times(out)
}

func (m *mov) sizes() ([]uint32, error) {
	b := m.tables["stsz"]
	if len(b) < 12 {
		return nil, errCut
	}
	one, n := binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
	if n > maxFrames || uint64(n)*uint64(one) > uint64(m.length) || one == 0 && uint64(n)*4 > uint64(len(b)-12) {
		return nil, fmt.Errorf("%w: %d frames", errCut, n)
	}
	out := make([]uint32, n)
	for i := range out {
		if out[i] = one; one == 0 {
			out[i] = binary.BigEndian.Uint32(b[12+4*i:])
		}
		if out[i] > maxFrame {
			return nil, fmt.Errorf("%w: frame of %d bytes", errCut, out[i])
		}
	}
	return out, nil
}

// chunks are the places of chunks.
func (m *mov) chunks() ([]int64, error) {
	if long, err := m.entries("co64", 2); err != nil || len(long) > 0 {
		out := make([]int64, len(long)/2)
		for i := range out {
			out[i] = int64(uint64(long[2*i])<<32|uint64(long[2*i+1])) & (1<<62 - 1)
		}
		return out, err
	}
	short, err := m.entries("stco", 1)
	out := make([]int64, len(short))
	for i, v := range short {
		out[i] = int64(v)
	}
	return out, err
}

func (m *mov) places(out []frame, sizes []uint32) error {
	chunks, err := m.chunks()
	if err != nil {
		return err
	}
	runs, err := m.entries("stsc", 3) // first chunk, samples in each, description
	if err != nil {
		return err
	}
	i := 0
	for k, off := range chunks {
		for len(runs) >= 6 && uint64(runs[3]) <= uint64(k)+1 {
			runs = runs[3:]
		}
		if len(runs) < 3 {
			return errCut
		}
		for range runs[1] {
			if i == len(out) {
				return nil
			}
			out[i].off, out[i].n = off, int(sizes[i])
			off += int64(sizes[i])
			i++
		}
	}
	if i < len(out) {
		return fmt.Errorf("%w: %d of %d frames have a place", errCut, i, len(out))
	}
	return nil
}

// times sets when frames are shown: durations in the order of decoding, and by how much a
// frame is shown later than it is decoded.
func (m *mov) times(out []frame) error {
	runs, err := m.entries("stts", 2)
	if err != nil {
		return err
	}
	late, err := m.entries("ctts", 2)
	if err != nil {
		return err
	}
	unit := float64(time.Second) / float64(m.scale)
	i, at := 0, int64(0)
	for ; len(runs) >= 2 && i < len(out); runs = runs[2:] {
		for n := runs[0]; n > 0 && i < len(out); n-- {
			out[i].at = time.Duration(float64(at) * unit)
			at += int64(runs[1])
			i++
		}
	}
	if i < len(out) {
		return fmt.Errorf("%w: %d of %d frames have a time", errCut, i, len(out))
	}
	i = 0
	for ; len(late) >= 2; late = late[2:] {
		for n := late[0]; n > 0 && i < len(out); n-- {
			out[i].at += time.Duration(float64(int32(late[1])) * unit)
			i++
		}
	}
	return nil
}
