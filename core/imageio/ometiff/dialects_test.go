package ometiff_test

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// dialects writes TIFFs of more than their pages say.
const dialects = `
import struct, sys, numpy as np, tifffile
out = sys.argv[1]
stack = np.arange(10 * 64 * 64, dtype=np.uint16).reshape(10, 64, 64)
tifffile.imwrite(out + "/shaped.tif", stack, truncate=True)
tifffile.imwrite(out + "/shaped5.tif", stack.reshape(5, 2, 64, 64), truncate=True, byteorder=">")
for name, shape, axes in (("tzcyx", (5, 1, 2, 64, 64), "TZCYX"), ("zcyx", (5, 2, 64, 64), "ZCYX"), ("tyx", (10, 64, 64), "TYX"), ("qyx", (10, 64, 64), "QYX")):
    tifffile.imwrite(out + "/" + name + ".tif", stack.reshape(shape), metadata={"axes": axes}, photometric="minisblack")
tifffile.imwrite(out + "/plays.tif", stack, imagej=True, metadata={"axes": "TYX", "fps": 7})
tifffile.imwrite(out + "/white.tif", stack[9], photometric="miniswhite")
tifffile.imwrite(out + "/volume.tif", stack[:8], tile=(8, 16, 16), volumetric=True, metadata=None)
ramp = np.arange(256, dtype=np.uint8)
luts = [np.stack([ramp * r, ramp * g, ramp * b]) for r, g, b in ((0, 1, 0), (1, 0, 1))]
for mode in "composite", "grayscale":
    for order in "<", ">":
        tifffile.imwrite(out + "/" + mode + order.replace("<", "le").replace(">", "be") + ".tif", stack.reshape(5, 2, 64, 64), imagej=True, byteorder=order,
                         metadata={"axes": "ZCYX", "mode": mode, "LUTs": luts, "Info": "a note", "Labels": ["a"] * 10})
for name, words in (("default", {"mode": "composite"}), ("ranges", {"mode": "composite", "Ranges": (100.0, 9000.0, 500.0, 400.0)}), ("all", {"mode": "grayscale", "Ranges": (0.0, 65535.0, -3.0, 700.0)})):
    for order in "<", ">":
        tifffile.imwrite(out + "/" + name + order.replace("<", "le").replace(">", "be") + ".tif", stack.reshape(5, 2, 64, 64), imagej=True, byteorder=order, metadata={"axes": "ZCYX", **words})
tifffile.imwrite(out + "/minmax.tif", stack, imagej=True, metadata={"axes": "ZYX", "min": 200.5, "max": 3000.0})
lsm = lambda z, t: struct.pack("<Ii5i3i3d", 0x0400494C, 64, 64, 64, z, 1, t, 2, 0, 0, 5e-7, 2.5e-7, 1e-6)
for name, z, t in (("times", 2, 5), ("odd", 3, 5)):
    with tifffile.TiffWriter(out + "/" + name + ".lsm") as w:
        for i, page in enumerate(stack):
            w.write(page, metadata=None, contiguous=False, extratags=[(34412, 7, 64, lsm(z, t), True)] if i == 0 else [])
colours = np.arange(2 * 64 * 64 * 3, dtype=np.uint16).reshape(2, 64, 64, 3)
with tifffile.TiffWriter(out + "/thumb.tif") as w:
    w.write(stack[0], subfiletype=1, metadata=None)
    w.write(np.tile(stack[9], (4, 4)), tile=(64, 64), metadata=None)
with tifffile.TiffWriter(out + "/kinds.tif") as w:
    w.write(stack[:3, :50], photometric="minisblack", metadata={"axes": "ZYX"})
    w.write(stack[4, :33].astype(np.uint8))
    w.write(stack[5:8], photometric="minisblack", metadata={"axes": "TYX"})
    w.write(np.zeros((8, 8, 3), np.uint8), photometric="rgb")
import json
with tifffile.TiffWriter(out + "/nd.tif") as w:
    for i in range(10):
        at = {"z": -2 + i // 2 % 3, "channel": ["GFP", "DAPI"][i % 2], "position": i // 6}
        words = {"Axes": at, "PixelSizeUm": "0.5", "ZPositionUm": 0.25 * (i // 2), "Width": [64], "Channel": 7}
        w.write(stack[i], metadata=None, contiguous=False, extratags=[(51123, "s", 0, json.dumps(words), True)])
with tifffile.TiffWriter(out + "/mm.tif") as w:
    for i in range(2):
        words = {"ChannelIndex": 0, "SliceIndex": 0, "FrameIndex": 0, "PositionIndex": i - 1, "PositionName": ["home", "dish"][i]}
        w.write(stack[i], metadata=None, contiguous=False, extratags=[(51123, "s", 0, json.dumps(words), True)])
for name, second in ("channels", 1), ("samples", 3):
    text = ('<OME><Image><Pixels DimensionOrder="XYCZT" SizeX="64" SizeY="64" SizeZ="1" SizeC="6" SizeT="1" Type="uint16">'
            '<Channel SamplesPerPixel="3"/><Channel SamplesPerPixel="3"/><TiffData IFD="0" FirstC="0"/><TiffData IFD="1" FirstC="%d"/>'
            '</Pixels></Image></OME>' % second)
    tifffile.imwrite(out + "/first-" + name + ".ome.tif", colours, description=text, metadata=None, photometric="rgb")
for name, text in {
    "prefix": '<ome:OME xmlns:ome="http://www.openmicroscopy.org/Schemas/OME/2016-06">%s</ome:OME>',
    "version": '<?xml version="1.1" encoding="UTF-8"?><OME>%s</OME>',
    "control": '<OME>%s<StructuredAnnotations><Note>\x01 &#x1; &#27; a</Note></StructuredAnnotations></OME>',
    "entity": '<OME>%s<Note>&micro;&unheard;m</Note></OME>',
    "color": '<OME>%s</OME>',
    "broken": '<OME>%s<Image <</OME>',
}.items():
    p = "ome:" if name == "prefix" else ""
    body = ('<@Image><@Pixels DimensionOrder="XYZCT" SizeX="64" SizeY="64" SizeZ="5" SizeC="2" SizeT="1" Type="uint16">'
            '<@Channel Name="DAPI" Color="65535.0"/><@TiffData/></@Pixels></@Image>').replace("</@", "</" + p).replace("<@", "<" + p)
    tifffile.imwrite(out + "/" + name + ".ome.tif", stack, description=(text % body).encode(), metadata=None)
`

