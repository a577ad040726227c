package czi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"maps"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

const (
	tileSide    = 512
	maxSide     = 1 << 24 // pixels
	maxChannels = 1 << 12
)

// plane names a plane of a level; channels of a colour picture are one plane.
type plane struct{ level, c, z, t int32 }

// part is a block at its place in its level.
type part struct {
	*block
	image.Rectangle
}

// kind is what a pixel is.
type kind struct {
	samples int // channels that are shown, at most those that are stored
	stored  int // samples of a pixel: blue, green, red
	typ     imageio.PixelType
}

// bytes is the size of a pixel.
func (k kind) bytes() int { return k.stored * k.typ.Bytes() }

// kindOf is the kind of a pixel type of the format.
func kindOf(pixel int32) (k kind, ok bool) {
	switch pixel {
	case 0: // Gray8
		return kind{1, 1, imageio.Uint8}, true
	case 1: // Gray16
		return kind{1, 1, imageio.Uint16}, true
	case 2: // Gray32Float
		return kind{1, 1, imageio.Float32}, true
	case 3: // Bgr24
		return kind{3, 3, imageio.Uint8}, true
	case 4: // Bgr48
		return kind{3, 3, imageio.Uint16}, true
	case 8: // Bgr96Float
		return kind{3, 3, imageio.Float32}, true
	case 9: // Bgra32, whose transparency is dropped
		return kind{3, 4, imageio.Uint8}, true
	case 12: // Gray32
		return kind{1, 1, imageio.Uint32}, true
	}
	return k, false
}

// image lays out the n-th image of the file.
func (f *file) image(ctx context.Context, n int) (*source, error) {
	h, err := f.header()
	if err != nil {
		return nil, err
	}
	if h.part > 0 {
		return nil, f.unread("several parts, each a file")
	}
	blocks, err := f.directory(ctx, h)
	if err != nil {
		return nil, err
	}
	doc, err := f.metadata(h)
	if err != nil {
		return nil, err
	}
	found := map[series]bool{}
	for i := range blocks {
		if blocks[i].part != 0 {
			return nil, f.unread("several parts, each a file")
		}
		if blocks[i].full() {
			found[blocks[i].in] = true
		}
	}
	all := slices.SortedFunc(maps.Keys(found), func(a, b series) int { return slices.Compare(a[:], b[:]) })
	if len(all) == 0 {
		return nil, f.broken(errors.New("no pixels of the full resolution"))
	}
	if n >= len(all) {
		return nil, fault.New(fault.NotFound, "“"+f.name+"” has no such image.", "", fmt.Errorf("image %d of %d", n, len(all)))
	}
	s := newSource(f)
	if len(all) > 1 {
		s.info.Images, s.info.Image = doc.names(all), n
	}
	blocks = slices.DeleteFunc(blocks, func(b block) bool { return b.in != all[n] })
	if err := s.lay(blocks); err != nil {
		return nil, err
	}
	s.blocks = imageio.NewTileCache(max(64<<20, 2*s.largest))
	s.info.Channels = channels(&doc, int(s.first.c), s.stacks, s.kind.samples)
	doc.describe(&s.info)
	return s, nil
}

// lay finds the size of the image and where each block is, at each level.
func (s *source) lay(blocks []block) error {
	i := slices.IndexFunc(blocks, func(b block) bool { return b.full() })
	like := &blocks[i]
	k, ok := kindOf(like.pixel)
	if !ok {
		return s.f.unread(fmt.Sprintf("pixels of type %d", like.pixel))
	}
	s.kind, s.info.Type = k, k.typ
	low, high := plane{0, like.c, like.z, like.t}, plane{0, like.c, like.z, like.t}
	coarse := map[int][]part{}
	var full []part
	var whole image.Rectangle
	for i := range blocks {
		b := &blocks[i]
		p := part{b, image.Rect(int(b.x), int(b.y), int(b.x)+int(b.w), int(b.y)+int(b.h))}
		if !b.full() {
			by := (int(b.w) + int(b.sw)/2) / int(b.sw)
			coarse[by] = append(coarse[by], p)
			continue
		}
		if b.pixel != like.pixel {
			return s.f.unread("channels of different pixel types")
		}
		if err := s.readable(b); err != nil {
			return err
		}
		full, whole = append(full, p), whole.Union(p.Rectangle)
		low = plane{0, min(low.c, b.c), min(low.z, b.z), min(low.t, b.t)}
		high = plane{0, max(high.c, b.c), max(high.z, b.z), max(high.t, b.t)}
	}
	if err := s.shape(low, high, len(full), whole.Size()); err != nil {
		return err
	}
	for i := range full {
		full[i].Rectangle = full[i].Sub(whole.Min)
	}
	s.add(full, whole.Size(), 1)
	for _, by := range slices.Sorted(maps.Keys(coarse)) {
		if parts, size, ok := s.regular(coarse[by], whole.Min, by); ok {
			s.add(parts, size, by)
		}
	}
	return nil
}

// shape sets how many channels, planes and times there are. A plane may be missing, but not
// nearly all of them.
func (s *source) shape(low, high plane, blocks int, size image.Point) error {
	c, z, t := int(high.c)-int(low.c)+1, int(high.z)-int(low.z)+1, int(high.t)-int(low.t)+1
	if most := 64 * blocks; c > maxChannels || c > most || z > most/c || t > most/c/z || size.X > maxSide || size.Y > maxSide {
		return s.f.broken(fmt.Errorf("%d channels, %d planes and %d times of %v pixels in %d sub-blocks", c, z, t, size, blocks))
	}
	s.first, s.stacks = low, c
	s.info.Z, s.info.T = z, t
	return nil
}

