package ometiff_test

import (
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// painted writes pages of other colours than grey and RGB. The first pixel is 0, the last 200.
const painted = `
import sys, numpy as np, tifffile
out = sys.argv[1]
grey = np.linspace(0, 200, 64 * 64).astype(np.uint8).reshape(64, 64)
ramp, none = np.arange(256, dtype=np.uint16) * 257, np.zeros(256, np.uint16)
rainbow = np.stack([ramp, ramp[::-1], np.full(256, 7 * 257, np.uint16)])
for name, colours in ("green", [none, ramp, none]), ("rainbow", rainbow), ("eight", rainbow >> 8), ("inverted", [ramp[::-1]] * 3):
    for tile in None, (32, 32):
        tifffile.imwrite(out + "/" + name + ("-tiles" if tile else "") + ".tif", grey, photometric="palette", colormap=np.asarray(colours), tile=tile)
with tifffile.TiffWriter(out + "/before-grey.tif") as w:
    w.write(grey, photometric="palette", colormap=rainbow, metadata=None)
    w.write(grey, metadata=None)
    w.write(grey[::2, ::2], metadata=None)
for n in 3, 4:
    text = ('<OME><Image><Pixels DimensionOrder="XYCZT" SizeX="64" SizeY="64" SizeZ="1" SizeC="%d" SizeT="1" Type="uint8">'
            '<Channel Name="DAPI" SamplesPerPixel="%d"/><TiffData IFD="0"/></Pixels></Image></OME>' % (n, n))
    tifffile.imwrite(out + "/samples%d.ome.tif" % n, np.stack([grey] * n), description=text, metadata=None, photometric="minisblack", planarconfig="separate")
`

// TestColors shows a palette's colours, keeps the samples of what only an instrument painted, and takes
// no samples for red, green and blue that aren't.
func TestColors(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", painted, dir)
	white := [3]uint8{255, 255, 255}
	pure := []imageio.Channel{{Name: "Red", Color: [3]uint8{255, 0, 0}}, {Name: "Green", Color: [3]uint8{0, 255, 0}}, {Name: "Blue", Color: [3]uint8{0, 0, 255}}}
	for name, c := range map[string]struct {
		channels []imageio.Channel
		last     []float64
	}{
		"green":        {[]imageio.Channel{{Name: "Channel 1", Color: [3]uint8{0, 255, 0}}}, []float64{200}},
		"rainbow":      {pure, []float64{200, 55, 7}},
		"eight":        {pure, []float64{200, 55, 7}},
		"inverted":     {[]imageio.Channel{{Name: "Channel 1", Color: white}}, []float64{55}},
		"samples3.ome": {[]imageio.Channel{{Name: "DAPI 1", Color: white}, {Name: "DAPI 2", Color: white}, {Name: "DAPI 3", Color: white}}, []float64{200, 200, 200}},
		"samples4.ome": {
			[]imageio.Channel{{Name: "DAPI 1", Color: white}, {Name: "DAPI 2", Color: white}, {Name: "DAPI 3", Color: white}, {Name: "DAPI 4", Color: white}},
			[]float64{200, 200, 200, 200},
		},
	} {
		for _, end := range []string{".tif", "-tiles.tif"} {
			if strings.HasSuffix(name, ".ome") && end != ".tif" {
				continue
			}
			src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name+end))
			if err != nil {
				t.Fatal(err)
			}
			if got := src.Info().Channels; !reflect.DeepEqual(got, c.channels) {
				t.Fatalf("%s: %+v", name+end, got)
			}
			for ch, want := range c.last {
				if got := imageiotest.Plane(t, src, 0, ch, 0, 0).Sample(64*64 - 1); got != want {
					t.Errorf("%s: channel %d ends with %g, want %g", name+end, ch, got, want)
				}
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestPaletteBeforeGrey has pages with a palette and those without as images of their own.
func TestPaletteBeforeGrey(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", painted, dir)
	for n, want := range [][]float64{{200, 55, 7}, {200}} {
		src, err := ometiff.Format{}.OpenImage(t.Context(), filepath.Join(dir, "before-grey.tif"), n)
		if err != nil {
			t.Fatal(err)
		}
		if i := src.Info(); len(i.Channels) != len(want) || i.Z != 1 || len(i.Levels) != n+1 {
			t.Errorf("image %d: %+v", n, i)
		}
		for c, v := range want {
			if got := imageiotest.Plane(t, src, 0, c, 0, 0).Sample(64*64 - 1); got != v {
				t.Errorf("image %d: channel %d ends with %g, want %g", n, c, got, v)
			}
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}