// TestDialects opens what other programs write around TIFF's own words: all of the data is shown, or
// none of it, with a sentence. Nothing is wrong with the files.
func TestDialects(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	for name, want := range map[string]imageio.Info{
		"shaped.tif": {Z: 10, T: 1}, "shaped5.tif": {Z: 10, T: 1}, "times.lsm": {Z: 2, T: 5, Micron: imageio.Micron{X: 0.5, Y: 0.25, Z: 1}},
		"prefix.ome.tif": {Z: 5, T: 1}, "version.ome.tif": {Z: 5, T: 1}, "control.ome.tif": {Z: 5, T: 1}, "entity.ome.tif": {Z: 5, T: 1},
		"color.ome.tif": {Z: 5, T: 1},
	} {
		path := filepath.Join(dir, name)
		src, err := ometiff.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		i := src.Info()
		if i.Z != want.Z || i.T != want.T || i.Micron != want.Micron {
			t.Errorf("%s: %d planes, %d times, %v", name, i.Z, i.T, i.Micron)
		}
		if strings.Contains(name, ".ome.") && (i.Channels[0].Name != "DAPI" || i.Channels[0].Color != [3]uint8{0, 0, 255}) {
			t.Errorf("%s: %+v", name, i.Channels)
		}
		if last := imageiotest.Plane(t, src, 0, len(i.Channels)-1, i.Z-1, i.T-1); last.Sample(0) != 9*64*64 {
			t.Errorf("%s: the last plane begins with %g", name, last.Sample(0))
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	for name, want := range map[string]string{
		"volume.tif": "three dimensions", "odd.lsm": "Zeiss LSM", "broken.ome.tif": "description",
	} {
		err := (ometiff.Format{}).Complete(t.Context(), filepath.Join(dir, name))
		if err == nil {
			t.Errorf("%s: no word", name)
			continue
		}
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, want) || strings.Contains(hint, "instrument") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestAxesOfTifffile are told apart where they are those of a microscope.
func TestAxesOfTifffile(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	for name, want := range map[string][3]int{"tzcyx": {5, 1, 2}, "zcyx": {1, 5, 2}, "tyx": {10, 1, 1}, "qyx": {1, 10, 1}, "plays": {10, 1, 1}} {
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		i := src.Info()
		if got := [3]int{i.T, i.Z, len(i.Channels)}; got != want || i.Interval != 0 || i.Negative {
			t.Fatalf("%s: %v times, depths, channels every %v, want %v", name, got, i.Interval, want)
		}
		for c := range want[2] { // as it was written, the last axis fastest
			if px := imageiotest.Plane(t, src, 0, c, i.Z-1, i.T-1); px.Sample(0) != float64((10-want[2]+c)*64*64) {
				t.Errorf("%s: channel %d ends with a plane of %g", name, c, px.Sample(0))
			}
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTwoChannelsInColour tells their pages apart whether FirstC counts channels or their samples.
func TestTwoChannelsInColour(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	for _, name := range []string{"channels", "samples"} {
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, "first-"+name+".ome.tif"))
		if err != nil {
			t.Fatal(err)
		}
		for c := range 6 {
			want := float64(c/3*64*64*3 + c%3)
			if px := imageiotest.Plane(t, src, 0, c, 0, 0); px.Sample(0) != want {
				t.Errorf("%s: channel %d begins with %g, want %g", name, c, px.Sample(0), want)
			}
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestPagesOfSeveralKinds are images of their own; a reduced page before the full one is none.
func TestPagesOfSeveralKinds(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	opener := imageio.NewOpener(ometiff.Format{})
	src, err := opener.Open(t.Context(), filepath.Join(dir, "thumb.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if i := src.Info(); i.Levels[0].Size.X != 256 || i.Images != nil || i.Z != 1 {
		t.Errorf("behind a thumbnail: %+v", i)
	}
	path := filepath.Join(dir, "kinds.tif")
	names := []string{"Image 1: 64 × 50", "Image 2: 64 × 33", "Image 3: 64 × 64", "Image 4: 8 × 8"}
	for n, want := range [][4]int{{50, 3, 1, 1}, {33, 1, 1, 1}, {64, 1, 3, 1}, {8, 1, 1, 3}} { // rows, depths, times, channels
		src, err := opener.OpenImage(t.Context(), path, "", n)
		if err != nil {
			t.Fatal(err)
		}
		i := src.Info()
		if got := [4]int{i.Levels[0].Size.Y, i.Z, i.T, len(i.Channels)}; got != want || !slices.Equal(i.Images, names) || i.Image != n {
			t.Errorf("image %d: %v of %v, want %v", n, got, i.Images, want)
		}
		if px := imageiotest.Plane(t, src, 0, 0, i.Z-1, i.T-1); n == 2 && px.Sample(0) != 7*64*64 {
			t.Errorf("the last of it begins with %g", px.Sample(0))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := opener.OpenImage(t.Context(), path, "", 4); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
		t.Error(err)
	}
}

// TestAxesOfNDTiff has the axes that Micro-Manager names, of a recording that ended in its second position.
func TestAxesOfNDTiff(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	for n, depths := range []int{3, 2} {
		src, err := ometiff.Format{}.OpenImage(t.Context(), filepath.Join(dir, "nd.tif"), n)
		if err != nil {
			t.Fatal(err)
		}
		i := src.Info()
		if i.Z != depths || i.T != 1 || len(i.Channels) != 2 || len(i.Images) != 2 || i.Micron != (imageio.Micron{X: 0.5, Y: 0.5, Z: 0.25}) {
			t.Fatalf("%+v", i)
		}
		if i.Channels[0].Name != "GFP" || i.Channels[1].Name != "DAPI" {
			t.Errorf("%+v", i.Channels)
		}
		if px := imageiotest.Plane(t, src, 0, 1, 1, 0); px.Sample(0) != float64((6*n+3)*64*64) {
			t.Errorf("image %d: a plane begins with %g", n, px.Sample(0))
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestPositionBelowZero is one as any other.
func TestPositionBelowZero(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	src, err := ometiff.Format{}.OpenImage(t.Context(), filepath.Join(dir, "mm.tif"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if i := src.Info(); !slices.Equal(i.Images, []string{"home", "dish"}) {
		t.Errorf("%s: %v", i.Format, i.Images)
	}
}

// TestZeroIsWhite is said of an image, also of what is made of it: the samples stay as they are.
func TestZeroIsWhite(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	in, out := filepath.Join(dir, "white.tif"), filepath.Join(dir, "out.ome.tif")
	for _, path := range []string{in, out} {
		src, err := ometiff.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		if px := imageiotest.Plane(t, src, 0, 0, 0, 0); !src.Info().Negative || px.Sample(0) != 9*64*64 {
			t.Errorf("%s: %+v, the first sample is %g", path, src.Info(), px.Sample(0))
		}
		if path == in {
			err = ometiff.Save(t.Context(), out, src, ometiff.Options{})
		}
		if err := errors.Join(err, src.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWindowsOfImageJ are the samples between which it shows each channel, where they are said and make sense,
// in the colours that it gives channels whose own are not said.
func TestWindowsOfImageJ(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	red, green, white := [3]uint8{255}, [3]uint8{0, 255}, [3]uint8{255, 255, 255}
	for name, want := range map[string][]imageio.Channel{
		"default": {{Name: "Channel 1", Color: red}, {Name: "Channel 2", Color: green}},
		"ranges":  {{Name: "Channel 1", Color: red, Low: 100, High: 9000}, {Name: "Channel 2", Color: green}},
		"all":     {{Name: "Channel 1", Color: white}, {Name: "Channel 2", Color: white}},
		"minmax":  {{Name: "Channel 1", Color: white, Low: 200.5, High: 3000}},
	} {
		for _, order := range []string{"le", "be"} {
			if name == "minmax" {
				order = ""
			}
			src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name+order+".tif"))
			if err != nil {
				t.Fatal(err)
			}
			if ch := src.Info().Channels; !slices.Equal(ch, want) {
				t.Errorf("%s %s: %+v", name, order, ch)
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestColorsOfImageJ are those of its channels' lookup tables, where it shows them in colour.
func TestColorsOfImageJ(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", dialects, dir)
	for name, want := range map[string][2][3]uint8{"composite": {{0, 255, 0}, {255, 0, 255}}, "grayscale": {{255, 255, 255}, {255, 255, 255}}} {
		for _, order := range []string{"le", "be"} {
			src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, name+order+".tif"))
			if err != nil {
				t.Fatal(err)
			}
			if ch := src.Info().Channels; len(ch) != 2 || ch[0].Color != want[0] || ch[1].Color != want[1] || ch[1].Name != "Channel 2" {
				t.Errorf("%s %s: %+v", name, order, ch)
			}
			if err := src.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
