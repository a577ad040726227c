package czi

import (
	"context"
	"errors"
	"fmt"
	"image"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/jpeg"
	"coverslip.dev/coverslip/core/imageio/jxr"
)

// source is one image of an open CZI.
type source struct {
	f       *file
	id      string
	info    imageio.Info
	kind    kind
	first   plane // what the file calls the first plane of the first channel
	stacks  int   // channels of the file; a colour one is three here
	planes  map[plane]span
	parts   []part
	largest int64 // bytes of a compressed block
	codecs  *codecs
	blocks  *imageio.TileCache // unpacked ones
}

func newSource(f *file) *source {
	s := &source{f: f, planes: map[plane]span{}, codecs: newCodecs()}
	s.info.Name, s.info.Format, s.info.TileSize = f.name, "CZI", image.Pt(tileSide, tileSide)
	return s
}

func (s *source) ID() string         { return s.id }
func (s *source) Info() imageio.Info { return s.info }
func (s *source) Close() error       { return s.f.Close() }

// ReadTile puts a tile together from the blocks that it meets, the higher ones last. Where no
// block is, it is black.
func (s *source) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rect, err := s.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	at, ok := s.planes[plane{int32(t.Level), int32(t.C / s.kind.samples), int32(t.Z), int32(t.T)}] //nolint:gosec // inside the image
	if !ok {
		return nil, fault.New(fault.NotFound, "This plane is not in “"+s.f.name+"”.", "It was never recorded.", imageio.ErrNotRecorded)
	}
	parts := s.parts[at.from:at.to]
	for i := len(parts) - 1; i > 0; i-- { // what is hidden everywhere is not read
		if rect.In(parts[i].Rectangle) {
			parts = parts[i:]
			break
		}
	}
	out := &imageio.Pixels{Size: rect.Size(), Type: s.kind.typ, Data: make([]byte, rect.Dx()*rect.Dy()*s.kind.typ.Bytes())}
	for i := range parts {
		if !parts[i].Overlaps(rect) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := s.blit(ctx, out, rect, &parts[i], t.C%s.kind.samples); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// blit copies what a part holds of rect into out.
func (s *source) blit(ctx context.Context, out *imageio.Pixels, rect image.Rectangle, p *part, sample int) error {
	at, n, err := s.f.payload(*p.block)
	if err != nil {
		return err
	}
	both := p.Intersect(rect)
	row := int64(p.Dx()) * int64(s.kind.bytes())
	from := int64(both.Min.X-p.Min.X) * int64(s.kind.bytes())
	var data, buf []byte
	if p.compression == none {
		if n < row*int64(p.Dy()) {
			return s.f.broken(errShort)
		}
		buf = make([]byte, both.Dx()*s.kind.bytes())
	} else if data, err = s.unpacked(ctx, p, at, n); err != nil {
		return err
	}
	for y := both.Min.Y; y < both.Max.Y; y++ {
		skip := int64(y-p.Min.Y)*row + from
		line := buf
		if data != nil {
			line = data[skip:]
		} else if err := s.f.read(line, at+skip); err != nil {
			return err
		}
		to := ((y-rect.Min.Y)*rect.Dx() + both.Min.X - rect.Min.X) * s.kind.typ.Bytes()
		s.kind.pick(out.Data[to:], line, both.Dx(), sample)
	}
	return nil
}

// unpacked returns the pixels of a compressed part, whose n bytes are at at.
func (s *source) unpacked(ctx context.Context, p *part, at, n int64) ([]byte, error) {
	key := imageio.Tile{Col: int(p.at), C: int(p.compression), Z: p.Dx(), T: p.Dy()} // a hostile file calls one block by several sizes
	px, err := s.blocks.Read(ctx, "", key, func(context.Context) (*imageio.Pixels, error) {
		if most := 2*int64(p.Dx())*int64(p.Dy())*int64(s.kind.bytes()) + 1<<20; n > most { // more than any packer makes of it
			return nil, s.f.broken(fmt.Errorf("%d bytes for %v", n, p.Size()))
		}
		src := make([]byte, n)
		if err := s.f.read(src, at); err != nil {
			return nil, err
		}
		data, err := s.codecs.unpack(p.compression, src, p.Size(), s.kind)
		switch {
		case errors.Is(err, jpeg.ErrUnsupported):
			return nil, s.f.unread("JPEG that is neither baseline nor progressive")
		case errors.Is(err, jxr.ErrUnsupported):
			return nil, s.f.unread("JPEG XR of a rare kind")
		case err != nil:
			return nil, s.f.broken(err)
		}
		return &imageio.Pixels{Data: data}, nil
	})
	if err != nil {
		return nil, err
	}
	return px.Data, nil
}

// pick copies a sample of count pixels: 0 is red, 2 blue, which stands first in the file.
func (k kind) pick(dst, src []byte, count, sample int) {
	size := k.typ.Bytes()
	if k.stored == 1 {
		copy(dst[:count*size], src)
		return
	}
	src, step := src[(2-sample)*size:], k.stored*size
	for i := range count {
		copy(dst[i*size:(i+1)*size], src[i*step:])
	}
}
