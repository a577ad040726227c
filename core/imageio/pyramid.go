package imageio

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"

	"coverslip.dev/coverslip/core/fault"
)

// coarseEnough is the longer side, in pixels, at which a pyramid ends: one look at the
// whole image then costs a few tiles.
const coarseEnough = 1024

// Pyramid returns src with coarser levels added until the coarsest fits a window: each
// pixel is the mean of 2×2 of the level below, made when its tile is asked for. A source
// that is coarse enough is returned as it is. Tiles that were made are kept in the cache
// of src if it is [Cached], else in one of its own. Not for label images: a mean of two
// labels is a third one.
func Pyramid(src Source) Source {
	info := src.Info()
	levels := append([]Level(nil), info.Levels...)
	for {
		last := levels[len(levels)-1]
		if max(last.Size.X, last.Size.Y) <= coarseEnough {
			break
		}
		half := image.Pt((last.Size.X+1)/2, (last.Size.Y+1)/2)
		levels = append(levels, Level{Size: half, Downsample: last.Downsample * 2, Merged: last.Merged})
	}
	if len(levels) == len(info.Levels) {
		return src
	}
	p := &pyramid{Source: src, real: len(info.Levels), info: info}
	p.info.Levels = levels
	if c, ok := src.(*cached); ok {
		p.cache = c.cache
	} else {
		p.cache = NewTileCache(64 << 20)
	}
	return p
}

type pyramid struct {
	Source
	cache *TileCache
	real  int // levels that the file has
	info  Info
}

func (p *pyramid) Info() Info { return p.info }

func (p *pyramid) ReadTile(ctx context.Context, t Tile) (*Pixels, error) {
	if t.Level < p.real {
		return p.Source.ReadTile(ctx, t)
	}
	at, err := p.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	return p.cache.Read(ctx, p.ID(), t, func(ctx context.Context) (*Pixels, error) {
		below := Region{Level: t.Level - 1, C: t.C, Z: t.Z, T: t.T, Rect: image.Rectangle{Min: at.Min.Mul(2), Max: at.Max.Mul(2)}}
		workers := 1 // levels above would otherwise multiply them
		if below.Level < p.real {
			workers = 4
		}
		px, err := readRegion(ctx, p, below, workers)
		if err != nil {
			return nil, err
		}
		return Halve(px), nil
	})
}

// Downsample is how many pixels of the first of levels a pixel takes of the next one, which has this
// size. Sizes are rounded, and the ratio of a strip's short sides is far off: it is the whole factor
// that makes both sides, of the last level's or of the first one's, else the ratio of the longer sides.
func Downsample(levels []Level, size image.Point) float64 {
	first, last := levels[0], levels[len(levels)-1]
	if by, ok := whole(last.Size, size); ok && rounded(first.Size, size, by*last.Downsample) {
		return by * last.Downsample
	}
	by, _ := whole(first.Size, size)
	return by
}

// whole is the ratio of the longer sides of a and b, or the whole number next to it where b is a
// made smaller by that.
func whole(a, b image.Point) (by float64, ok bool) {
	if by = float64(a.X) / float64(b.X); a.Y > a.X {
		by = float64(a.Y) / float64(b.Y)
	}
	if n := math.Round(by); rounded(a, b, n) {
		return n, true
	}
	return by, false
}

// rounded reports whether b is a made smaller by that factor, its sides rounded up or down.
func rounded(a, b image.Point, by float64) bool {
	return math.Abs(float64(a.X)/by-float64(b.X)) < 1 && math.Abs(float64(a.Y)/by-float64(b.Y)) < 1
}

// Coarser returns the levels of src from the given one on as an image of its own, whose
// first level is level of src. Closing it leaves src open.
func Coarser(src Source, level int) (Source, error) {
	info := src.Info()
	if err := info.plane(level, 0, 0, 0); err != nil {
		return nil, err
	}
	step := info.Levels[level].Downsample
	info.Levels = append([]Level(nil), info.Levels[level:]...)
	for i := range info.Levels {
		info.Levels[i].Downsample /= step
	}
	info.Micron.X *= step
	info.Micron.Y *= step
	return &coarser{src, level, info}, nil
}

type coarser struct {
	Source
	from int
	info Info
}

func (c *coarser) Info() Info { return c.info }

func (c *coarser) Close() error { return nil }

func (c *coarser) ReadTile(ctx context.Context, t Tile) (*Pixels, error) {
	if t.Level < 0 {
		return nil, outside(fmt.Errorf("level %d", t.Level))
	}
	t.Level += c.from
	return c.Source.ReadTile(ctx, t)
}

// WithCoarser returns src with the levels of another image under its own, as [Coarser] cut
// them off and something kept them: the first is half as large as the last of src. What does
// not fit is fault.Corrupt. Closing it closes both.
func WithCoarser(src, coarse Source) (Source, error) {
	info, more := src.Info(), coarse.Info()
	last := info.Levels[len(info.Levels)-1]
	half := image.Pt((last.Size.X+1)/2, (last.Size.Y+1)/2)
	if more.Levels[0].Size != half || more.Type != info.Type || len(more.Channels) != len(info.Channels) || more.Z != info.Z || more.T != info.T {
		return nil, fault.New(fault.Corrupt, "The kept levels of the image are not its own.", "They are made anew.",
			fmt.Errorf("%v %v under %v %v", more.Levels[0].Size, more.Type, last.Size, info.Type))
	}
	info.Levels = append([]Level(nil), info.Levels...)
	for _, l := range more.Levels {
		l.Downsample, l.Merged = Downsample(info.Levels, l.Size), last.Merged
		info.Levels = append(info.Levels, l)
	}
	return &joined{src, coarse, len(info.Levels) - len(more.Levels), info}, nil
}

type joined struct {
	Source
	coarse Source
	real   int // levels of Source
	info   Info
}

func (j *joined) Info() Info { return j.info }

func (j *joined) Close() error { return errors.Join(j.Source.Close(), j.coarse.Close()) }

func (j *joined) ReadTile(ctx context.Context, t Tile) (*Pixels, error) {
	if t.Level < j.real {
		return j.Source.ReadTile(ctx, t)
	}
	at, err := j.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	return readRegion(ctx, j.coarse, Region{Level: t.Level - j.real, Rect: at, C: t.C, Z: t.Z, T: t.T}, 1)
}
