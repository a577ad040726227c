package video_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/video"
)

const mostMemory = 300 << 20

// some reads the first frames.
func some(ctx context.Context, src imageio.Source) error {
	i := src.Info()
	for t := range min(i.T, 5) {
		if _, err := src.ReadTile(ctx, imageio.Tile{T: t, C: len(i.Channels) - 1}); err != nil {
			return err
		}
	}
	return nil
}

func survives(t *testing.T, what string, data []byte) bool {
	t.Helper()
	begun, before := time.Now(), imageiotest.Allocated()
	src, err := video.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)))
	if err == nil {
		err = some(t.Context(), src)
		src.Close()
	}
	if err != nil {
		if say, _ := fault.Explain(err); !strings.HasSuffix(say, ".") || fault.KindOf(err) != fault.Corrupt && fault.KindOf(err) != fault.Invalid {
			t.Fatalf("%s: %v", what, err)
		}
	}
	if n := imageiotest.Allocated() - before; n > mostMemory {
		t.Fatalf("%s: allocated %d MB", what, n>>20)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Fatalf("%s: took %v", what, took)
	}
	return err == nil
}

// TestBroken cuts and flips films; the program ffmpeg is not asked.
func TestBroken(t *testing.T) {
	all := films(t)
	t.Setenv("PATH", t.TempDir())
	tries := 60
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		tries = 2000
	}
	rnd := rand.New(rand.NewPCG(3, uint64(time.Now().UnixNano())))
	pictures, sentences := 0, 0
	for _, e := range all {
		data, err := os.ReadFile(e.path())
		if err != nil {
			t.Fatal(err)
		}
		for k := range tries {
			at := rnd.IntN(len(data))
			bad, what := data[:at], fmt.Sprintf("%s cut to %d", e.Name, at)
			if k%5 != 0 {
				if k%2 == 0 { // the index is at one end
					at = min(at%2048, len(data)-1)
				} else if k%3 == 0 {
					at = len(data) - 1 - at%2048
				}
				bad = bytes.Clone(data)
				bad[max(at, 0)] ^= byte(1 + rnd.IntN(255))
				what = fmt.Sprintf("%s byte %d flipped", e.Name, at)
			}
			if survives(t, what, bad) {
				pictures++
			} else {
				sentences++
			}
		}
	}
	t.Logf("%d films broken: %d pictures, %d sentences, no panic", len(all), pictures, sentences)
}

// TestGrowing opens a film that is still being written: the frames that are there; it is not
// called complete.
func TestGrowing(t *testing.T) {
	for _, e := range films(t) {
		if e.Name != "mjpeg-yuvj420p-25.avi" && e.Name != "mjpeg-yuvj420p-25.mkv" {
			continue
		}
		data, err := os.ReadFile(e.path())
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.Index(data, []byte("movi")); string(data[:4]) == "RIFF" { // whose sizes come last
			copy(data[4:8], make([]byte, 4))
			copy(data[i-4:i], make([]byte, 4))
		}
		path := t.TempDir() + "/growing"
		if err := os.WriteFile(path, data[:len(data)*2/3], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (video.Format{}).Complete(t.Context(), path); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("%s: %v", e.Name, err)
		}
		src := open(t, path)
		if n := src.Info().T; n < 5 || n >= e.Frames {
			t.Errorf("%s: %d frames of %d", e.Name, n, e.Frames)
		}
		if err := some(t.Context(), src); err != nil {
			t.Errorf("%s: %v", e.Name, err)
		}
	}
}

func FuzzOpen(f *testing.F) {
	f.Add([]byte("RIFF\x00\x00\x00\x00AVI LIST\x0c\x00\x00\x00hdrlstrh\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x08ftyp\x00\x00\x00\x20moov\x00\x00\x00\x18trak\x00\x00\x00\x10mdia\x00\x00\x00\x08hdlr"))
	f.Add([]byte("\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x90\x16\x54\xae\x6b\x86\xae\x84\x83\x81\x01"))
	if os.Getenv("COVERSLIP_TEST_IMAGEIO_PYTHON") != "" { // those that are short: a fuzzer changes little of a long one
		for _, e := range films(f) {
			if data, err := os.ReadFile(e.path()); err != nil {
				f.Fatal(err)
			} else if len(data) < 64<<10 {
				f.Add(data)
			}
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		t.Setenv("PATH", t.TempDir())
		survives(t, "fuzz", data)
	})
}