// maxJPEG bounds a picture: a progressive one, and one in JPEG XR, takes four times as much while
// it is decoded.
const maxJPEG = 64 << 20

// readable reports whether a block can be unpacked; its bytes are checked when they are read.
func (s *source) readable(b *block) error {
	bytes := int64(b.sw) * int64(b.sh) * int64(s.kind.bytes())
	switch {
	case b.compression != none && b.compression != baseline && b.compression != jpegXR && b.compression != zstd0 && b.compression != zstd1:
		return s.f.unread(fmt.Sprintf("compression %d", b.compression))
	case b.compression == baseline && s.kind.typ != imageio.Uint8:
		return s.f.unread("JPEG compression of " + s.kind.typ.String())
	case b.compression == jpegXR && s.kind.typ == imageio.Uint32:
		return s.f.unread("JPEG XR compression of " + s.kind.typ.String())
	case (b.compression == baseline || b.compression == jpegXR) && bytes > maxJPEG:
		return s.f.unread(fmt.Sprintf("a JPEG tile of %d × %d pixels", b.sw, b.sh))
	}
	if b.compression != none && bytes > maxBlock {
		return s.f.unread("a compressed tile of " + fmt.Sprintf("%d × %d pixels", b.sw, b.sh))
	}
	if b.compression != none {
		s.largest = max(s.largest, bytes)
	}
	return nil
}

// regular places the blocks of a level that is smaller by a whole number. It is not ok where one
// is off the grid of the level or can't be read, or where a plane of the full resolution is not
// covered from edge to edge.
func (s *source) regular(parts []part, origin image.Point, by int) (_ []part, size image.Point, ok bool) {
	covered := map[plane]image.Rectangle{}
	for i := range parts {
		p := &parts[i]
		at := p.Min.Sub(origin)
		if by < 2 || at.X < 0 || at.Y < 0 || at.X%by != 0 || at.Y%by != 0 || !near(int(p.w), int(p.sw)*by, by) || !near(int(p.h), int(p.sh)*by, by) {
			return nil, size, false
		}
		if k, known := kindOf(p.pixel); !known || k != s.kind || s.readable(p.block) != nil {
			return nil, size, false
		}
		at = at.Div(by)
		p.Rectangle = image.Rectangle{Min: at, Max: at.Add(image.Pt(int(p.sw), int(p.sh)))}
		key := plane{0, p.c, p.z, p.t}
		covered[key] = covered[key].Union(p.Rectangle)
		size.X, size.Y = max(size.X, p.Max.X), max(size.Y, p.Max.Y)
	}
	if last := s.info.Levels[len(s.info.Levels)-1].Size; size.X > last.X || size.Y > last.Y {
		return nil, size, false
	}
	for key, span := range s.planes {
		if key.level > 0 {
			continue
		}
		var want image.Rectangle
		for _, p := range s.parts[span.from:span.to] {
			want = want.Union(p.Rectangle)
		}
		key = plane{0, key.c + s.first.c, key.z + s.first.z, key.t + s.first.t}
		got, there := covered[key]
		if !there || !near(got.Min.X*by, want.Min.X, by) || !near(got.Min.Y*by, want.Min.Y, by) ||
			!near(got.Max.X*by, want.Max.X, by) || !near(got.Max.Y*by, want.Max.Y, by) {
			return nil, size, false
		}
	}
	return parts, size, true
}

func near(a, b, by int) bool { return max(a-b, b-a) < by }

// span is a part of all parts.
type span struct{ from, to int }

// add takes parts as the next level: those of each plane behind each other, what lies above last.
func (s *source) add(parts []part, size image.Point, by int) {
	level := int32(len(s.info.Levels)) //nolint:gosec // few
	slices.SortStableFunc(parts, func(a, b part) int {
		return cmp.Or(cmp.Compare(a.t, b.t), cmp.Compare(a.z, b.z), cmp.Compare(a.c, b.c), cmp.Compare(a.m, b.m))
	})
	for i := range parts {
		key := plane{level, parts[i].c - s.first.c, parts[i].z - s.first.z, parts[i].t - s.first.t}
		at, ok := s.planes[key]
		if !ok {
			at.from = len(s.parts) + i
		}
		at.to = len(s.parts) + i + 1
		s.planes[key] = at
	}
	s.parts = append(s.parts, parts...)
	s.info.Levels = append(s.info.Levels, imageio.Level{Size: size, Downsample: float64(by)})
}

// channels names the channels of an image: three for each that is in colour.
func channels(doc *document, first, stacks, samples int) []imageio.Channel {
	out := make([]imageio.Channel, 0, stacks*samples)
	for c := range stacks {
		ch := doc.channel(first + c)
		if samples == 1 {
			out = append(out, ch)
			continue
		}
		for i, name := range []string{"Red", "Green", "Blue"} {
			if stacks > 1 {
				name = ch.Name + " " + strings.ToLower(name)
			}
			rgb := [3]uint8{}
			rgb[i] = 255
			out = append(out, imageio.Channel{Name: name, Color: rgb})
		}
	}
	return out
}
