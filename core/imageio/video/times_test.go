package video_test

import (
	"path/filepath"
	"testing"
	"time"
)

// TestTimes of a film whose frames are unevenly apart are those of the frames; where they are even
// there is an interval.
func TestTimes(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"uneven.mp4", "uneven.mkv", "even.mkv"} {
		pick := "gte(n\\,0)"
		if name != "even.mkv" {
			pick = "lt(n\\,3)+eq(n\\,20)+eq(n\\,29)"
		}
		ffmpeg(t, dir, "-f lavfi -i testsrc2=s=64x48:r=30:d=1 -vf select="+pick+" -fps_mode vfr -c:v mjpeg -pix_fmt yuvj420p "+name)
		i := open(t, filepath.Join(dir, name)).Info()
		if name == "even.mkv" {
			if i.T != 30 || i.Times != nil || (i.At(29)-29*time.Second/30).Abs() > time.Millisecond {
				t.Errorf("%s: %d frames at %v, the last at %v", name, i.T, i.Times, i.At(29))
			}
			continue
		}
		for n, frame := range []int{0, 1, 2, 20, 29} {
			if want := time.Duration(frame) * time.Second / 30; i.T != 5 || (i.At(n)-want).Abs() > time.Millisecond {
				t.Errorf("%s: frame %d of %d is at %v, want %v", name, n, i.T, i.At(n), want)
			}
		}
	}
}
