package ometiff_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// ndtiff writes a set of two files and its index, as Micro-Manager and Pycro-Manager do: two tiles of a mosaic, the
// second of which is in the second file alone, two channels that all pages call Default, and three depths. The last plane
// was taken again. Planes are filled with their number.
const ndtiff = `
import json, struct, sys, numpy as np, tifffile
out = sys.argv[1]
planes = [{"row": 0, "column": tile, "channel": channel, "z": z} for tile in range(2) for z in range(3) for channel in ("DAPI", "FITC")]
planes.append(planes[-1])
index = b""
files = [tifffile.TiffWriter(out + "/a_NDTiffStack" + end + ".tif") for end in ("", "_1")]
for i, axes in enumerate(planes):
    words = json.dumps({"Axes": axes if i != 3 else planes[2], "Channel": "Default", "PixelSizeUm": 0.5, "ZPositionUm": 2 * axes["z"]})
    files[i > 4].write(np.full((8, 8), i, np.uint16), metadata=None, contiguous=False, extratags=[(51123, "s", 0, words, True)])
    for text in json.dumps(axes), "a_NDTiffStack" + ("_1" if i > 4 else "") + ".tif":
        index += struct.pack("<I", len(text)) + text.encode()
    index += struct.pack("<8I", 0, 8, 8, 1, 0, 0, 0, 0)
for w in files:
    w.close()
open(out + "/NDTiff.index", "wb").write(index + bytes(64))
`

// TestSetOfNDTiff joins the files of a set by its index, whichever of them is opened.
func TestSetOfNDTiff(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", ndtiff, dir)
	for _, name := range []string{"a_NDTiffStack.tif", "a_NDTiffStack_1.tif"} {
		for n, first := range []float64{0, 6} {
			src, err := ometiff.Format{}.OpenImage(t.Context(), filepath.Join(dir, name), n)
			if err != nil {
				t.Fatal(err)
			}
			i := src.Info()
			if i.Z != 3 || i.T != 1 || len(i.Channels) != 2 || i.Channels[0].Name != "DAPI" || i.Channels[1].Name != "FITC" || i.Image != n ||
				!slices.Equal(i.Images, []string{"Row 0, column 0", "Row 0, column 1"}) || i.Micron.X != 0.5 || n == 1 && i.Micron.Z != 2 {
				t.Fatalf("%s, image %d: %+v", name, n, i)
			}
			for z := range 3 {
				for c := range 2 {
					want := first + float64(2*z+c)
					if want == 11 {
						want = 12
					}
					if got := imageiotest.Plane(t, src, 0, c, z, 0).Sample(0); got != want {
						t.Errorf("%s, image %d, z %d, channel %d: %g, want %g", name, n, z, c, got, want)
					}
				}
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := (ometiff.Format{}).Complete(t.Context(), filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "a_NDTiffStack_1.tif")); err != nil {
		t.Fatal(err)
	}
	src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, "a_NDTiffStack.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if got := imageiotest.Plane(t, src, 0, 0, 2, 0).Sample(0); got != 4 {
		t.Errorf("%g", got)
	}
	if _, err := src.ReadTile(t.Context(), imageio.Tile{C: 1, Z: 2}); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}
