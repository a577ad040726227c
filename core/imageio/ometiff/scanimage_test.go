package ometiff_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// scans writes recordings of ScanImage, each beside its planes in the order T, Z, C, as tifffile reads them where it
// knows how. Each plane is filled with its number.
const scans = `
import sys, logging, numpy as np, tifffile
out = sys.argv[1]
logging.disable(50)
def scan(name, slices, each, volumes, channels, enable="true", left=0, old=False, flown=0):
    n = slices * each * volumes * channels
    say = ("SI.hChannels.channelSave = %s\nSI.hChannels.channelName = {'Red PMT';'Green PMT';'Blue PMT'}\nSI.hStackManager.enable = %s\n"
           "SI.hStackManager.framesPerSlice = %d\nSI.hStackManager.numSlices = %d\nSI.hStackManager.stackZStepSize = -2.5\nSI.hStackManager.numVolumes = 9\n"
           "SI.hStackManager.numFramesPerVolumeWithFlyback = %d\nSI.hRoiManager.imagingFovUm = [-8 -4;8 -4;8 4;-8 4]") % (
               [2, "[1;3]"][channels - 1], enable, each, slices, slices * each + flown)
    n += flown * volumes * channels
    with tifffile.TiffWriter(out + "/" + name + ".tif", bigtiff=True) as w:
        for i in range(n - left):
            text = "frameNumbers = %d\nframeTimestamps_sec = %f\nepoch = []\n" % (i // channels + 1, 0.5 * (i // channels))
            if old:
                text = "\n".join("scanimage." + line for line in say.split("\n")) + "\n" + text
            w.write(np.full((16, 32), i, np.int16), software=None if old else say, description=text, metadata=None, contiguous=False)
    planes = np.arange(n).reshape(volumes, -1, channels)[:, :slices * each].reshape(volumes, slices, each, channels).transpose(0, 2, 1, 3)
    if volumes == 1 and not left and not old:
        with tifffile.TiffFile(out + "/" + name + ".tif") as t:
            assert t.series[0].kind == "scanimage", t.series[0].kind
            theirs = t.series[0].asarray()[..., 0, 0].reshape(slices, each, channels).swapaxes(0, 1)
        assert (theirs == planes[0]).all()
    np.repeat(planes.ravel(), 16 * 32).astype("<i2").tofile(out + "/" + name + ".tif.raw")
scan("film", 1, 6, 1, 2, "false")
scan("stack", 4, 3, 1, 2)
scan("volumes", 4, 1, 3, 1)
scan("old", 2, 2, 1, 2, old=True)
scan("flown", 4, 1, 3, 2, flown=2)
scan("stopped", 4, 1, 3, 2, left=3)
`

// TestScanImage tells the channels, depths and times of ScanImage apart.
func TestScanImage(t *testing.T) {
	dir := instrument(t, scans)
	for name, want := range map[string]struct {
		z, t     int
		channels []string
		every    time.Duration
	}{
		"film": {1, 6, []string{"Red PMT", "Blue PMT"}, time.Second / 2}, "stack": {4, 3, []string{"Red PMT", "Blue PMT"}, time.Second / 2},
		"flown": {4, 3, []string{"Red PMT", "Blue PMT"}, 3 * time.Second}, "volumes": {4, 3, []string{"Green PMT"}, 2 * time.Second}, "old": {2, 2, []string{"Red PMT", "Blue PMT"}, time.Second / 2},
	} {
		i := same(t, filepath.Join(dir, name+".tif"), 0, 0)
		micron := imageio.Micron{X: 0.5, Y: 0.5}
		if want.z > 1 {
			micron.Z = 2.5
		}
		if i.Z != want.z || i.T != want.t || len(i.Channels) != len(want.channels) || i.Interval != want.every || i.Micron != micron {
			t.Errorf("%s: %+v", name, i)
			continue
		}
		for c, ch := range i.Channels {
			if ch.Name != want.channels[c] {
				t.Errorf("%s: %+v", name, i.Channels)
			}
		}
	}
	src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(dir, "stopped.tif"))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if i := src.Info(); len(i.Channels) != 2 || i.Z != 4 || i.T != 3 {
		t.Errorf("%+v", i)
	}
	if got := imageiotest.Plane(t, src, 0, 1, 1, 2).Sample(0); got != 19 {
		t.Errorf("the last frame is %g", got)
	}
	if _, err := src.ReadTile(t.Context(), imageio.Tile{Z: 2, T: 2}); !errors.Is(err, imageio.ErrNotRecorded) {
		t.Error(err)
	}
}
