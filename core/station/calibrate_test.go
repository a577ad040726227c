package station_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// A size of pixels that the file has wrong is corrected beside it, for all that look: the
// file stays as it was, and dvc finds nothing to do.
func TestAWrongCalibrationIsCorrected(t *testing.T) {
	dvc := servertest.Need(t, "COVERSLIP_TEST_DVC")
	b := open(t, t.TempDir(), nil)
	b.drop(field)
	it := b.capture(field, predicted)
	md5, _ := station.Image(it)
	pixel := func() imageio.Micron {
		src, err := b.OpenImage(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		return src.Info().Micron
	}
	as := pixel()
	if err := b.CalibrateItem(t.Context(), it, imageio.Micron{X: 0.5, Y: 0.25}); err != nil {
		t.Fatal(err)
	}
	if got, want := pixel(), (imageio.Micron{X: 0.5, Y: 0.25, Z: as.Z}); got != want {
		t.Errorf("pixels of %+v, want %+v", got, want)
	}
	var c intake.Capture
	if err := it.Read(&c); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(b.ws, "dataset", filepath.FromSlash(c.Image()))
	if info, err := station.DescribeImage(t.Context(), file, -1, nil); err != nil || info.Micron.X != 0.5 {
		t.Errorf("said to be %+v, %v", info.Micron, err)
	}
	out := filepath.Join(t.TempDir(), "out.ome.tif")
	if err := station.Convert(t.Context(), station.Conversion{In: file, Out: out, Image: -1}, nil); err != nil {
		t.Fatal(err)
	}
	if info, err := station.DescribeImage(t.Context(), out, -1, nil); err != nil || info.Micron.Y != 0.25 {
		t.Errorf("converted to %+v, %v", info.Micron, err)
	}
	if err := b.CalibrateItem(t.Context(), it, imageio.Micron{X: -1}); err == nil {
		t.Error("a negative size was taken")
	}
	log, err := b.Commits(t.Context(), 1)
	if err != nil || log[0].Subject != "Calibrate "+field+": 0.5 × 0.25 µm a pixel" || log[0].Author.Name != "Ada Lovelace" {
		t.Errorf("committed %+v, %v", log, err)
	}
	status := exec.CommandContext(t.Context(), dvc, "status")
	status.Dir = filepath.Join(b.ws, "dataset")
	if out, err := status.CombinedOutput(); err != nil || !strings.Contains(string(out), "up to date") {
		t.Errorf("dvc status: %s, %v", out, err)
	}
	if _, err := os.Stat(b.cached(md5)); err != nil {
		t.Error(err)
	}
	if err := b.CalibrateItem(t.Context(), it, imageio.Micron{}); err != nil {
		t.Fatal(err)
	}
	if got := pixel(); got != as {
		t.Errorf("taken back: %+v, want %+v", got, as)
	}
}

// TestANameThatIsUsedAgain has the instrument write another image over one that was calibrated:
// what was said of the first is not said of the second, nor the other way round.
func TestANameThatIsUsedAgain(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	const name = "Snap.ome.tif"
	b.dropAs(field, name)
	first := b.capture(name, predicted)
	before, _ := station.Image(first)
	if err := b.CalibrateItem(t.Context(), first, imageio.Micron{X: 7, Y: 7}); err != nil {
		t.Fatal(err)
	}
	b.dropAs("2026-11-24_plate07_A04_GFP_DAPI.ome.tif", name)
	var second flow.Item
	b.until(func() bool {
		for _, it := range b.Items().All() {
			if md5, ok := station.Image(it); ok && it.Title == name && md5 != before && it.Behind("version") {
				second = it
				return true
			}
		}
		return false
	}, func() string { return "the second image" })
	for _, it := range []flow.Item{first, second} {
		src, err := b.OpenImage(t.Context(), it)
		if err != nil {
			t.Fatal(err)
		}
		if um := src.Info().Micron.X; um == 7 {
			t.Errorf("%s has pixels of %g µm", it.ID, um)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := b.CalibrateItem(t.Context(), first, imageio.Micron{X: 8, Y: 8}); fault.KindOf(err) != fault.Exists {
		t.Errorf("the first was calibrated in the place of the second: %v", err)
	}
}
