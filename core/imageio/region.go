package imageio

import (
	"context"
	"fmt"
	"image"
	"runtime"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
)

// maxRegion is the most bytes that [ReadRegion] puts together; more is a mistake of the
// caller's, who should go tile by tile.
const maxRegion = 4 << 30

// ReadRegion returns the pixels of r, clipped to the image; tiles are decoded beside each
// other. A level, channel or plane that is not there is fault.NotFound, a rectangle
// wholly outside fault.Invalid. The pixels belong to the caller, unless they are exactly
// one tile: then nobody may write to them.
func ReadRegion(ctx context.Context, src Source, r Region) (*Pixels, error) {
	return readRegion(ctx, src, r, runtime.GOMAXPROCS(0))
}

func readRegion(ctx context.Context, src Source, r Region, workers int) (*Pixels, error) {
	info := src.Info()
	if err := info.plane(r.Level, r.C, r.Z, r.T); err != nil {
		return nil, err
	}
	rect := r.Rect.Intersect(image.Rectangle{Max: info.Levels[r.Level].Size})
	if rect.Empty() {
		return nil, fault.New(fault.Invalid, "The chosen rectangle lies outside the image.", "Choose a place inside it.",
			fmt.Errorf("region %v of %v", r.Rect, info.Levels[r.Level].Size))
	}
	size := info.Type.Bytes()
	if int64(rect.Dx())*int64(rect.Dy())*int64(size) > maxRegion {
		return nil, fault.New(fault.Invalid, "The chosen rectangle is too large to be held in memory.",
			"Choose a smaller one, or a coarser resolution.", fmt.Errorf("region %v", rect))
	}
	ts := info.TileSize
	first := image.Pt(rect.Min.X/ts.X, rect.Min.Y/ts.Y)
	last := image.Pt((rect.Max.X-1)/ts.X, (rect.Max.Y-1)/ts.Y)
	tile := Tile{Level: r.Level, C: r.C, Z: r.Z, T: r.T}
	if first == last {
		tile.Col, tile.Row = first.X, first.Y
		if b, err := info.Bounds(tile); err == nil && b == rect {
			return src.ReadTile(ctx, tile)
		}
	}
	out := &Pixels{Size: rect.Size(), Type: info.Type, Data: make([]byte, rect.Dx()*rect.Dy()*size)}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, workers))
	for row := first.Y; row <= last.Y; row++ {
		for col := first.X; col <= last.X; col++ {
			t := tile
			t.Col, t.Row = col, row
			g.Go(func() error { return blit(ctx, src, t, rect, out) })
		}
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	return out, nil
}

// blit copies what t and rect share into out, whose first pixel is rect.Min.
func blit(ctx context.Context, src Source, t Tile, rect image.Rectangle, out *Pixels) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	at, err := src.Info().Bounds(t)
	if err != nil {
		return err
	}
	px, err := src.ReadTile(ctx, t)
	if err != nil {
		return err
	}
	if px.Size != at.Size() || px.Type != out.Type {
		return fmt.Errorf("tile %v is %v %v, not %v %v", t, px.Size, px.Type, at.Size(), out.Type)
	}
	both := at.Intersect(rect)
	n := out.Type.Bytes()
	for y := both.Min.Y; y < both.Max.Y; y++ {
		from := ((y-at.Min.Y)*px.Size.X + both.Min.X - at.Min.X) * n
		to := ((y-rect.Min.Y)*out.Size.X + both.Min.X - rect.Min.X) * n
		copy(out.Data[to:to+both.Dx()*n], px.Data[from:])
	}
	return nil
}
