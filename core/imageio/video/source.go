package video

import (
	"context"
	"fmt"
	"image"
	"io"
	"sync"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/jpeg"
)

// source is an open film.
type source struct {
	*track
	id, name, path string
	c              container
	closer         io.Closer
	info           imageio.Info
	shown          image.Point // size of the pictures, once they are turned
	planes         int
	stills         *imageio.TileCache // whole frames, all planes behind each other
	jpegs          sync.Pool          // of *jpeg.Decoder
	film           *film              // nil where frames are decoded here
}

func (s *source) ID() string         { return s.id }
func (s *source) Info() imageio.Info { return s.info }

func (s *source) Close() error {
	if s.film != nil {
		s.film.close()
	}
	return s.closer.Close()
}

// begin decodes the first frame: it says what all others are like.
func (s *source) begin(ctx context.Context) error {
	if !s.ours() {
		var err error
		if s.film, err = newFilm(s.path, s.c.length, s.track); err != nil {
			return s.fault(err)
		}
	}
	first, err := s.still(ctx, 0)
	if err != nil {
		if s.film != nil {
			s.film.close()
		}
		return s.fault(err)
	}
	s.shown, s.planes = first.size, first.planes
	s.stills = imageio.NewTileCache(max(128<<20, 8*int64(len(first.data))))
	const most = 4 << 20 // pixels of a tile
	tile := s.shown
	if tile.X*tile.Y > most {
		tile = image.Pt(1024, 1024)
	}
	s.info = imageio.Info{
		Name: s.name, Format: "video", Levels: []imageio.Level{{Size: s.shown, Downsample: 1}}, TileSize: tile,
		Z: 1, T: len(s.frames), Type: first.typ,
		Channels: []imageio.Channel{{Name: "Grey", Color: [3]uint8{255, 255, 255}}},
	}
	s.info.Interval, s.info.Times = s.clock()
	s.info.Aspect = s.turn.Aspect(s.aspect)
	if s.planes == 3 {
		s.info.Channels = []imageio.Channel{
			{Name: "Red", Color: [3]uint8{255, 0, 0}},
			{Name: "Green", Color: [3]uint8{0, 255, 0}},
			{Name: "Blue", Color: [3]uint8{0, 0, 255}},
		}
	}
	return nil
}

// still is frame n as it is shown.
func (s *source) still(ctx context.Context, n int) (*still, error) {
	p, err := s.stored(ctx, n)
	if err != nil {
		return nil, err
	}
	return &still{size: s.turn.Size(p.size), planes: p.planes, typ: p.typ, data: s.turn.Apply(p.size, p.typ.Bytes(), p.data)}, nil
}

// stored decodes frame n as it is stored.
func (s *source) stored(ctx context.Context, n int) (*still, error) {
	if s.film != nil {
		return s.film.still(ctx, n)
	}
	f := s.frames[n]
	data, err := s.c.bytes(f.off, int64(f.n))
	if err != nil {
		return nil, err
	}
	d, ok := s.jpegs.Get().(*jpeg.Decoder)
	if !ok {
		d = jpeg.NewDecoder()
	}
	defer s.jpegs.Put(d)
	return s.decode(d, data)
}

func (s *source) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rect, err := s.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	px, err := s.stills.Read(ctx, "", imageio.Tile{T: t.T}, func(ctx context.Context) (*imageio.Pixels, error) {
		p, err := s.still(ctx, t.T)
		if err != nil {
			return nil, s.fault(fmt.Errorf("frame %d: %w", t.T, err))
		}
		if p.size != s.shown || p.planes != s.planes || p.typ != s.info.Type {
			return nil, s.fault(fmt.Errorf("frame %d is %v of %d planes of %v", t.T, p.size, p.planes, p.typ))
		}
		return &imageio.Pixels{Size: p.size, Type: p.typ, Data: p.data}, nil
	})
	if err != nil {
		return nil, err
	}
	n, typ := s.info.Type.Bytes(), s.info.Type
	plane := px.Data[t.C*s.shown.X*s.shown.Y*n:][:s.shown.X*s.shown.Y*n]
	if rect.Size() == s.shown {
		return &imageio.Pixels{Size: s.shown, Type: typ, Data: plane}, nil
	}
	out := &imageio.Pixels{Size: rect.Size(), Type: typ, Data: make([]byte, 0, rect.Dx()*rect.Dy()*n)}
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		out.Data = append(out.Data, plane[(y*s.shown.X+rect.Min.X)*n:(y*s.shown.X+rect.Max.X)*n]...)
	}
	return out, nil
}
