package station_test

import (
	"bytes"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/station"
)

// A large image without coarser levels gets some in the background, and has them at the next
// look; a damaged file of them does no harm.
func TestALargeImageGetsAPyramid(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	size := image.Pt(4100, 4003)
	info := imageio.Info{
		Levels: []imageio.Level{{Size: size, Downsample: 1}}, Type: imageio.Uint8, Z: 1, T: 1, Channels: make([]imageio.Channel, 1),
	}
	px := &imageio.Pixels{Size: size, Type: imageio.Uint8, Data: make([]byte, size.X*size.Y)}
	for i := range px.Data {
		px.Data[i] = byte(i / 777)
	}
	err := ometiff.Write(t.Context(), filepath.Join(b.ws, "scope", "slide.ome.tif"), info, func(int, int, int) (*imageio.Pixels, error) { return px, nil })
	if err != nil {
		t.Fatal(err)
	}
	it := b.capture("slide.ome.tif", func(it flow.Item) bool { _, ok := station.Image(it); return ok })
	md5, _ := station.Image(it)
	level := func(src imageio.Source, at image.Rectangle) []byte {
		px, err := imageio.ReadRegion(t.Context(), src, imageio.Region{Level: 2, Rect: at})
		if err != nil {
			t.Fatal(err)
		}
		return px.Data
	}
	look := func(at image.Rectangle) []byte {
		src, err := b.OpenImage(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if at.Empty() {
			return nil
		}
		return level(src, at)
	}
	look(image.Rectangle{}) // asks for the levels
	kept := filepath.Join(b.ws, "pyramids", fmt.Sprintf("%s.%d.ome.tif", md5, imageio.Reading))
	b.until(func() bool { _, err := os.Stat(kept); return err == nil }, func() string { return "levels are made" })
	coarse, err := ometiff.Format{}.Open(t.Context(), kept)
	if err != nil || coarse.Info().Levels[0].Size != image.Pt(2050, 2002) {
		t.Fatalf("kept: %v", err)
	}
	if err := coarse.Close(); err != nil {
		t.Error(err)
	}
	plain, err := ometiff.Format{}.Open(t.Context(), filepath.Join(b.ws, "scope", "slide.ome.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	upper, lower := image.Rect(0, 0, 700, 400), image.Rect(0, 600, 700, 900)
	if !bytes.Equal(look(upper), level(imageio.Pyramid(plain), upper)) {
		t.Error("the kept levels are other ones")
	}
	if err := os.WriteFile(kept, []byte("II*"), 0o600); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(look(lower), level(imageio.Pyramid(plain), lower)) {
		t.Error("without the levels the image is another one")
	}
}
