package video_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/video"
	"coverslip.dev/coverslip/core/servertest"
)

// entry is a film that FFmpeg's libraries wrote, and what is to be read from it.
type entry struct {
	Name                          string
	Frames, Height, Width, Planes int
	Interval                      float64 // seconds
	Tolerance                     int
	FFmpeg                        bool
	folder                        string
}

func (e entry) path() string { return filepath.Join(e.folder, e.Name) }

var made struct {
	sync.Mutex
	folder string
}

func TestMain(m *testing.M) {
	m.Run()
	if made.folder != "" {
		os.RemoveAll(made.folder)
	}
}

func films(tb testing.TB) []entry {
	tb.Helper()
	made.Lock()
	defer made.Unlock()
	if made.folder == "" {
		folder, err := os.MkdirTemp("", "films-*") //nolint:usetesting // it outlives the test that asks first
		if err != nil {
			tb.Fatal(err)
		}
		imageiotest.Peer(tb, filepath.Join("testdata", "films.py"), folder)
		made.folder = folder
	}
	data, err := os.ReadFile(filepath.Join(made.folder, "films.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []entry
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	for i := range all {
		all[i].folder = made.folder
	}
	return all
}

// needs skips a film that needs ffmpeg where it is missing and nobody says that it is there.
func (e entry) needs(t *testing.T) {
	t.Helper()
	if e.FFmpeg {
		servertest.Program(t, "ffmpeg", "video")
	}
}

func open(t *testing.T, path string) imageio.Source {
	t.Helper()
	src, err := video.Format{}.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	})
	return src
}

// TestFilms reads every frame of every film, one after the other, jumping about and backwards.
func TestFilms(t *testing.T) {
	equal := map[bool]int{}
	for _, e := range films(t) {
		if t.Run(e.Name, func(t *testing.T) { e.check(t) }) {
			equal[e.FFmpeg]++
		}
	}
	t.Logf("%d films equal frame by frame, %d by way of ffmpeg each frame the right one", equal[false], equal[true])
}

func (e entry) check(t *testing.T) {
	t.Helper()
	e.needs(t)
	src := open(t, e.path())
	i := src.Info()
	if i.T != e.Frames || len(i.Channels) != e.Planes && !e.FFmpeg || i.Levels[0].Size.X != e.Width || i.Levels[0].Size.Y != e.Height {
		t.Fatalf("read %+v, want %+v", i, e)
	}
	if got := i.Interval.Seconds(); math.Abs(got-e.Interval) > 1e-3*e.Interval {
		t.Errorf("a frame lasts %g s, want %g", got, e.Interval)
	}
	want, err := os.ReadFile(e.path() + ".raw")
	if err != nil {
		t.Fatal(err)
	}
	size := e.Width * e.Height * e.Planes
	read := func(order []int) {
		src := open(t, e.path()) // which keeps no frame yet
		for _, n := range order {
			var got []byte
			for c := range i.Channels {
				got = append(got, imageiotest.Plane(t, src, 0, c, 0, n).Data...)
			}
			if e.FFmpeg {
				if at := nearest(got, want, size); at != n {
					t.Fatalf("frame %d is frame %d", n, at)
				}
				continue
			}
			for k, v := range got {
				if d := int(v) - int(want[n*size+k]); d > e.Tolerance || -d > e.Tolerance {
					t.Fatalf("frame %d: byte %d is %d, want %d", n, k, v, want[n*size+k])
				}
			}
		}
	}
	var forwards []int
	for n := range e.Frames {
		forwards = append(forwards, n)
	}
	read(forwards)
	read(rand.Perm(e.Frames)[:6])
	var backwards []int // over a key frame
	for n := e.Frames - 1; n >= max(0, e.Frames-18); n -= 2 {
		backwards = append(backwards, n)
	}
	read(backwards)
	if err := (video.Format{}).Complete(t.Context(), e.path()); err != nil {
		t.Errorf("not complete: %v", err)
	}
}

// nearest is the frame that differs least from got, -1 if even that differs much.
func nearest(got, want []byte, size int) int {
	best, least := -1, 5*size
	for n := range len(want) / size {
		sum := 0
		for k, v := range want[n*size : (n+1)*size] {
			d := int(got[k]) - int(v)
			sum += max(d, -d)
		}
		if sum < least {
			best, least = n, sum
		}
	}
	return best
}

func TestContract(t *testing.T) {
	for _, e := range films(t) {
		switch e.Name {
		case "mjpeg-yuvj420p-25.avi", "rawvideo-gray.avi", "h264.mp4":
		default:
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			e.needs(t)
			imageiotest.Run(t, func(t *testing.T) imageio.Source {
				t.Helper()
				src, err := video.Format{}.Open(t.Context(), e.path())
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

// TestWithoutFFmpeg says what to install.
func TestWithoutFFmpeg(t *testing.T) {
	all := films(t)
	t.Setenv("PATH", t.TempDir())
	for _, e := range all {
		_, err := video.Format{}.Open(t.Context(), e.path())
		if e.FFmpeg != (fault.KindOf(err) == fault.Invalid) {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
}

// h264 is a film that ffmpeg decodes.
func h264(t *testing.T) entry {
	t.Helper()
	all := films(t)
	e := all[slices.IndexFunc(all, func(e entry) bool { return e.Name == "h264.mp4" })]
	e.needs(t)
	return e
}

// TestClosedFilm closes a film while others read it: no program is left behind.
func TestClosedFilm(t *testing.T) {
	src, err := video.Format{}.Open(t.Context(), h264(t).path())
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, n := range []int{39, 20, 3} {
		wg.Go(func() { _, _ = src.ReadTile(t.Context(), imageio.Tile{T: n}) })
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if _, err := src.ReadTile(t.Context(), imageio.Tile{T: 11}); !errors.Is(err, os.ErrClosed) || video.Program(src) != 0 {
		t.Errorf("read after it was closed: %v", err)
	}
}

// TestStepsBack of a film that can only be decoded from its start do not start again.
func TestStepsBack(t *testing.T) {
	all := films(t)
	e := all[slices.IndexFunc(all, func(e entry) bool { return e.Name == "mpeg4-b.avi" })]
	e.needs(t)
	want, err := os.ReadFile(e.path() + ".raw")
	if err != nil {
		t.Fatal(err)
	}
	src := open(t, e.path())
	program := 0
	for n := e.Frames - 2; n >= e.Frames-20; n-- {
		var got []byte
		for c := range src.Info().Channels {
			got = append(got, imageiotest.Plane(t, src, 0, c, 0, n).Data...)
		}
		if at := nearest(got, want, e.Width*e.Height*e.Planes); at != n {
			t.Errorf("frame %d is frame %d", n, at)
		}
		if program == 0 {
			program = video.Program(src)
		}
		if now := video.Program(src); now != program {
			t.Fatalf("frame %d: process %d decodes, not %d", n, now, program)
		}
	}
}

// TestUndecoded is of a codec that ffmpeg does not know: the file is whole.
func TestUndecoded(t *testing.T) {
	data, err := os.ReadFile(h264(t).path())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "odd.mp4")
	if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte("avc1"), []byte("odd1")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = video.Format{}.Open(t.Context(), path)
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "can't decode") {
		t.Error(err)
	}
}
