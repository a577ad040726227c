package video

import (
	"encoding/binary"
	"fmt"
	"time"
)

// trackID is the number of a track, by its header; 0 for none.
func trackID(tkhd []byte) uint32 {
	switch {
	case len(tkhd) >= 24 && tkhd[0] == 1:
		return binary.BigEndian.Uint32(tkhd[20:])
	case len(tkhd) >= 16 && tkhd[0] == 0:
		return binary.BigEndian.Uint32(tkhd[12:])
	}
	return 0
}

// words reads numbers of 32 bits one after the other; behind the end they are 0.
type words []byte

func (w *words) next() uint32 {
	if len(*w) < 4 {
		*w = nil
		return 0
	}
	v := binary.BigEndian.Uint32(*w)
	*w = (*w)[4:]
	return v
}

// fragment is what stands before the runs of a fragment: defaults and where it begins.
type fragment struct {
	base, time     int64
	duration, size uint32
}

// fragment reads the headers of the fragment; ok is false for one of another track.
func (m *mov) fragment() (f fragment, ok bool) {
	w := words(m.tables["tfhd"])
	flags := w.next() & 0xffffff
	if id := w.next(); id == 0 || id != trackID(m.video["tkhd"]) {
		return f, false
	}
	if d := m.video["trex"]; len(d) >= 24 {
		f.duration, f.size = binary.BigEndian.Uint32(d[12:]), binary.BigEndian.Uint32(d[16:])
	}
	f.base = m.moof
	if flags&1 != 0 {
		f.base = int64(uint64(w.next())<<32|uint64(w.next())) & (1<<62 - 1)
	}
	if flags&2 != 0 {
		w.next()
	}
	if flags&8 != 0 {
		f.duration = w.next()
	}
	if flags&16 != 0 {
		f.size = w.next()
	}
	t := words(m.tables["tfdt"])
	if version := t.next() >> 24; version == 1 {
		f.time = int64(uint64(t.next())<<32|uint64(t.next())) & (1<<62 - 1)
	} else {
		f.time = int64(t.next())
	}
	return f, true
}

// run reads the frames of a fragment.
func (m *mov) run(b []byte) error {
	f, ok := m.fragment()
	if !ok {
		return nil
	}
	scale := ticks(m.video["mdhd"])
	w := words(b)
	flags, n := w.next()&0xffffff, w.next()
	if flags&1 != 0 {
		f.base += int64(int32(w.next()))
	}
	if flags&4 != 0 {
		w.next()
	}
	width := 0
	for bit := uint32(0x100); bit <= 0x800; bit <<= 1 {
		if flags&bit != 0 {
			width += 4
		}
	}
	if scale == 0 || uint64(n)*uint64(width) > uint64(len(w)) || len(m.extra)+int(n) > maxFrames || uint64(n) > uint64(m.length) {
		return fmt.Errorf("%w: run of %d frames", errCut, n)
	}
	for range n {
		duration, size, late := f.duration, f.size, int32(0)
		if flags&0x100 != 0 {
			duration = w.next()
		}
		if flags&0x200 != 0 {
			size = w.next()
		}
		if flags&0x400 != 0 {
			w.next()
		}
		if flags&0x800 != 0 {
			late = int32(w.next())
		}
		if size > maxFrame || f.base > m.length-int64(size) {
			return fmt.Errorf("%w: frame of %d bytes at %d", errCut, size, f.base)
		}
		at := float64(f.time+int64(late)) / float64(scale) * float64(time.Second)
		m.extra = append(m.extra, frame{off: f.base, n: int(size), at: time.Duration(at)})
		f.base += int64(size)
		f.time += int64(duration)
	}
	m.tables["tfdt"] = binary.BigEndian.AppendUint64([]byte{1, 0, 0, 0}, uint64(f.time)) // a further run goes on from here
	return nil
}
