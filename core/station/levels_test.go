package station

import (
	"image"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// bare is an image of which only the description is asked for.
type bare struct {
	imageio.Source
	info imageio.Info
}

func (b bare) Info() imageio.Info { return b.info }
func (b bare) Close() error       { return nil }

// TestLevelsOfOldMeans of an image whose samples may stand for nothing are made anew; others stay.
func TestLevelsOfOldMeans(t *testing.T) {
	half := image.Pt(2001, 2001)
	p := newPyramids(t.TempDir())
	for of, anew := range map[imageio.PixelType]bool{imageio.Uint16: false, imageio.Float32: true} {
		info := imageio.Info{Channels: make([]imageio.Channel, 1), Z: 1, T: 1, Type: of, Levels: []imageio.Level{{Size: half, Downsample: 1}}}
		px := &imageio.Pixels{Size: half, Type: of, Data: make([]byte, half.X*half.Y*of.Bytes())}
		kept := p.path(of.String(), imageio.Uint8) // as it was called before
		if err := ometiff.Write(t.Context(), kept, info, func(int, int, int) (*imageio.Pixels, error) { return px, nil }); err != nil {
			t.Fatal(err)
		}
		info.Levels = []imageio.Level{{Size: half.Mul(2), Downsample: 1}}
		src := p.with(t.Context(), bare{info: info}, large{md5: of.String()})
		if asked := p.asked[of.String()]; asked != anew || anew != (len(src.Info().Levels) == 1) {
			t.Errorf("%s: asked for anew %v, %d levels", of, asked, len(src.Info().Levels))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}
