package station_test

import (
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/station"
)

// TestCountsOverTime counts a time-lapse, is stopped, and goes on there after a restart.
func TestCountsOverTime(t *testing.T) {
	ffmpeg := servertest.Program(t, "ffmpeg", "video")
	ws := t.TempDir()
	b := open(t, ws, nil)
	const film = "film.avi"
	cmd := exec.CommandContext(t.Context(), ffmpeg, "-loglevel", "error", "-f", "lavfi", "-i", "color=black:s=128x128:r=5,drawbox=x=20:y=30:w=24:h=24:color=white:t=fill,boxblur=4",
		"-frames:v", "8", "-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj444p", filepath.Join(ws, "scope", film))
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	it := b.capture(film, predicted)
	ctx, cancel := context.WithCancel(t.Context())
	if err := b.CountFrames(ctx, it, func(f station.Frames) {
		if len(f.Frames) == 3 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped with %v", err)
	}
	b.stop()
	b = open(t, ws, nil)
	it = b.capture(film, func(it flow.Item) bool { return it.Behind("infer") })
	kept, err := b.Frames(t.Context(), it)
	if err != nil || len(kept.Frames) < 3 || len(kept.Frames) > 5 || kept.Model != "nuclei@1" {
		t.Fatalf("kept: %+v, %v", kept, err)
	}
	b.until(func() bool { return len(b.Serving()) > 0 }, func() string { return "served" })
	first := -1
	b.until(func() bool {
		err = b.CountFrames(t.Context(), it, func(f station.Frames) {
			if first < 0 {
				first = f.Frames[len(f.Frames)-1].T
			}
		})
		return err == nil
	}, func() string { return err.Error() })
	all, err := b.Frames(t.Context(), it)
	if err != nil || len(all.Frames) != 8 || first != len(kept.Frames) || all.Frames[7].T != 7 || all.Frames[7].Seconds != 1.4 {
		t.Errorf("went on at %d: %+v, %v", first, all, err)
	}
	if film, err := b.Film(t.Context(), it); err != nil || len(film.Frames) != 8 || len(film.Tracks) != all.Frames[0].Objects {
		t.Errorf("kept in two runs: %+v, %v", film, err)
	}
	for _, f := range all.Frames {
		if f.Objects != all.Frames[0].Objects || f.Objects == 0 {
			t.Errorf("a still film: %+v", all.Frames)
		}
	}
}
