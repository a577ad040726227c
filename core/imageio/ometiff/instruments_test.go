package ometiff_test

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// instruments writes stacks of MetaMorph and Zeiss byte by byte, as those programs do, and beside each what
// tifffile reads from it.
//
//nolint:dupword // Python
const instruments = `
import struct, sys, logging, numpy as np, tifffile
out = sys.argv[1]
stack = np.arange(12 * 20 * 30, dtype=np.uint16).reshape(12, 20, 30)

def tiff(name, pages):
    """Writes pages: tags, their values, and the pixels of each strip."""
    data = bytearray(b"II*\0\0\0\0\0")
    link = 4
    for tags, strips in pages:
        offsets = []
        for strip in strips:
            offsets.append(len(data))
            data += strip
        tags = dict(tags)
        tags[273] = (4, len(offsets), struct.pack("<%dI" % len(offsets), *offsets))
        entries = b""
        for tag, (typ, count, value) in sorted(tags.items()):
            if callable(value):
                value = value(len(data))
            if len(value) > 4 or tag in (33628, 33629):
                at = len(data)
                data += value
                value = struct.pack("<I", at)
            entries += struct.pack("<HHI", tag, typ, count) + value.ljust(4, b"\0")
        struct.pack_into("<I", data, link, len(data))
        link = len(data) + 2 + len(entries)
        data += struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"
    open(out + "/" + name, "wb").write(data)
    logging.disable(50)
    with tifffile.TiffFile(out + "/" + name) as t:
        img = t.series[0].asarray()
        img.astype(img.dtype.newbyteorder("<")).tofile(out + "/" + name + ".raw")

short = lambda *v: (3, len(v), struct.pack("<%dH" % len(v), *v))
def basic(w, h, bits, samples=1, compression=1):
    return {256: short(w), 257: short(h), 258: short(*[bits] * samples), 259: short(compression), 262: short(2 if samples > 2 else 1),
            277: short(samples), 278: short(h), 279: (4, samples, struct.pack("<%dI" % samples, *[w * h * bits // 8] * samples)), 284: short(2 if samples > 1 else 1)}

def stk(name, img, steps, times, calibrated):
    def settings(at): # pairs of a number and a value, and what lies behind them
        pairs = [(3, calibrated), (4, at + 32), (5, at + 40), (6, at + 48)]
        return b"".join(struct.pack("<2I", *p) for p in pairs) + struct.pack("<4I", 13, 100, 17, 100) + struct.pack("<I", 3) + b"um\0"
    planes = b"".join(struct.pack("<6I", z, 10, 2459809, ms, 0, 0) for z, ms in zip(steps, times))
    h, w = img.shape[1:]
    tags = basic(w, h, 16) | {33628: (4, 4, settings), 33629: (5, len(img), planes)}
    tags[278], tags[279] = short(h // 2), (4, 2, struct.pack("<2I", w * h, w * h))
    strips = [img[0, :h // 2].tobytes(), img[0, h // 2:].tobytes() + img[1:].tobytes()]
    tiff(name, [(tags, strips)])

stk("depths.stk", stack[:4], [5] * 4, [1000] * 4, 1)
stk("times.stk", stack[:4], [0] * 4, [49774528, 49775528, 49776528, 49777528], 0)
stk("neither.stk", stack[:4], [0] * 4, [7] * 4, 1)
stk("short.stk", stack[:4], [5] * 4, [7] * 4, 1)
whole = open(out + "/short.stk", "rb").read()
open(out + "/short.stk", "wb").write(whole[:len(whole) // 2])

def lsm(name, img, z, t, places, samples, compress=None):
    names = ("Ch1-T1", "ChS1-T2", "Ch2-T3")[:samples]
    def info(at):
        colors = struct.pack("<%dB" % (4 * samples), *(0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0)[:4 * samples])
        words = b"".join(struct.pack("<I", len(n) + 1) + n.encode() + b"\0" for n in names)
        block = struct.pack("<6I", 24 + len(colors) + len(words), samples, samples, 24, 24 + len(colors), 0) + colors + words
        stamps = struct.pack("<2i", 8 + 8 * t, t) + struct.pack("<%dd" % t, *[6596.375 + 2 * i for i in range(t)])
        head = struct.pack("<Ii5i3i3d", 0x0400494C, 272, 30, 20, z, samples, t, 2, 15, 10, 5e-7, 2.5e-7, 1e-6)
        head = head.ljust(88, b"\0") + struct.pack("<2H", 6, 0)
        head = head.ljust(108, b"\0") + struct.pack("<Id", at + 272, 9.0)
        head = head.ljust(132, b"\0") + struct.pack("<I", at + 272 + len(block))
        head = head.ljust(264, b"\0") + struct.pack("<2i", places, 1)
        return head + block + stamps
    pack = (lambda a: a.tobytes()) if compress is None else (lambda a: compress(a.tobytes()))
    pages = []
    for i in range(len(img)):
        tags = basic(30, 20, 16, samples, 1 if compress is None else 5) | {254: (4, 1, b"\0\0\0\0")}
        if i == 0:
            tags[34412] = (7, 272, info)
        pages.append((tags, [pack(s) for s in img[i]]))
        small = basic(15, 10, 16, samples, 1 if compress is None else 5) | {254: (4, 1, b"\1\0\0\0")}
        pages.append((small, [pack(np.full((10, 15), 77, np.uint16)) for _ in range(samples)]))
    tiff(name, pages)

import imagecodecs
lsm("three.lsm", stack.reshape(4, 3, 20, 30), 2, 2, 1, 3)
lsm("packed.lsm", stack.reshape(12, 1, 20, 30), 3, 4, 1, 1, imagecodecs.lzw_encode)
lsm("places.lsm", stack.reshape(12, 1, 20, 30), 2, 3, 2, 1)
`

