package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
)

// TestConvertAndInfo makes an OME-TIFF of a picture and says what is in it.
func TestConvertAndInfo(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "slide.png"), filepath.Join(dir, "slide.ome.tif")
	img := image.NewRGBA(image.Rect(0, 0, 1500, 700))
	for i := range img.Pix {
		img.Pix[i] = byte(i%1500) | 3
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ctl := func(code int, args ...string) string {
		t.Helper()
		var text, errs bytes.Buffer
		if got := run(t.Context(), args, &text, &errs); got != code {
			t.Fatalf("%v ended with %d, not %d\n%s%s", args, got, code, &text, &errs)
		}
		return text.String() + errs.String()
	}
	ctl(0, "convert", in, out)
	var i imageInfo
	if err := json.Unmarshal([]byte(ctl(0, "info", out, "--json")), &i); err != nil {
		t.Fatal(err)
	}
	if i.Format != "OME-TIFF" || i.Shape != [5]int{1, 3, 1, 700, 1500} || i.Type != "uint8" || len(i.Levels) != 3 || i.Levels[2].Width != 375 ||
		len(i.Channels) != 3 || i.Channels[0] != (imageChannel{Name: "Red", Color: "#ff0000"}) {
		t.Errorf("read %+v", i)
	}
	text := ctl(0, "info", out)
	for _, want := range []string{"1500 × 700 pixels of uint8", "\n3 channels: Red", "\n1 plane, 1 time point\n", "\n3 levels: "} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q: %s", want, text)
		}
	}
	none := filepath.Join(dir, "nodir")
	if text := ctl(1, "convert", in, filepath.Join(none, "x.ome.tif")); !strings.Contains(text, "The folder “"+none+"” is not there.") {
		t.Errorf("says %s", text)
	}
	ctl(1, "convert", in, out) // it is there
	ctl(1, "convert", out, out, "--force")
	ctl(0, "convert", in, out, "--force", "--compression", "zstd")
	ctl(2, "convert", in, filepath.Join(dir, "slide.png.bak"))
	ctl(2, "info")
	t.Chdir(dir)
	ctl(0, "convert", "--force", "--", in, "-dash.ome.tif")
	ctl(0, "info", "--", "-dash.ome.tif")
	ctl(2, "info", "-dash.ome.tif")
	ctl(1, "info", out, "--image", "1")
	ctl(1, "info", filepath.Join(dir, "none.tif"))
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left %v", left)
	}
}

