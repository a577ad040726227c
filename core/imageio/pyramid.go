package imageio

import (
	"context"
	"image"
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
		levels = append(levels, Level{Size: half, Downsample: last.Downsample * 2})
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
