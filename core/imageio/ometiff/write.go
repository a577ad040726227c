package ometiff

import (
	"context"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Options say how [Save] writes.
type Options struct {
	// Compression is "deflate" (if empty), "zstd", which fewer programs read, or "none".
	Compression string
	// Progress, if not nil, hears how many rows of all planes are done, from one goroutine.
	Progress func(done, all int64)
	// Keep leaves a file alone that is at the path already, also one that came meanwhile, and
	// returns fault.Exists.
	Keep bool
}

// Save writes the image of src as a tiled OME-TIFF with a pyramid at path, whose coarser
// levels are the means of 2 × 2 pixels. It holds some bands of tiles over the width of the
// image, however many planes and rows there are. The file appears whole or not at all; one
// that is there is replaced, unless it is to be kept.
func Save(ctx context.Context, path string, src imageio.Source, o Options) error {
	info := src.Info()
	compression, ok := map[string]uint64{"deflate": deflate, "": deflate, "zstd": zstandard, "none": none}[o.Compression]
	if !ok {
		return fault.New(fault.Invalid, "There is no compression called “"+o.Compression+"”.", "Choose deflate, zstd or none.", nil)
	}
	w := pyramidal(info, compression)
	w.progress, w.keep = o.Progress, o.Keep
	return w.save(ctx, path, func(ctx context.Context, r imageio.Region) (*imageio.Pixels, error) {
		px, err := imageio.ReadRegion(ctx, src, r)
		if errors.Is(err, imageio.ErrNotRecorded) { // zeros, as other programs read it
			return &imageio.Pixels{Size: r.Rect.Size(), Type: info.Type, Data: make([]byte, r.Rect.Dx()*r.Rect.Dy()*info.Type.Bytes())}, nil
		}
		return px, err
	})
}

func pyramidal(info imageio.Info, compression uint64) *writer {
	return &writer{info: info, samples: samplesTogether(info), tile: 512, coarsest: 512, compression: compression}
}

// Write writes an OME-TIFF of deflated tiles at path: info says its size (Levels[0]), type,
// channels, planes and pixel size, planes returns each plane. The file appears whole or not
// at all; one that is there is replaced.
func Write(ctx context.Context, path string, info imageio.Info, planes func(c, z, t int) (*imageio.Pixels, error)) error {
	w := &writer{info: info, samples: 1, tile: 256, compression: deflate}
	var at imageio.Region
	var px *imageio.Pixels
	return w.save(ctx, path, func(_ context.Context, r imageio.Region) (*imageio.Pixels, error) {
		size := info.Levels[0].Size
		if here := (imageio.Region{C: r.C, Z: r.Z, T: r.T}); px == nil || here != at {
			var err error
			if px, err = planes(r.C, r.Z, r.T); err != nil {
				return nil, err
			}
			at = here
			if px.Size != size || px.Type != info.Type || len(px.Data) != size.X*size.Y*px.Type.Bytes() {
				return nil, fmt.Errorf("%v %v of %d bytes, not %v %v", px.Size, px.Type, len(px.Data), size, info.Type)
			}
		}
		row := size.X * px.Type.Bytes()
		return &imageio.Pixels{Size: r.Rect.Size(), Type: px.Type, Data: px.Data[r.Rect.Min.Y*row : r.Rect.Max.Y*row]}, nil
	})
}

// samplesTogether is how many channels go into one page: the three of a colour picture,
// which other programs then show as one.
func samplesTogether(info imageio.Info) int {
	if info.Colored() {
		return 3
	}
	return 1
}

// save makes the file beside path and gives it its name.
func (w *writer) save(ctx context.Context, path string, read reader) (err error) {
	i := w.info
	if len(i.Levels) == 0 || len(i.Channels) == 0 || i.Z < 1 || i.T < 1 || i.Levels[0].Size.X < 1 || i.Levels[0].Size.Y < 1 {
		return fault.New(fault.Invalid, "There is no image to be written.", "", nil)
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fault.New(fault.NotFound, "The folder “"+dir+"” is not there.", "Make it first, or choose another.", err)
	}
	if w.out, err = newDraft(dir, w.named); err != nil {
		return fmt.Errorf("write image: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.out.discard())
		}
	}()
	if err := w.write(ctx, read); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := w.out.Chmod(0o644); err != nil {
		return err
	}
	if err := w.out.Sync(); err != nil {
		return err
	}
	return w.out.finish(path, w.keep)
}

// write writes the header and plane after plane.
func (w *writer) write(ctx context.Context, read reader) error {
	size := w.info.Levels[0].Size
	stacks := len(w.info.Channels) / w.samples
	w.big = w.most() > 4_000_000_000
	w.rows = w.planes() * int64(size.Y)
	if err := w.header(); err != nil {
		return err
	}
	text := append(describe(w.info, w.samples), 0)
	for t := range w.info.T {
		for z := range w.info.Z {
			for c := range stacks {
				if err := w.plane(ctx, imageio.Region{C: c * w.samples, Z: z, T: t}, read, text); err != nil {
					return fmt.Errorf("plane c %d z %d t %d: %w", c, z, t, err)
				}
				text = nil
			}
		}
	}
	return nil
}

func (w *writer) planes() int64 {
	return int64(len(w.info.Channels)/w.samples) * int64(w.info.Z) * int64(w.info.T)
}

// most is how many bytes the file may take up, with levels and directories.
func (w *writer) most() int64 {
	size, pixel := w.info.Levels[0].Size, int64(w.samples*w.info.Type.Bytes())
	if w.compression != none { // levels add a third, tiles at the edges some
		return w.planes() * (int64(size.X)*int64(size.Y)*pixel*3/2 + 1<<16)
	}
	n := int64(1 << 16)
	for l := w.levels(size); l != nil; l = l.next { // tiles are stored whole
		tiles := int64((l.size.X+w.tile-1)/w.tile) * int64((l.size.Y+w.tile-1)/w.tile)
		n += tiles * (int64(w.tile*w.tile)*pixel + 16)
	}
	return w.planes() * n
}

// plane reads the plane of at band by band, writes the tiles of all its levels and then its
// directories.
func (w *writer) plane(ctx context.Context, at imageio.Region, read reader, text []byte) error {
	size := w.info.Levels[0].Size
	first := w.levels(size)
	for y := 0; y < size.Y; y += w.tile {
		band := make([]*imageio.Pixels, w.samples)
		for s := range band {
			r := at
			r.C, r.Rect = at.C+s, image.Rect(0, y, size.X, min(y+w.tile, size.Y))
			px, err := read(ctx, r)
			if err != nil {
				return err
			}
			band[s] = px
		}
		if err := first.take(ctx, w, band); err != nil {
			return err
		}
		w.done += int64(band[0].Size.Y)
		if w.progress != nil {
			w.progress(w.done, w.rows)
		}
	}
	var subs []uint64
	for l := first.next; l != nil; l = l.next {
		subs = append(subs, uint64(w.even()))
		if err := w.entries(w.directory(l, true, nil, nil), false); err != nil {
			return err
		}
	}
	return w.entries(w.directory(first, false, text, subs), true)
}

// levels makes the chain of levels of a plane of this size.
func (w *writer) levels(size image.Point) *band {
	b := &band{size: size}
	if w.coarsest > 0 && max(size.X, size.Y) > w.coarsest {
		b.next = w.levels(image.Pt((size.X+1)/2, (size.Y+1)/2))
	}
	return b
}

// photometric is what a page's samples are.
func (w *writer) photometric() uint64 {
	switch {
	case w.samples == 3:
		return photometricRGB
	case w.info.Negative:
		return photometricWhite
	}
	return photometricBlack
}
