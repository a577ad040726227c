package video

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"
)

// avi reads the index of an AVI file (RIFF, and OpenDML's extension for more than 2 GB).
type avi struct {
	container
	track
	stream      int // number of the picture stream
	streams     int
	scale, rate int64
	super       []byte // OpenDML's index of indexes
	movi        int64  // of the first list of chunks: where its letters stand
	end         int64
}

func openAVI(c container) (*track, error) {
	a := &avi{container: c, stream: -1}
	a.blind = true
	end := c.length
	if n := a.word(4); n > 0 { // 0 while it is being written
		end = min(end, 8+n)
	}
	if err := a.list(12, end, 0); err != nil {
		return nil, err
	}
	if a.stream < 0 {
		return nil, errors.New("video: no pictures in it")
	}
	if a.movi == 0 || a.rate <= 0 || a.scale <= 0 {
		return nil, errCut
	}
	if err := a.index(); err != nil {
		return nil, err
	}
	for i := range a.frames {
		a.frames[i].at = time.Duration(float64(i) * float64(a.scale) / float64(a.rate) * float64(time.Second))
	}
	if !a.ours() { // of a dropped frame ffmpeg gives nothing
		a.frames = slices.DeleteFunc(a.frames, func(f frame) bool { return f.n == 0 })
	}
	if len(a.frames) > 0 && a.frames[0].n == 0 {
		return nil, errCut
	}
	for i := range a.frames {
		if a.frames[i].n == 0 { // it shows the one before
			a.frames[i].off, a.frames[i].n = a.frames[i-1].off, a.frames[i-1].n
		}
	}
	return &a.track, a.check()
}

// word reads 32 bits, 0 behind the end.
func (a *avi) word(off int64) int64 {
	b, err := a.bytes(off, 4)
	if err != nil {
		return 0
	}
	return int64(binary.LittleEndian.Uint32(b))
}

