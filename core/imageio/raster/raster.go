// Package raster reads everyday pictures: PNG, JPEG, BMP, GIF and WebP.
//
// They are small and can't be read in part, so one is decoded whole when it is opened and
// handed out in tiles from memory. The pictures of a GIF that moves are its time points.
package raster

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// maxMemory is how much the largest picture that is taken into memory needs while it is decoded.
const maxMemory = 2 << 30

// tileSide is the side of a tile in pixels.
const tileSide = 512

// Format is all of them.
type Format struct{}

// Name returns "picture".
func (Format) Name() string { return "picture" }

// Match reports whether the first bytes are those of a picture, whatever the name.
func (Format) Match(_ string, head []byte) bool { return kindOf(head) != nil }

// Open decodes the picture at path. Colour becomes three channels; transparency, which no
// instrument writes, is dropped. A picture that was taken sideways is turned, as its EXIF says.
func (Format) Open(ctx context.Context, path string) (imageio.Source, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, st, err := load(path)
	if err != nil {
		return nil, err
	}
	s, err := parse(path, data)
	if err != nil {
		return nil, err
	}
	s.id = imageio.FileID(path, st)
	return imageio.Turned(s, kindOf(data).turnOf(data)), nil
}

// parse decodes a picture.
func parse(path string, data []byte) (*source, error) {
	k := kindOf(data)
	if k == nil {
		return nil, broken(path, errors.New("no known first bytes"))
	}
	conf, err := k.config(data)
	if err != nil {
		return nil, k.fault(path, data, err)
	}
	if conf.Width <= 0 || conf.Height <= 0 || int64(conf.Width) > maxMemory/k.pixel(conf, data)/int64(conf.Height) {
		return nil, fault.New(fault.Invalid, fmt.Sprintf("The picture “%s” is too large to be opened: %d × %d pixels.",
			filepath.Base(path), conf.Width, conf.Height), "Export it as a tiled OME-TIFF.", nil)
	}
	if int64(conf.Width)*int64(conf.Height) > k.gain*int64(len(data)) { // before anything is allocated for it
		return nil, cut(path, fmt.Errorf("%d bytes can't hold %d × %d pixels", len(data), conf.Width, conf.Height))
	}
	p, err := k.decode(data)
	if err != nil {
		return nil, k.fault(path, data, err)
	}
	s := &source{planes: p.planes, film: p.film}
	s.info.Type = p.typ
	s.info.Name, s.info.Format = filepath.Base(path), k.name
	s.info.Levels = []imageio.Level{{Size: p.size, Downsample: 1}}
	s.info.TileSize = image.Pt(tileSide, tileSide)
	s.info.Z, s.info.T = 1, 1
	if p.film != nil { // how fast they are played says nothing of when they were taken
		s.info.T = len(p.film.all.Image)
	}
	s.info.Channels = []imageio.Channel{{Name: "Grey", Color: [3]uint8{255, 255, 255}}}
	if len(s.planes) == 3 {
		s.info.Channels = []imageio.Channel{
			{Name: "Red", Color: [3]uint8{255, 0, 0}},
			{Name: "Green", Color: [3]uint8{0, 255, 0}},
			{Name: "Blue", Color: [3]uint8{0, 0, 255}},
		}
	}
	return s, nil
}

// Complete reports whether the picture at path has its end.
func (Format) Complete(ctx context.Context, path string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	data, _, err := load(path)
	if err != nil {
		return err
	}
	if k := kindOf(data); k != nil && !k.ended(data) {
		return cut(path, io.ErrUnexpectedEOF)
	}
	return nil
}

// maxFile is the largest file that is taken into memory.
const maxFile = 2 << 30

func load(path string) ([]byte, os.FileInfo, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, nil, fmt.Errorf("open picture: %w", err)
	}
	if st.Size() > maxFile {
		return nil, nil, fault.New(fault.Invalid, "The picture “"+filepath.Base(path)+"” is too large to be opened.",
			"Export it as a tiled OME-TIFF.", nil)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, nil, fmt.Errorf("open picture: %w", err)
	}
	return data, st, nil
}

func cut(path string, cause error) error {
	return imageio.CutShort(filepath.Base(path), cause)
}

func broken(path string, cause error) error {
	return imageio.Damaged(filepath.Base(path), cause)
}

// source is a decoded picture.
type source struct {
	id     string
	info   imageio.Info
	planes [][]byte // one a channel, little-endian
	film   *film    // that has them, of several pictures; else nil
}

func (s *source) ID() string         { return s.id }
func (s *source) Info() imageio.Info { return s.info }
func (s *source) Close() error       { return nil }

func (s *source) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rect, err := s.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	planes := s.planes
	if s.film != nil {
		if planes, err = s.film.planes(ctx, t.T); err != nil {
			return nil, err
		}
	}
	n, w := s.info.Type.Bytes(), s.info.Levels[0].Size.X
	out := &imageio.Pixels{Size: rect.Size(), Type: s.info.Type, Data: make([]byte, 0, rect.Dx()*rect.Dy()*n)}
	for y := rect.Min.Y; y < rect.Max.Y; y++ {
		out.Data = append(out.Data, planes[t.C][(y*w+rect.Min.X)*n:(y*w+rect.Max.X)*n]...)
	}
	return out, nil
}

var (
	_ imageio.Format    = Format{}
	_ imageio.Completer = Format{}
)
