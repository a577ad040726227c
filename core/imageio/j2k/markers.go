package j2k

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"slices"
)

// The markers that are looked at (table A.2).
const (
	markerSOC = 0xff4f
	markerCAP = 0xff50
	markerSIZ = 0xff51
	markerCOD = 0xff52
	markerCOC = 0xff53
	markerQCD = 0xff5c
	markerQCC = 0xff5d
	markerRGN = 0xff5e
	markerPOC = 0xff5f
	markerPPM = 0xff60
	markerPPT = 0xff61
	markerSOT = 0xff90
	markerSOP = 0xff91
	markerEPH = 0xff92
	markerSOD = 0xff93
	markerEOC = 0xffd9
)

// maxComponents is more than any instrument has; the standard allows 16384.
const maxComponents = 1024

// maxTilePlanes is the most components of all tiles together: each is laid out, also one that has no sample in a tile.
const maxTilePlanes = 1 << 20

// samples is what SIZ says of a component.
type samples struct {
	bits   int
	signed bool
	dx, dy int // its samples are so far apart
}

// stream is a codestream's main header and its tile-parts.
type stream struct {
	area  image.Rectangle // on the reference grid
	tiles image.Rectangle // the first tile, before it is clipped
	of    []samples
	main  coding
	parts []part // sorted by tile
}

// part is a tile-part: the segments of its header and its packets.
type part struct {
	tile       int
	head, data []byte
	packed     []byte // headers of its packets, from the main header
}

// u16 is the number at the beginning of b.
func u16(b []byte) int { return int(binary.BigEndian.Uint16(b)) }

// u32 is the number at the beginning of b.
func u32(b []byte) int { return int(binary.BigEndian.Uint32(b)) }

func ceil(a, b int) int { return (a + b - 1) / b }

// ceilShift is a / 2ⁿ, rounded up.
func ceilShift(a, n int) int { return (a + 1<<n - 1) >> n }

// segments hands out marker segments (A.1.3) as far as the marker stop, and returns what is behind that.
func segments(src []byte, stop int, take func(marker int, body []byte) error) ([]byte, error) {
	for {
		if len(src) < 2 {
			return nil, errShort
		}
		m := u16(src)
		src = src[2:]
		switch {
		case m == stop:
			return src, nil
		case m >= 0xff30 && m <= 0xff3f: // alone
			continue
		case m < 0xff00:
			return nil, fmt.Errorf("j2k: %#x where a marker is due", m)
		}
		if len(src) < 2 {
			return nil, errShort
		}
		n := u16(src)
		if n < 2 || n > len(src) {
			return nil, errShort
		}
		if err := take(m, src[2:n]); err != nil {
			return nil, err
		}
		src = src[n:]
	}
}

// header reads the main header and returns what follows its end, the first SOT.
func (s *stream) header(src []byte) ([]byte, error) {
	src, err := codestream(src)
	if err != nil {
		return nil, err
	}
	if len(src) < 2 || u16(src) != markerSOC {
		return nil, errors.New("j2k: no codestream")
	}
	rest, err := segments(src[2:], markerSOT, func(m int, body []byte) error {
		if m == markerSIZ && s.of == nil {
			return s.size(body)
		}
		if s.of == nil {
			return fmt.Errorf("j2k: marker %#x before the size", m)
		}
		return s.main.segment(m, body)
	})
	if err != nil {
		return nil, err
	}
	s.main.pack()
	if s.of == nil || s.main.layers == 0 || s.main.of[0].kind == quantMissing {
		return nil, errors.New("j2k: no size, coding style or quantisation")
	}
	return rest, nil
}

