package station

import (
	"image"
	"path/filepath"
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

// TestLevelsOfAnotherReading are made anew: the image's pixels may be other ones since.
func TestLevelsOfAnotherReading(t *testing.T) {
	half := image.Pt(2001, 2001)
	p := newPyramids(t.TempDir())
	for md5, kept := range map[string]string{
		"first": filepath.Join(p.dir, "first.ome.tif"), "means": filepath.Join(p.dir, "means.2.ome.tif"), "now": p.path("now"),
	} {
		info := imageio.Info{Channels: make([]imageio.Channel, 1), Z: 1, T: 1, Levels: []imageio.Level{{Size: half, Downsample: 1}}}
		px := &imageio.Pixels{Size: half, Data: make([]byte, half.X*half.Y)}
		if err := ometiff.Write(t.Context(), kept, info, func(int, int, int) (*imageio.Pixels, error) { return px, nil }); err != nil {
			t.Fatal(err)
		}
		info.Levels = []imageio.Level{{Size: half.Mul(2), Downsample: 1}}
		src := p.with(t.Context(), bare{info: info}, large{md5: md5})
		if anew := md5 != "now"; p.asked[md5] != anew || anew != (len(src.Info().Levels) == 1) {
			t.Errorf("%s: asked for anew %v, %d levels", md5, p.asked[md5], len(src.Info().Levels))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}
