package imageio

import (
	"context"
	"image"
)

// Turn is how a picture that was taken sideways or in a mirror is shown: where a step to the right and one
// downwards in what is stored lead, each one pixel along X or Y. The zero value is as it is stored.
type Turn struct{ XX, XY, YX, YY int }

// Oriented is the turn of an orientation of EXIF and TIFF, 1 to 8.
func Oriented(n int) Turn {
	if n < 2 || n > 8 {
		return Turn{}
	}
	return [...]Turn{{-1, 0, 0, 1}, {-1, 0, 0, -1}, {1, 0, 0, -1}, {0, 1, 1, 0}, {0, 1, -1, 0}, {0, -1, -1, 0}, {0, -1, 1, 0}}[n-2]
}

// Size is that of a picture of the given one, once it is turned.
func (t Turn) Size(stored image.Point) image.Point {
	if t.XY != 0 {
		return image.Pt(stored.Y, stored.X)
	}
	return stored
}

// Aspect is that of the pixels, once the picture is turned.
func (t Turn) Aspect(stored float64) float64 {
	if t.XY != 0 && stored > 0 {
		return 1 / stored
	}
	return stored
}

// Apply turns planes of a size that lie behind one another, of samples of n bytes.
func (t Turn) Apply(size image.Point, n int, data []byte) []byte {
	if t == (Turn{}) {
		return data
	}
	out, to := make([]byte, 0, len(data)), t.Size(size)
	right, down := n*t.XX, n*size.X*t.YY // in what is stored, for a step in what is shown
	if t.XX == 0 {
		right, down = n*size.X*t.YX, n*t.XY
	}
	first := max(0, -right)*(to.X-1) + max(0, -down)*(to.Y-1)
	for plane := 0; plane < len(data); plane += n * size.X * size.Y {
		for y := range to.Y {
			from := plane + first + y*down
			for range to.X {
				out = append(out, data[from:from+n]...)
				from += right
			}
		}
	}
	return out
}

// stored is where r, of a picture that is shown in a size, lies in what is stored.
func (t Turn) stored(r image.Rectangle, shown image.Point) image.Rectangle {
	var origin image.Point
	if t.XX+t.YX < 0 {
		origin.X = shown.X - 1
	}
	if t.XY+t.YY < 0 {
		origin.Y = shown.Y - 1
	}
	at := func(p image.Point) image.Point {
		p = p.Sub(origin)
		return image.Pt(t.XX*p.X+t.XY*p.Y, t.YX*p.X+t.YY*p.Y)
	}
	out := image.Rectangle{Min: at(r.Min), Max: at(r.Max.Sub(image.Pt(1, 1)))}.Canon()
	out.Max = out.Max.Add(image.Pt(1, 1))
	return out
}

// Turned returns src as it is shown.
func Turned(src Source, t Turn) Source {
	if t == (Turn{}) {
		return src
	}
	s := &turned{src, t, src.Info()}
	s.info.Levels = append([]Level(nil), s.info.Levels...)
	for i := range s.info.Levels {
		s.info.Levels[i].Size = t.Size(s.info.Levels[i].Size)
	}
	s.info.TileSize = t.Size(s.info.TileSize)
	if t.XY != 0 {
		s.info.Micron.X, s.info.Micron.Y = s.info.Micron.Y, s.info.Micron.X
		s.info.Aspect = t.Aspect(s.info.Aspect)
	}
	return s
}

type turned struct {
	Source
	turn Turn
	info Info
}

func (s *turned) Info() Info { return s.info }

func (s *turned) ReadTile(ctx context.Context, t Tile) (*Pixels, error) {
	at, err := s.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	stored := s.turn.stored(at, s.info.Levels[t.Level].Size)
	px, err := readRegion(ctx, s.Source, Region{Level: t.Level, Rect: stored, C: t.C, Z: t.Z, T: t.T}, 1)
	if err != nil {
		return nil, err
	}
	return &Pixels{Size: at.Size(), Type: px.Type, Data: s.turn.Apply(px.Size, px.Type.Bytes(), px.Data)}, nil
}