// size reads SIZ (A.5.1).
func (s *stream) size(b []byte) error {
	if len(b) < 36 {
		return errShort
	}
	s.area = image.Rect(u32(b[10:]), u32(b[14:]), u32(b[2:]), u32(b[6:]))
	tile := image.Pt(u32(b[18:]), u32(b[22:]))
	at := image.Pt(u32(b[26:]), u32(b[30:]))
	s.tiles = image.Rectangle{Min: at, Max: at.Add(tile)}
	n := u16(b[34:])
	switch {
	case u32(b[10:]) >= u32(b[2:]) || u32(b[14:]) >= u32(b[6:]) || s.area.Dx() > 1<<30 || s.area.Dy() > 1<<30:
		return fmt.Errorf("j2k: a picture of %v", s.area)
	case s.tiles.Empty() || at.X > s.area.Min.X || at.Y > s.area.Min.Y || s.tiles.Max.X <= s.area.Min.X || s.tiles.Max.Y <= s.area.Min.Y:
		return fmt.Errorf("j2k: tiles like %v", s.tiles)
	case n == 0 || len(b) < 36+3*n:
		return fmt.Errorf("j2k: %d components", n)
	case n > maxComponents:
		return fmt.Errorf("%w: %d components", ErrUnsupported, n)
	}
	switch g := s.grid(); {
	case g.X > 65535 || g.Y > 65535 || g.X*g.Y > 65535:
		return fmt.Errorf("j2k: %v tiles", g)
	case g.X*g.Y*n > maxTilePlanes:
		return fmt.Errorf("%w: %d components in %v tiles", ErrUnsupported, n, g)
	}
	s.of = make([]samples, n)
	for i := range s.of {
		c := b[36+3*i:]
		s.of[i] = samples{bits: 1 + int(c[0]&0x7f), signed: c[0]&0x80 != 0, dx: int(c[1]), dy: int(c[2])}
		if c[1] == 0 || c[2] == 0 || ceil(s.area.Min.X, s.of[i].dx) == ceil(s.area.Max.X, s.of[i].dx) || ceil(s.area.Min.Y, s.of[i].dy) == ceil(s.area.Max.Y, s.of[i].dy) {
			return fmt.Errorf("j2k: sampling %d × %d", c[1], c[2])
		}
		if s.of[i].bits > 32 || s.of[i].signed != s.of[0].signed {
			return fmt.Errorf("%w: components of %d bits, signed: %v", ErrUnsupported, s.of[i].bits, s.of[i].signed)
		}
	}
	s.main.of = make([]component, n)
	return nil
}

// grid is how many columns and rows of tiles there are (B-5).
func (s *stream) grid() image.Point {
	return image.Pt(ceil(s.area.Max.X-s.tiles.Min.X, s.tiles.Dx()), ceil(s.area.Max.Y-s.tiles.Min.Y, s.tiles.Dy()))
}

func (s *stream) config() Config {
	c := Config{Size: s.area.Size(), Components: len(s.of), Signed: s.of[0].signed, Transformed: s.main.transform}
	for _, o := range s.of {
		c.Bits = max(c.Bits, o.bits)
	}
	return c
}

// tileParts finds all tile-parts; src begins behind the first SOT's marker.
func (s *stream) tileParts(src []byte) error {
	for {
		n, err := s.tilePart(src)
		if err != nil {
			return err
		}
		src = src[n:]
		if len(src) < 2 || u16(src) != markerSOT { // its end, or nothing more
			break
		}
		src = src[2:]
	}
	slices.SortStableFunc(s.parts, func(a, b part) int { return cmp.Compare(a.tile, b.tile) })
	return nil
}

// tilePart takes in a tile-part and returns its length (A.4.2).
func (s *stream) tilePart(src []byte) (int, error) {
	if len(src) < 10 {
		return 0, errShort
	}
	tile, n, grid := u16(src[2:]), u32(src[4:])-2, s.grid()
	if n == -2 || n == len(src)+2 { // to the end, and some programs count the last part so
		n = len(src)
		if u16(src[n-2:]) == markerEOC {
			n -= 2
		}
	}
	if u16(src) != 10 || n < 12 || tile >= grid.X*grid.Y {
		return 0, fmt.Errorf("j2k: a part of tile %d with %d bytes", tile, n)
	}
	if n > len(src) {
		return 0, errShort
	}
	head := src[10:n]
	data, err := segments(head, markerSOD, func(int, []byte) error { return nil })
	if err != nil {
		return 0, err
	}
	packed, err := s.headers()
	s.parts = append(s.parts, part{tile: tile, head: head, data: data, packed: packed})
	return n, err
}

// headers takes the next tile-part's headers of packets from the main header, where their length is before them.
func (s *stream) headers() ([]byte, error) {
	if !s.main.apart {
		return nil, nil
	}
	all := s.main.packed
	if len(all) < 4 || u32(all) > len(all)-4 {
		return nil, errShort
	}
	n := 4 + u32(all)
	s.main.packed = all[n:]
	return all[4:n], nil
}
