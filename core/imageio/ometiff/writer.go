package ometiff

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/klauspost/compress/zstd"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// writer writes little-endian BigTIFF, or classic TIFF below 4 GB.
type writer struct {
	out         *draft
	keep, named bool // a file that is there; the draft, for tests
	info        imageio.Info
	samples     int // channels in a page
	tile        int // side of a tile
	coarsest    int // levels are added until the longer side is not above it; 0: none
	compression uint64
	progress    func(done, all int64)
	done, rows  int64
	at          int64
	big         bool
	link        int64     // where the offset of the next directory goes
	zlib        sync.Pool // of *zlib.Writer
	zstd        *zstd.Encoder
}

func (w *writer) header() error {
	if w.compression == zstandard {
		var err error
		if w.zstd, err = zstd.NewWriter(nil); err != nil {
			return err
		}
	}
	head := append([]byte("II"), classic, 0, 0, 0, 0, 0)
	w.link = 4
	if w.big {
		head = append([]byte("II"), big, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		w.link = 8
	}
	return w.put(head)
}

func (w *writer) put(p []byte) error {
	if !w.big && w.at+int64(len(p)) > math.MaxUint32 {
		return fault.New(fault.Internal, "The image takes up more than 4 GB, which was not foreseen.", "Save it with another compression.", nil)
	}
	n, err := w.out.Write(p)
	w.at += int64(n)
	return err
}

// entry is a tag to be written.
type entry struct {
	tag, typ uint16
	values   []uint64
	text     []byte
}

// directory is the tags of a level.
func (w *writer) directory(b *band, reduced bool, text []byte, subs []uint64) []entry {
	one := func(tag, typ uint16, v uint64) entry { return entry{tag: tag, typ: typ, values: []uint64{v}} }
	each := func(tag uint16, v uint64) entry {
		e := entry{tag: tag, typ: 3}
		for range w.samples {
			e.values = append(e.values, v)
		}
		return e
	}
	long, offset := uint16(4), uint16(13)
	if w.big {
		long, offset = 16, 18
	}
	kind := uint64(1)
	switch w.info.Type {
	case imageio.Int8, imageio.Int16, imageio.Int32:
		kind = 2
	case imageio.Float32, imageio.Float64:
		kind = 3
	case imageio.Uint8, imageio.Uint16, imageio.Uint32:
	}
	var all []entry
	if reduced {
		all = append(all, one(tagSubfileType, 4, 1))
	}
	all = append(all, one(tagWidth, 4, uint64(b.size.X)), one(tagHeight, 4, uint64(b.size.Y)), each(tagBits, uint64(8*w.info.Type.Bytes())),
		one(tagCompression, 3, w.compression), one(tagPhotometric, 3, w.photometric()))
	if text != nil {
		all = append(all, entry{tag: tagDescription, typ: 2, text: text})
	}
	all = append(all, one(tagSamples, 3, uint64(w.samples)), one(tagPlanar, 3, 1),
		one(tagTileWidth, 3, uint64(w.tile)), one(tagTileHeight, 3, uint64(w.tile)),
		entry{tag: tagTileOffsets, typ: long, values: b.offs}, entry{tag: tagTileCounts, typ: long, values: b.counts})
	if len(subs) > 0 {
		all = append(all, entry{tag: tagSubIFDs, typ: offset, values: subs})
	}
	return append(all, each(tagSampleFormat, kind))
}

// even is the next even place, where directories and values begin.
func (w *writer) even() int64 { return w.at + w.at%2 }

// entries writes a directory and behind it what does not fit into it. In the chain, the
// link to it is set.
func (w *writer) entries(all []entry, chained bool) error {
	le := binary.LittleEndian
	room, head := 4, le.AppendUint16(nil, uint16(len(all)))
	if w.big {
		room, head = 8, le.AppendUint64(nil, uint64(len(all)))
	}
	if err := w.put(make([]byte, w.at%2)); err != nil {
		return err
	}
	here := w.at
	link := here + int64(len(head)) + int64(len(all)*(4+2*room))
	word := func(b []byte, v uint64) []byte { return append(b, le.AppendUint64(nil, v)[:room]...) } // an offset or a count
	body, behind := head, []byte(nil)
	for _, e := range all {
		value, count := e.text, len(e.text)
		if e.text == nil {
			count = len(e.values)
			for _, v := range e.values {
				value = append(value, le.AppendUint64(nil, v)[:field{typ: e.typ}.width()]...)
			}
		}
		body = word(le.AppendUint16(le.AppendUint16(body, e.tag), e.typ), uint64(count))
		if len(value) <= room {
			body = append(body, append(value, make([]byte, room-len(value))...)...)
			continue
		}
		body = word(body, uint64(link)+uint64(room)+uint64(len(behind)))
		behind = append(behind, value...)
		behind = append(behind, make([]byte, len(behind)%2)...)
	}
	if err := w.put(append(word(body, 0), behind...)); err != nil || !chained {
		return err
	}
	_, err := w.out.WriteAt(le.AppendUint64(nil, uint64(here))[:room], w.link)
	w.link = link
	return err
}
