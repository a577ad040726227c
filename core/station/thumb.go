package station

import (
	"context"
	"image"

	"github.com/disintegration/imaging"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
)

// Thumb returns a small picture of an item, at most size pixels wide and high: the plane
// where its objects lie, each channel between its 1st and 99.8th percentile. Nothing is converted for it.
func (s *Station) Thumb(ctx context.Context, it flow.Item, size int) (image.Image, error) {
	src, err := s.openItem(ctx, s.atHand, it, own)
	if err != nil {
		return nil, err
	}
	defer src.Close() //nolint:errcheck // read only
	z, t := Lying(it, src.Info())
	return picture(ctx, src, z, t, size)
}

// picture draws a plane of an image, at most size pixels wide and high.
func picture(ctx context.Context, src imageio.Source, z, t, size int) (image.Image, error) {
	info := src.Info()
	level := len(info.Levels) - 1
	for level > 0 && min(info.Levels[level].Size.X, info.Levels[level].Size.Y) < size {
		level--
	}
	whole := image.Rectangle{Max: info.Levels[level].Size}
	out := image.NewNRGBA(whole)
	for i := 3; i < len(out.Pix); i += 4 {
		out.Pix[i] = 255
	}
	for c, rgb := range imageio.DisplayColors(info.Channels) {
		px, err := imageio.ReadRegion(ctx, src, imageio.Region{Level: level, Rect: whole, C: c, Z: z, T: t})
		if err != nil {
			return nil, err
		}
		ps := []float64{0, 255} // of a colour picture, as it is
		if !info.Colored() || info.Type != imageio.Uint8 {
			if ps, err = imageio.Percentiles(ctx, src, c, z, t, level, 1, 99.8); err != nil {
				return nil, err
			}
		}
		lay(out, px.Float32s(nil), ps[0], ps[1], rgb)
	}
	return imaging.Fit(out, size, size, imaging.Box), nil
}

// lay adds a channel in its colour to a picture.
func lay(out *image.NRGBA, v []float32, lo, hi float64, rgb [3]uint8) {
	scale := 1 / max(hi-lo, 1e-9)
	for i, x := range v {
		f := min(max((float64(x)-lo)*scale, 0), 1)
		for k, c := range rgb {
			out.Pix[4*i+k] = uint8(min(float64(out.Pix[4*i+k])+f*float64(c), 255))
		}
	}
}
