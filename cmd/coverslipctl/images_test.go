package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
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
		len(i.Channels) != 3 || i.Channels[0] != (imageChannel{"Red", "#ff0000"}) {
		t.Errorf("read %+v", i)
	}
	if text := ctl(0, "info", out); !strings.Contains(text, "1500 × 700 pixels of uint8") {
		t.Errorf("says %s", text)
	}
	ctl(1, "convert", in, out) // it is there
	ctl(1, "convert", out, out, "--force")
	ctl(0, "convert", in, out, "--force", "--compression", "zstd")
	ctl(2, "convert", in, filepath.Join(dir, "slide.png.bak"))
	ctl(2, "info")
	ctl(1, "info", out, "--image", "1")
	ctl(1, "info", filepath.Join(dir, "none.tif"))
	if left, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left %v", left)
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
