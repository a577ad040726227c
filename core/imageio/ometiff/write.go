package ometiff

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zlib"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// writtenTile is the side of the tiles that [Write] writes.
const writtenTile = 256

// Write writes an OME-TIFF of deflated tiles at path: info says its size (Levels[0]), type,
// channels, planes and pixel size, planes returns each plane. The file appears whole or not
// at all; one that is there is replaced.
func Write(ctx context.Context, path string, info imageio.Info, planes func(c, z, t int) (*imageio.Pixels, error)) (err error) {
	if len(info.Levels) == 0 || len(info.Channels) == 0 || info.Z < 1 || info.T < 1 || info.Levels[0].Size.X < 1 || info.Levels[0].Size.Y < 1 {
		return fault.New(fault.Invalid, "There is no image to be written.", "", nil)
	}
	out, err := os.CreateTemp(filepath.Dir(path), ".writing-*.tif")
	if err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close(), os.Remove(out.Name()))
		}
	}()
	w := &writer{out: out, info: info}
	if err := w.write(ctx, planes); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := out.Chmod(0o644); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return os.Rename(out.Name(), path)
}

// writer writes little-endian BigTIFF, or classic TIFF below 4 GB.
type writer struct {
	out  *os.File
	info imageio.Info
	at   int64
	big  bool
	link int64 // where the offset of the next directory goes
}

func (w *writer) write(ctx context.Context, planes func(c, z, t int) (*imageio.Pixels, error)) error {
	size := w.info.Levels[0].Size
	n := int64(len(w.info.Channels)) * int64(w.info.Z) * int64(w.info.T)
	w.big = n*(int64(size.X)*int64(size.Y)*int64(w.info.Type.Bytes())+1<<12) > 4_000_000_000
	head := append([]byte("II"), classic, 0, 0, 0, 0, 0)
	w.link = 4
	if w.big {
		head = append([]byte("II"), big, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
		w.link = 8
	}
	if err := w.put(head); err != nil {
		return err
	}
	text := append(describe(w.info), 0)
	for t := range w.info.T {
		for z := range w.info.Z {
			for c := range w.info.Channels {
				px, err := planes(c, z, t)
				if err != nil {
					return err
				}
				if err := w.plane(ctx, px, text); err != nil {
					return fmt.Errorf("plane c %d z %d t %d: %w", c, z, t, err)
				}
				text = nil
			}
		}
	}
	return nil
}

func (w *writer) put(p []byte) error {
	n, err := w.out.Write(p)
	w.at += int64(n)
	return err
}

// plane writes the tiles of one plane and then its directory.
func (w *writer) plane(ctx context.Context, px *imageio.Pixels, text []byte) error {
	size := w.info.Levels[0].Size
	if px.Size != size || px.Type != w.info.Type || len(px.Data) != size.X*size.Y*px.Type.Bytes() {
		return fmt.Errorf("%v %v of %d bytes, not %v %v", px.Size, px.Type, len(px.Data), size, w.info.Type)
	}
	var offs, counts []uint64
	n := px.Type.Bytes()
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	tile := make([]byte, writtenTile*writtenTile*n)
	for y := 0; y < px.Size.Y; y += writtenTile {
		for x := 0; x < px.Size.X; x += writtenTile {
			if err := ctx.Err(); err != nil {
				return err
			}
			clear(tile)
			part := image.Rect(x, y, x+writtenTile, y+writtenTile).Intersect(image.Rectangle{Max: px.Size})
			for row := part.Min.Y; row < part.Max.Y; row++ {
				from := (row*px.Size.X + part.Min.X) * n
				copy(tile[(row-y)*writtenTile*n:], px.Data[from:from+part.Dx()*n])
			}
			packed.Reset()
			z.Reset(&packed)
			if _, err := z.Write(tile); err != nil {
				return err
			}
			if err := z.Close(); err != nil {
				return err
			}
			offs, counts = append(offs, uint64(w.at)), append(counts, uint64(packed.Len())) //nolint:gosec // not negative
			if err := w.put(packed.Bytes()); err != nil {
				return err
			}
		}
	}
	return w.directory(px, offs, counts, text)
}

// entry is a tag to be written.
type entry struct {
	tag, typ uint16
	values   []uint64
	text     []byte
}

func (w *writer) directory(px *imageio.Pixels, offs, counts []uint64, text []byte) error {
	one := func(tag, typ uint16, v uint64) entry { return entry{tag: tag, typ: typ, values: []uint64{v}} }
	long := uint16(4)
	if w.big {
		long = 16
	}
	kind := uint64(1)
	switch px.Type {
	case imageio.Int8, imageio.Int16, imageio.Int32:
		kind = 2
	case imageio.Float32, imageio.Float64:
		kind = 3
	case imageio.Uint8, imageio.Uint16, imageio.Uint32:
	}
	all := []entry{
		one(tagWidth, 4, uint64(px.Size.X)), one(tagHeight, 4, uint64(px.Size.Y)), //nolint:gosec // checked to be positive
		one(tagBits, 3, uint64(8*px.Type.Bytes())), one(tagCompression, 3, deflate), one(tagPhotometric, 3, 1), //nolint:gosec // 8 to 64
	}
	if text != nil {
		all = append(all, entry{tag: tagDescription, typ: 2, text: text})
	}
	all = append(all, one(tagSamples, 3, 1), one(tagTileWidth, 3, writtenTile), one(tagTileHeight, 3, writtenTile),
		entry{tag: tagTileOffsets, typ: long, values: offs}, entry{tag: tagTileCounts, typ: long, values: counts}, one(tagSampleFormat, 3, kind))
	return w.entries(all)
}

// entries writes what does not fit into a directory, the directory, and the link to it.
func (w *writer) entries(all []entry) error {
	le, room := binary.LittleEndian, 4
	if w.big {
		room = 8
	}
	body := make([]byte, 0, 256)
	word := func(v uint64) { // an offset or a count
		if w.big {
			body = le.AppendUint64(body, v)
		} else {
			body = le.AppendUint32(body, uint32(v)) //nolint:gosec // below 4 GB
		}
	}
	for _, e := range all {
		value, count := e.text, len(e.text)
		if e.text == nil {
			count = len(e.values)
			for _, v := range e.values {
				value = append(value, le.AppendUint64(nil, v)[:field{typ: e.typ}.width()]...)
			}
		}
		body = le.AppendUint16(le.AppendUint16(body, e.tag), e.typ)
		word(uint64(count)) //nolint:gosec // not negative
		if len(value) <= room {
			body = append(body, append(value, make([]byte, room-len(value))...)...)
			continue
		}
		if err := w.put(make([]byte, w.at%2)); err != nil { // values begin on even places
			return err
		}
		word(uint64(w.at)) //nolint:gosec // not negative
		if err := w.put(value); err != nil {
			return err
		}
	}
	if err := w.put(make([]byte, w.at%2)); err != nil {
		return err
	}
	here := w.at
	head := le.AppendUint16(nil, uint16(len(all))) //nolint:gosec // a dozen
	if w.big {
		head = le.AppendUint64(nil, uint64(len(all)))
	}
	next := here + int64(len(head)) + int64(len(body))
	word(0)
	if err := w.put(append(head, body...)); err != nil {
		return err
	}
	_, err := w.out.WriteAt(le.AppendUint64(nil, uint64(here))[:room], w.link) //nolint:gosec // not negative
	w.link = next
	return err
}
