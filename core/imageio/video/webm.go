package video

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"math/bits"
	"time"
)

// The elements of Matroska and WebM (RFC 9559) that are looked at.
const (
	idSegment    = 0x18538067
	idInfo       = 0x1549a966
	idScale      = 0x2ad7b1
	idTracks     = 0x1654ae6b
	idTrack      = 0xae
	idNumber     = 0xd7
	idType       = 0x83
	idCodec      = 0x86
	idVideo      = 0xe0
	idWidth      = 0xb0
	idHeight     = 0xba
	idShownWide  = 0x54b0
	idShownHigh  = 0x54ba
	idCluster    = 0x1f43b675
	idTime       = 0xe7
	idSimple     = 0xa3
	idBlockGroup = 0xa0
	idBlock      = 0xa1
)

// webm reads the blocks of the first picture track.
type webm struct {
	container
	track
	scale  int64 // nanoseconds of a tick
	number uint64
	found  bool
	entry  entry // the track that is being read
	time   int64 // of the cluster
}

type entry struct {
	number, kind uint64
	codec        string
	size         image.Point
	wide, high   uint64 // as it is to be shown
}

func openWebM(c container) (*track, error) {
	w := &webm{container: c, scale: 1_000_000}
	w.down = true
	if err := w.elements(0, c.length, 0); err != nil {
		return nil, err
	}
	if !w.found {
		return nil, errCut
	}
	w.order()
	return &w.track, w.check()
}

// vint reads a number of variable length; with keep the marker of its length stays in it.
// all tells that all bits are set: a length that nobody knew.
func (w *webm) vint(off int64, keep bool) (v uint64, n int64, all bool, err error) {
	head, err := w.bytes(off, min(8, w.length-off))
	if err != nil || len(head) == 0 || head[0] == 0 {
		return 0, 0, false, fmt.Errorf("%w: number at %d", errCut, off)
	}
	n = int64(bits.LeadingZeros8(head[0])) + 1
	if int64(len(head)) < n {
		return 0, 0, false, errCut
	}
	v = uint64(head[0])
	if !keep {
		v &= 1<<(8-n) - 1
	}
	for _, b := range head[1:n] {
		v = v<<8 | uint64(b)
	}
	return v, n, v == 1<<(7*n)-1, nil
}

// elements goes through the elements from off to end. A file that is cut short or still
// being written ends where it ends.
func (w *webm) elements(off, end int64, depth int) error {
	for off < end && depth < 6 {
		id, n, _, err := w.vint(off, true)
		if err != nil {
			return nil //nolint:nilerr // the end of what is there
		}
		size, m, unknown, err := w.vint(off+n, false)
		if err != nil {
			return nil //nolint:nilerr // the end of what is there
		}
		body := off + n + m
		next := body + int64(min(size, 1<<62))
		if unknown || next > end || next < body {
			if id == idSimple || id == idBlock {
				return nil // half a picture
			}
			next = end
		}
		if unknown && id == idCluster { // its elements follow as if they were beside it
			off = body
			continue
		}
		if err := w.element(id, body, next, depth); err != nil {
			return err
		}
		off = next
	}
	return nil
}

func (w *webm) element(id uint64, off, end int64, depth int) error {
	switch id {
	case idSegment, idInfo, idTracks, idVideo, idCluster, idBlockGroup:
		return w.elements(off, end, depth+1)
	case idTrack:
		w.entry = entry{}
		err := w.elements(off, end, depth+1)
		if e := w.entry; e.kind == 1 && !w.found {
			w.found, w.number, w.codec, w.size = true, e.number, e.codec, e.size
			w.shaped(e.wide*uint64(e.size.Y), e.high*uint64(e.size.X))
		}
		return err
	case idSimple, idBlock:
		return w.block(off, end)
	case idScale, idNumber, idType, idCodec, idWidth, idHeight, idShownWide, idShownHigh, idTime:
		b, err := w.bytes(off, min(end-off, 64))
		if err != nil {
			return err
		}
		w.value(id, b)
	}
	return nil
}

func (w *webm) value(id uint64, b []byte) {
	var wide [8]byte
	if len(b) <= 8 {
		copy(wide[8-len(b):], b)
	}
	v := binary.BigEndian.Uint64(wide[:])
	switch id {
	case idScale:
		w.scale = int64(min(v, uint64(time.Second)))
	case idTime:
		w.time = int64(min(v, math.MaxInt64/2))
	case idNumber:
		w.entry.number = v
	case idType:
		w.entry.kind = v
	case idCodec:
		w.entry.codec = string(bytes.TrimRight(b, "\x00"))
	case idWidth:
		w.entry.size.X = int(min(v, maxSide+1))
	case idHeight:
		w.entry.size.Y = int(min(v, maxSide+1))
	case idShownWide:
		w.entry.wide = min(v, 1<<32)
	case idShownHigh:
		w.entry.high = min(v, 1<<32)
	}
}

// block keeps where a picture lies and when it is shown.
func (w *webm) block(off, end int64) error {
	number, n, _, err := w.vint(off, false)
	if err != nil || !w.found || number != w.number {
		return nil //nolint:nilerr // nothing of the track
	}
	b, err := w.bytes(off+n, 3)
	if err != nil || end-off-n-3 > maxFrame || len(w.frames) >= maxFrames {
		return nil //nolint:nilerr // the end of what is there
	}
	ticks := w.time + int64(int16(binary.BigEndian.Uint16(b)))
	at := time.Duration(float64(ticks) * float64(w.scale))
	w.frames = append(w.frames, frame{off: off + n + 3, n: int(max(0, end-off-n-3)), at: at})
	return nil
}