func instrument(t *testing.T, script string) string {
	t.Helper()
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", script, dir)
	return dir
}

// same opens an image that begins at plane from of those that tifffile reads.
func same(t *testing.T, path string, n, from int) imageio.Info {
	t.Helper()
	src, err := ometiff.Format{}.OpenImage(t.Context(), path, n)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	want, err := os.ReadFile(path + ".raw")
	if err != nil {
		t.Fatal(err)
	}
	i := src.Info()
	plane := 2 * i.Levels[0].Size.X * i.Levels[0].Size.Y
	want = want[from*plane:]
	imageiotest.Equal(t, src, want[:min(len(want), plane*i.Z*i.T*len(i.Channels))], 0)
	if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
		t.Errorf("%s is not complete: %v", path, err)
	}
	if len(i.Levels) != 1 {
		t.Errorf("%s: levels %v", path, i.Levels)
	}
	return i
}

// TestMetaMorph reads stacks whose planes have no pages of their own.
func TestMetaMorph(t *testing.T) {
	dir := instrument(t, instruments)
	if i := same(t, filepath.Join(dir, "depths.stk"), 0, 0); i.Z != 4 || i.T != 1 || i.Micron != (imageio.Micron{X: 0.13, Y: 0.17, Z: 0.5}) {
		t.Errorf("%+v", i)
	}
	i := same(t, filepath.Join(dir, "times.stk"), 0, 0)
	if day := time.Date(2022, 8, 18, 13, 49, 34, 528e6, time.Local); i.Z != 1 || i.T != 4 || i.Interval != time.Second || i.Micron != (imageio.Micron{}) || !i.Acquired.Equal(day) { //nolint:gosmopolitan // the instrument's clock
		t.Errorf("%+v", i)
	}
	if i := same(t, filepath.Join(dir, "neither.stk"), 0, 0); i.Z != 4 || i.T != 1 || i.Micron.Z != 0 || i.Format != "MetaMorph STK" {
		t.Errorf("%+v", i)
	}
	if _, err := (ometiff.Format{}).Open(t.Context(), filepath.Join(dir, "short.stk")); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
}