// list goes through the chunks from off to end.
func (a *avi) list(off, end int64, depth int) error {
	for off+8 <= end && depth < 8 {
		head, err := a.bytes(off, 12)
		if err != nil {
			return nil //nolint:nilerr // the end of what is there
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		if err := a.chunk(head, off+8, n, end, depth); err != nil {
			return err
		}
		off += 8 + n + n&1
	}
	return nil
}

// chunk takes in the chunk whose n bytes begin at body.
func (a *avi) chunk(head []byte, body, n, end int64, depth int) error {
	mine := a.stream == a.streams-1
	switch id := string(head[:4]); {
	case id == "LIST" && string(head[8:]) == "movi":
		if a.movi == 0 {
			a.movi, a.end = body, min(body+n, a.length)
		}
	case id == "LIST":
		return a.list(body+4, min(body+n, end), depth+1)
	case id == "strh":
		a.streams++
		return a.header(body, n)
	case id == "strf" && mine:
		return a.format(body, n)
	case id == "vprp" && mine:
		a.proportion(body)
	case id == "indx" && mine && n <= 16<<20:
		a.super, _ = a.bytes(body, n) // without it the chunks are walked
	}
	return nil
}

func (a *avi) header(off, n int64) error {
	b, err := a.bytes(off, min(n, 28))
	if err != nil || n < 28 {
		return errCut
	}
	if string(b[:4]) == "vids" && a.stream < 0 {
		a.stream = a.streams - 1
		a.scale, a.rate = int64(binary.LittleEndian.Uint32(b[20:])), int64(binary.LittleEndian.Uint32(b[24:]))
	}
	return nil
}

// proportion reads that of the whole picture, of OpenDML's properties.
func (a *avi) proportion(off int64) {
	by, w, h := uint64(a.word(off+20)), uint64(a.word(off+24)), uint64(a.word(off+28))
	if max(w, h) <= maxSide {
		a.shaped(by>>16*h, by&0xffff*w)
	}
}

// format reads a BITMAPINFOHEADER and its palette.
func (a *avi) format(off, n int64) error {
	b, err := a.bytes(off, min(n, 40+1024))
	if err != nil || n < 40 {
		return errCut
	}
	le := binary.LittleEndian
	h := int(int32(le.Uint32(b[8:])))
	a.shape(int(le.Uint32(b[4:])), h)
	a.depth, a.codec = int(le.Uint16(b[14:])), string(b[16:20])
	if le.Uint32(b[16:]) == 0 {
		a.codec = "raw "
	}
	plain := true
	for i, p := 0, b[40:]; len(p) >= 4 && a.depth == 8; i, p = i+1, p[4:] {
		a.palette = append(a.palette, [3]byte{p[2], p[1], p[0]})
		plain = plain && p[0] == p[1] && p[1] == p[2] && int(p[0]) == i
	}
	if plain {
		a.palette = nil
	}
	return nil
}

func (a *avi) shape(w, h int) {
	a.down = h < 0
	if h < 0 {
		h = -h
	}
	a.size = image.Pt(w, h)
}

// index finds all frames: by OpenDML's index, by that of the old kind, or by walking.
func (a *avi) index() error {
	if len(a.super) > 24 && a.openDML() == nil && len(a.frames) > 0 {
		return nil
	}
	a.frames = nil
	if a.idx1() && len(a.frames) > 0 {
		return nil
	}
	a.frames = nil
	return a.walk()
}

// mine reports whether a chunk's name is that of a picture of the stream.
func (a *avi) mine(id []byte) bool {
	return id[0] == byte('0'+a.stream/10) && id[1] == byte('0'+a.stream%10) && id[2] == 'd' && (id[3] == 'c' || id[3] == 'b')
}

func (a *avi) add(off, n int64) error {
	if off > a.length || n > maxFrame || len(a.frames) >= maxFrames {
		return fmt.Errorf("%w: frame of %d bytes at %d", errCut, n, off)
	}
	a.frames = append(a.frames, frame{off: off, n: int(n)})
	return nil
}

// openDML follows the index of indexes.
func (a *avi) openDML() error {
	le := binary.LittleEndian
	if a.super[2] != 0 || a.super[3] != 0 { // an index of indexes
		return errCut
	}
	n := int(le.Uint32(a.super[4:]))
	for e := a.super[24:]; n > 0 && len(e) >= 16; n, e = n-1, e[16:] {
		at, size := int64(le.Uint64(e)), int64(le.Uint32(e[8:]))
		b, err := a.bytes(at, size)
		if err != nil {
			return err
		}
		if len(b) < 32 || b[11] != 1 { // an index of chunks
			return errCut
		}
		base, count := int64(le.Uint64(b[20:])), int(le.Uint32(b[12:]))
		for p := b[32:]; count > 0 && len(p) >= 8; count, p = count-1, p[8:] {
			if err := a.add(base+int64(le.Uint32(p)), int64(le.Uint32(p[4:])&0x7fffffff)); err != nil {
				return err
			}
		}
		if count > 0 {
			return errCut
		}
	}
	return nil
}

// idx1 reads the index behind the first list; its places count from the list or from the
// beginning of the file.
func (a *avi) idx1() bool {
	head, err := a.bytes(a.end+a.end&1, 8)
	if err != nil || string(head[:4]) != "idx1" {
		return false
	}
	b, err := a.bytes(a.end+a.end&1+8, min(int64(binary.LittleEndian.Uint32(head[4:])), 16*maxFrames))
	if err != nil {
		return false
	}
	base := int64(-1)
	for ; len(b) >= 16; b = b[16:] {
		if !a.mine(b) {
			continue
		}
		at, n := int64(binary.LittleEndian.Uint32(b[8:])), int64(binary.LittleEndian.Uint32(b[12:]))
		if base < 0 {
			base = 0
			if id, err := a.bytes(a.movi+at, 4); err == nil && a.mine(id) {
				base = a.movi
			}
		}
		if a.add(base+at+8, n) != nil {
			return false
		}
	}
	return a.length <= a.end+a.end&1+8+int64(binary.LittleEndian.Uint32(head[4:]))+1<<20 // else more follows that it does not list
}

// walk goes through all chunks of all lists, as far as they are there.
func (a *avi) walk() error {
	for off := int64(0); off+12 <= a.length; {
		head, err := a.bytes(off, 12)
		if err != nil {
			return err
		}
		n := int64(binary.LittleEndian.Uint32(head[4:]))
		switch id := head[:4]; {
		case string(id) == "RIFF", string(id) == "LIST" && (string(head[8:]) == "movi" || string(head[8:]) == "rec "):
			off += 12
			continue
		case a.mine(id) && n <= a.length-off-8:
			if err := a.add(off+8, n); err != nil {
				return err
			}
		}
		off += 8 + n + n&1
	}
	return nil
}
