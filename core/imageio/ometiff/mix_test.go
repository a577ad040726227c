package ometiff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// mixed writes colours of print and CIE L*a*b*, each beside what is to be seen: by Pillow, and of 16 bits the very
// colours that L*a*b* was made of.
const mixed = `
import sys, numpy as np, tifffile, skimage.color
from PIL import Image, ImageCms
out = sys.argv[1]
cube = np.stack(np.meshgrid(*[np.arange(5, 256, 17)] * 3), -1).reshape(45, 75, 3).astype(np.uint8)
black = (np.arange(45 * 75) * 7 % 256).astype(np.uint8).reshape(45, 75, 1)
srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")

def note(name, img, seen, photometric, **k):
    tifffile.imwrite(out + "/" + name + ".tif", img, photometric=photometric, metadata=None, **k)
    np.moveaxis(np.asarray(seen), -1, 0).astype("<u2").tofile(out + "/" + name + ".raw")

inks = np.dstack([cube, black])
seen = np.asarray(Image.fromarray(inks, "CMYK").convert("RGB"))
note("cmyk", inks, seen, "separated")
note("cmyk-tiles", inks, seen, "separated", tile=(32, 32), compression="zlib", predictor=True)
note("cmyk-apart", np.moveaxis(inks, -1, 0), seen, "separated", planarconfig="separate", rowsperstrip=7)
note("cmyk-clear", np.dstack([inks, black]), seen, "separated")
wide = inks.astype(np.uint16) * 257
note("cmyk-wide", wide, np.uint16(257) * seen, "separated", byteorder=">")

code = ImageCms.applyTransform(Image.fromarray(cube), ImageCms.buildTransform(srgb, lab, "RGB", "LAB"))
seen = ImageCms.applyTransform(code, ImageCms.buildTransform(lab, srgb, "LAB", "RGB", flags=ImageCms.Flags.NOOPTIMIZE))
code = np.asarray(code)
note("lab", code, seen, "cielab")
note("lab-icc", code ^ np.uint8([0, 128, 128]), seen, "icclab", tile=(32, 32))
linear = np.where(cube <= 10, cube / 255 / 12.92, ((cube / 255 + 0.055) / 1.055) ** 2.4)
d50 = np.array([[0.4360747, 0.3850649, 0.1430804], [0.2225045, 0.7168786, 0.0606169], [0.0139322, 0.0971045, 0.7141733]])
l, a, b = np.moveaxis(skimage.color.xyz2lab(linear @ d50.T, illuminant="D50"), -1, 0)
def u16(*planes): return np.dstack([np.round(p).astype(np.int32).astype(np.uint16) for p in planes])
note("lab-wide", u16(l * 655.35, a * 256, b * 256), 257 * cube.astype(np.uint16), "cielab")
note("lab-icc-wide", u16(l * 652.8, (a + 128) * 256, (b + 128) * 256), 257 * cube.astype(np.uint16), "icclab", byteorder=">")
grey = u16(l * 655.35, 128 * 256 + 0 * a, 96 * 256 + 0 * b)
note("lab-itu", grey, np.dstack([np.round(np.where(y <= 0.0031308, 12.92 * y, 1.055 * y ** (1 / 2.4) - 0.055) * 65535) for y in [(linear @ d50.T)[..., 1]] * 3]), "itulab")

tifffile.imwrite(out + "/floats.tif", inks.astype(np.float32), photometric="separated", metadata=None)
tifffile.imwrite(out + "/other-inks.tif", inks, photometric="separated", metadata=None, extratags=[(332, 3, 1, 2, True)])
text = ('<OME><Image><Pixels DimensionOrder="XYCZT" SizeX="75" SizeY="45" SizeZ="1" SizeC="4" SizeT="1" Type="uint8">'
        '<Channel SamplesPerPixel="4"/><TiffData IFD="0"/></Pixels></Image></OME>')
tifffile.imwrite(out + "/channels.ome.tif", inks, description=text, photometric="separated", metadata=None)
`

// TestMixed shows colours of print and CIE L*a*b* in red, green and blue, to the value of Pillow.
func TestMixed(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", mixed, dir)
	for name, near := range map[string]float64{
		"cmyk": 0, "cmyk-tiles": 0, "cmyk-apart": 0, "cmyk-clear": 0, "cmyk-wide": 0x80,
		"lab": 1, "lab-icc": 1, "lab-wide": 0x40, "lab-icc-wide": 0x40, "lab-itu": 0x40,
	} {
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, name+".raw"))
		if err != nil {
			t.Fatal(err)
		}
		if i := src.Info(); !i.Colored() {
			t.Fatalf("%s: %+v", name, i)
		}
		seen := imageio.Pixels{Type: imageio.Uint16, Data: want}
		n, far := len(want)/2/3, 0.0
		for c := range 3 {
			px := imageiotest.Plane(t, src, 0, c, 0, 0)
			for i := range n {
				far = max(far, px.Sample(i)-seen.Sample(c*n+i), seen.Sample(c*n+i)-px.Sample(i))
			}
		}
		if far > near {
			t.Errorf("%s: a colour is %g off", name, far)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestInksOfOtherKinds says what it does not mix, and takes inks that are others for channels.
func TestInksOfOtherKinds(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", mixed, dir)
	for _, name := range []string{"floats.tif", "channels.ome.tif"} {
		_, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name))
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "CMYK") || !strings.Contains(hint, "RGB") {
			t.Errorf("%s: %v", name, err)
		}
	}
	src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, "other-inks.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if i := src.Info(); len(i.Channels) != 4 || i.Channels[0].Name != "Channel 1" {
		t.Errorf("%+v", i)
	}
}