// TestLSM reads the channels, depths, times and positions of a Zeiss LSM, and none of its thumbnails.
func TestLSM(t *testing.T) {
	dir := instrument(t, instruments)
	i := same(t, filepath.Join(dir, "three.lsm"), 0, 0)
	channels := []imageio.Channel{{Name: "Ch1-T1", Color: [3]uint8{0, 0, 255}}, {Name: "ChS1-T2", Color: [3]uint8{0, 255, 0}}, {Name: "Ch2-T3", Color: [3]uint8{255, 255, 255}}}
	if i.Z != 2 || i.T != 2 || i.Interval != 2*time.Second || i.Micron != (imageio.Micron{X: 0.5, Y: 0.25, Z: 1}) || !reflect.DeepEqual(i.Channels, channels) {
		t.Errorf("%+v", i)
	}
	if i := same(t, filepath.Join(dir, "packed.lsm"), 0, 0); i.Z != 3 || i.T != 4 {
		t.Errorf("%+v", i)
	}
	for n := range 2 {
		if i := same(t, filepath.Join(dir, "places.lsm"), n, 6*n); i.Z != 2 || i.T != 3 || len(i.Images) != 2 || i.Image != n {
			t.Errorf("%+v", i)
		}
	}
	if _, err := (ometiff.Format{}).OpenImage(t.Context(), filepath.Join(dir, "places.lsm"), 2); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
}

// slides writes stains of a slide as pages, with a pyramid and pictures beside it, and pictures of electron microscopes.
const slides = `
import sys, numpy as np, tifffile
out = sys.argv[1]
def page(kind, name, color):
    return ('<?xml version="1.0" encoding="utf-16"?><PerkinElmer-QPI-ImageDescription><ImageType>%s</ImageType><Name>%s</Name><Color>%s</Color>'
            "</PerkinElmer-QPI-ImageDescription>" % (kind, name, color)).encode()
stains = [("DAPI", "0,0,255"), ("Opal 520", "0,255,0"), ("CD8", "")]
img = np.arange(3 * 256 * 256, dtype=np.uint16).reshape(3, 256, 256)
k = dict(metadata=None, contiguous=False)
with tifffile.TiffWriter(out + "/slide.qptiff", bigtiff=True) as w:
    for c, (name, color) in enumerate(stains):
        w.write(img[c], tile=(64, 64), description=page("FullResolution", name, color), resolution=(20000, 20000), resolutionunit="CENTIMETER", **k)
    w.write(np.zeros((40, 50, 3), np.uint8), photometric="rgb", description=page("Thumbnail", "", ""), subfiletype=1, **k)
    for c, (name, color) in enumerate(stains):
        w.write(img[c, ::2, ::2], tile=(64, 64), subfiletype=1, description=page("ReducedResolution", name, color), **k)
img[:, :, :].astype("<u2").tofile(out + "/slide.qptiff.raw")
fei = b"[User]\r\nUser=supervisor\r\n[Scan]\r\nPixelWidth=6.5e-09\r\nPixelHeight=7e-09\r\n\0"
zeiss = "\r\nAP_PIXEL_SIZE\r\nPixel Size = 2.5 \xb5m\r\nAP_IMAGE_PIXEL_SIZE\r\nImage Pixel Size = 5.0 nm\r\n\0".encode("latin-1")
for name, tag, text in ("fei", 34682, fei), ("zeiss", 34118, zeiss):
    tifffile.imwrite(out + "/" + name + ".tif", img[0], metadata=None, extratags=[(tag, 2, len(text), text, True)], resolution=(96, 96), resolutionunit="INCH")
`

