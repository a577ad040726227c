package ometiff_test

import (
	"bytes"
	"compress/zlib"
	"image"
	"math/bits"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// odd writes what programs beside the usual ones write: pictures with transparency, a µ in
// Latin-1, and a recording of two time points that was stopped in the second.
const odd = `
import sys, numpy as np, tifffile
out = sys.argv[1]
rgba = np.random.default_rng(0).integers(0, 255, (40, 50, 4), np.uint8)
tifffile.imwrite(out + "/rgba.tif", rgba, photometric="rgb", extrasamples=["unassalpha"])
tifffile.imwrite(out + "/la.tif", rgba[..., :2].copy(), photometric="minisblack", planarconfig="contig", extrasamples=["unassalpha"], metadata=None)
xml = '''<?xml version="1.0" encoding="ISO-8859-1"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels ID="Pixels:0" Type="uint16"
 DimensionOrder="XYCZT" SizeX="50" SizeY="40" SizeZ="1" SizeC="1" SizeT="%d" PhysicalSizeX="0.5" PhysicalSizeY="0.5"
 PhysicalSizeXUnit="%sm" PhysicalSizeYUnit="%sm"><Channel ID="Channel:0:0" SamplesPerPixel="1"/>
 <TiffData IFD="0" FirstT="0" PlaneCount="1"/></Pixels></Image></OME>'''
page = np.arange(2000, dtype=np.uint16).reshape(40, 50)
tifffile.imwrite(out + "/latin.ome.tif", page, description=(xml % (1, "\xb5", "\xb5")).encode("latin-1"), metadata=None)
tifffile.imwrite(out + "/stopped.ome.tif", page, description=(xml % (2, "u", "u")).replace('"um"', '"mm"').encode("ascii"), metadata=None)
`

func TestWhatOtherProgramsWrite(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", odd, dir)
	open := func(name string) imageio.Source {
		t.Helper()
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		t.Cleanup(func() { _ = src.Close() })
		return src
	}
	if info := open("rgba.tif").Info(); len(info.Channels) != 3 || !info.Colored() {
		t.Errorf("a colour picture has %d channels", len(info.Channels))
	}
	if info := open("la.tif").Info(); len(info.Channels) != 1 {
		t.Errorf("a grey picture has %d channels", len(info.Channels))
	}
	if info := open("latin.ome.tif").Info(); info.Micron.X != 0.5 {
		t.Errorf("pixels of %g µm", info.Micron.X)
	}
	saved := filepath.Join(dir, "saved.ome.tif")
	if err := ometiff.Save(t.Context(), saved, open("stopped.ome.tif"), ometiff.Options{}); err != nil {
		t.Fatal(err)
	}
	got := open("saved.ome.tif")
	for at, want := range map[int]float64{0: 1999, 1: 0} {
		px, err := imageio.ReadRegion(t.Context(), got, imageio.Region{Rect: image.Rect(0, 0, 50, 40), T: at})
		if err != nil || px.Sample(1999) != want {
			t.Errorf("time %d: %v, want %g", at, err, want)
		}
	}
}

// TestProgressiveStrip is a JPEG in several passes within a TIFF, grey and in colour: libjpeg's pixels.
func TestProgressiveStrip(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", `
import sys, numpy as np
from PIL import Image
y, x = np.mgrid[0:16, 0:16]
for name, img in ("1", (x * 9 + y * 5).astype("u1")), ("3", np.stack([x * 9, y * 9, x * 4 + y * 4], -1).astype("u1")):
    path = sys.argv[1] + "/" + name
    Image.fromarray(img).save(path + ".jpg", progressive=True, quality=90)
    with open(path + ".raw", "wb") as f:
        f.write(np.atleast_3d(np.asarray(Image.open(path + ".jpg"))).transpose(2, 0, 1).tobytes())
`, dir)
	for name, tags := range map[string]map[uint16]uint32{"1": {259: 7}, "3": {259: 7, 262: 6, 277: 3}} {
		strip, err := os.ReadFile(filepath.Join(dir, name+".jpg"))
		if err != nil || !bytes.Contains(strip, []byte("\xff\xc2")) {
			t.Fatal("no progressive JPEG", err)
		}
		want, err := os.ReadFile(filepath.Join(dir, name+".raw"))
		if err != nil {
			t.Fatal(err)
		}
		data := tiff(1, "", strip, tags)
		src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "progressive.tif")
		if err != nil {
			t.Fatal(err)
		}
		imageiotest.Equal(t, src, want, 0)
	}
}

// TestLastStripOfFullSize is whole with its last row, though its strip is said to be longer, as some
// programs write it.
func TestLastStripOfFullSize(t *testing.T) {
	head := len(tiff(1, "", nil, nil))
	data := append(tiff(1, "", nil, map[uint16]uint32{257: 10, 273: uint32(head), 279: 16 * 16}), make([]byte, 10*16)...)
	path := filepath.Join(t.TempDir(), "last.tif")
	for n, want := range map[int]fault.Kind{len(data): fault.KindOf(nil), len(data) - 1: fault.Corrupt} {
		if err := os.WriteFile(path, data[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); fault.KindOf(err) != want {
			t.Errorf("%d of %d bytes: %v", n, len(data), err)
		}
	}
}

// TestLowestBitsFirst are bytes that are written the other way round, packed or not.
func TestLowestBitsFirst(t *testing.T) {
	want := make([]byte, 256)
	for i := range want {
		want[i] = byte(i)
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(want); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	for compression, strip := range map[uint32][]byte{1: bytes.Clone(want), 8: packed.Bytes()} {
		for i, v := range strip {
			strip[i] = bits.Reverse8(v)
		}
		data := tiff(1, "", strip, map[uint16]uint32{259: compression, 266: 2})
		src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "mirrored.tif")
		if err != nil {
			t.Fatal(err)
		}
		imageiotest.Equal(t, src, want, 0)
	}
}