// TestInfoOfAcquisitions says all that an OME-TIFF of many axes, and of several positions, says.
func TestInfoOfAcquisitions(t *testing.T) {
	dir := t.TempDir()
	imageiotest.Peer(t, "-c", `import sys, numpy, tifffile
tifffile.imwrite(sys.argv[1] + '/axes.ome.tif', numpy.zeros((3, 4, 2, 30, 50), 'u2'), ome=True, metadata={
    'axes': 'TZCYX', 'PhysicalSizeX': 0.25, 'PhysicalSizeXUnit': 'µm', 'PhysicalSizeY': 500, 'PhysicalSizeYUnit': 'nm', 'PhysicalSizeZ': 2,
    'TimeIncrement': 1500, 'TimeIncrementUnit': 'ms', 'Channel': {'Name': ['DAPI', 'GFP']}})
tifffile.imwrite(sys.argv[1] + '/uneven.ome.tif', numpy.zeros((4, 30, 50), 'u2'), ome=True, metadata={
    'axes': 'TYX', 'TimeIncrement': 84, 'Plane': {'DeltaT': [0.0, 10.0, 132.0, 252.0], 'DeltaTUnit': ['s'] * 4}})
with tifffile.TiffWriter(sys.argv[1] + '/positions.ome.tif', ome=True) as w:
    for n in range(3):
        w.write(numpy.zeros((40, 50 + n), 'u1'), metadata={'axes': 'YX', 'Name': f'Position {n}'})`, dir)
	say := func(args ...string) (i imageInfo) {
		t.Helper()
		var text, errs bytes.Buffer
		if code := run(t.Context(), append([]string{"info", "--json"}, args...), &text, &errs); code != 0 {
			t.Fatalf("%v ended with %d: %s", args, code, &errs)
		}
		if err := json.Unmarshal(text.Bytes(), &i); err != nil {
			t.Fatal(err)
		}
		return i
	}
	i := say(filepath.Join(dir, "axes.ome.tif"))
	if i.Axes != "TCZYX" || i.Shape != [5]int{3, 2, 4, 30, 50} || i.Type != "uint16" || i.Interval != 1.5 || len(i.Images) > 0 ||
		i.Pixel == nil || *i.Pixel != (imageMicron{0.25, 0.5, 2}) || i.Channels[0].Name != "DAPI" || i.Channels[1].Name != "GFP" {
		t.Errorf("read %+v, %+v", i, i.Pixel)
	}
	for _, name := range []string{"uneven.ome.tif", "again.ome.tif"} {
		path := filepath.Join(dir, name)
		var text, errs bytes.Buffer
		if name == "again.ome.tif" {
			if code := run(t.Context(), []string{"convert", filepath.Join(dir, "uneven.ome.tif"), path}, &text, &errs); code != 0 {
				t.Fatalf("convert ended with %d: %s", code, &errs)
			}
			if data, err := os.ReadFile(path); err != nil || bytes.Contains(data, []byte("TimeIncrement")) {
				t.Errorf("its time points are said to be even, %v", err)
			}
		}
		if i := say(path); i.Interval != 84 || !slices.Equal(i.Times, []float64{0, 10, 132, 252}) {
			t.Errorf("%s: read %+v", name, i)
		}
		text.Reset()
		if code := run(t.Context(), []string{"info", path}, &text, &errs); code != 0 || !strings.Contains(text.String(), "time points are uneven, 84 s apart on average") {
			t.Errorf("%s ended with %d: %s%s", name, code, &text, &errs)
		}
	}
	for n := range 3 {
		i := say(filepath.Join(dir, "positions.ome.tif"), "--image", strconv.Itoa(n))
		if i.Image != n || i.Shape != [5]int{1, 1, 1, 40, 50 + n} || !slices.Equal(i.Images, []string{"Position 0", "Position 1", "Position 2"}) || i.Pixel != nil || i.Interval != 0 {
			t.Errorf("position %d: read %+v", n, i)
		}
	}
	if i := say(filepath.Join(dir, "positions.ome.tif")); i.Image != 0 || len(i.Images) != 3 {
		t.Errorf("read %+v", i)
	}
	for n, want := range []string{"converted only image 0 (Position 0) of 0 to 2", ""} {
		args := []string{"convert", filepath.Join(dir, "positions.ome.tif"), filepath.Join(dir, fmt.Sprintf("%d.ome.tif", n))}
		if n > 0 {
			args = append(args, "--image", strconv.Itoa(n))
		}
		var text, errs bytes.Buffer
		if code := run(t.Context(), args, &text, &errs); code != 0 || !strings.Contains(text.String(), want) || want == "" && strings.Contains(text.String(), "only") {
			t.Errorf("%v ended with %d: %s%s", args, code, &text, &errs)
		}
		if data, err := os.ReadFile(args[2]); err != nil || !bytes.Contains(data, fmt.Appendf(nil, `Name="Position %d"`, n)) {
			t.Errorf("image %d has lost its name, %v", n, err)
		}
	}
}

// TestCalibrate corrects the size of an image's pixels in a dataset.
func TestCalibrate(t *testing.T) {
	dir := t.TempDir()
	ctl := func(code int, args ...string) string {
		t.Helper()
		var text, errs bytes.Buffer
		if got := run(t.Context(), append([]string{"-C", dir}, args...), &text, &errs); got != code {
			t.Fatalf("%v ended with %d, not %d\n%s%s", args, got, code, &text, &errs)
		}
		return text.String() + errs.String()
	}
	ctl(0, "init")
	if err := os.WriteFile(filepath.Join(dir, "a.tif"), []byte("any"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"config", "user.name", "Ada"}, {"config", "user.email", "ada@lab.example"}} {
		if out, err := exec.CommandContext(t.Context(), "git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	ctl(0, "add", "a.tif")
	ctl(0, "commit", "-m", "a")
	ctl(0, "calibrate", "a.tif", "0.325")
	text, err := os.ReadFile(filepath.Join(dir, "a.tif.dvc"))
	if err != nil || !strings.Contains(string(text), "meta:\n  pixel_size_um:\n    x: 0.325\n    y: 0.325\n    z: 0") {
		t.Errorf("wrote %s, %v", text, err)
	}
	if log := ctl(0, "log", "-n", "1"); !strings.Contains(log, "Calibrate a.tif: 0.325 × 0.325 µm a pixel") {
		t.Errorf("log %s", log)
	}
	ctl(2, "calibrate", "a.tif")
	ctl(2, "calibrate", "a.tif", "small")
	ctl(1, "calibrate", "a.tif", "1e9")
	ctl(1, "calibrate", "b.tif", "1")
}