// TestStains has the pages of a slide as its channels, with their names and colours, and its pyramid.
func TestStains(t *testing.T) {
	src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(instrument(t, slides), "slide.qptiff"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	want := []imageio.Channel{{Name: "DAPI", Color: [3]uint8{0, 0, 255}}, {Name: "Opal 520", Color: [3]uint8{0, 255, 0}}, {Name: "CD8", Color: [3]uint8{255, 255, 255}}}
	i := src.Info()
	if i.Z != 1 || i.T != 1 || !reflect.DeepEqual(i.Channels, want) || len(i.Levels) != 2 || i.Micron != (imageio.Micron{X: 0.5, Y: 0.5}) || len(i.Images) != 0 {
		t.Fatalf("%+v", i)
	}
	for c := range want {
		if got := imageiotest.Plane(t, src, 1, c, 0, 0).Sample(1); got != float64((c*256*256+2)%65536) {
			t.Errorf("channel %d of level 1: %g", c, got)
		}
	}
}

// TestElectrons has the pixel sizes that electron microscopes write down.
func TestElectrons(t *testing.T) {
	dir := instrument(t, slides)
	for name, want := range map[string]imageio.Micron{"fei.tif": {X: 0.0065, Y: 0.007}, "zeiss.tif": {X: 0.005, Y: 0.005}} {
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := src.Info().Micron; math.Abs(got.X-want.X)+math.Abs(got.Y-want.Y) > 1e-12 {
			t.Errorf("%s: %v", name, got)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// fluoview writes recordings of Olympus FluoView, each beside its planes in the order T, Z, C, as tifffile reads them.
const fluoview = `
import struct, sys, logging, numpy as np, tifffile
out = sys.argv[1]
logging.disable(50)
def write(name, *dims):
    n = int(np.prod([d[1] for d in dims]))
    img = np.arange(n * 20 * 30, dtype=np.uint16).reshape(n, 20, 30)
    head = struct.pack("<hB257sIiIIiI", 0, 0, b"name", 0, 0, 0, 0, 0, 0)
    for d in [("x", 30, 0.5, "um"), ("y", 20, 0.25, "um"), *dims] + [("", 0, 0, "")] * (8 - len(dims)):
        head += struct.pack("<16sidd64s", d[0].encode(), d[1], 0, d[2], d[3].encode())
    head += bytes(4 + 2 + 32 + 4 + 16 + 100 + 12)
    with tifffile.TiffWriter(out + "/" + name + ".tif") as w:
        for i, page in enumerate(img):
            w.write(page, metadata=None, contiguous=False, extratags=[(34361, 7, len(head), head, True), (34362, 12, 8, [0.0] * 8, True)] if i == 0 else [])
    with tifffile.TiffFile(out + "/" + name + ".tif") as t:
        assert t.series[0].kind == "fluoview", t.series[0].kind
        t.series[0].asarray(squeeze=True).transpose([t.series[0].axes.index(a) for a in "TZCYX" if a in t.series[0].axes]).astype("<u2").tofile(out + "/" + name + ".tif.raw")
write("zct", ("Ch", 2, 1, ""), ("z", 3, -1.5, "um"), ("Time", 2, 4, "s"))
write("zc", ("Z", 3, 1.5, "um"), ("Wavelength", 2, 1, "nm"))
`

// TestFluoView has the channels, depths and times that the instrument lists.
func TestFluoView(t *testing.T) {
	dir := instrument(t, fluoview)
	for name, want := range map[string]imageio.Info{"zct": {T: 2, Interval: 4 * time.Second}, "zc": {T: 1}} {
		i := same(t, filepath.Join(dir, name+".tif"), 0, 0)
		if len(i.Channels) != 2 || i.Z != 3 || i.T != want.T || i.Interval != want.Interval || i.Micron != (imageio.Micron{X: 0.5, Y: 0.25, Z: 1.5}) {
			t.Errorf("%s: %+v", name, i)
		}
	}
}
