package video_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/video"
	"coverslip.dev/coverslip/core/servertest"
)

// ffmpeg runs the program on files in a folder and returns what it writes.
func ffmpeg(t *testing.T, folder, args string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), servertest.Program(t, "ffmpeg", "video"), append([]string{"-v", "error", "-nostdin"}, strings.Fields(args)...)...)
	cmd.Dir = folder
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg %s: %v", args, err)
	}
	return out
}

// TestACutFilm begins with pictures that lean on some that were cut away: each frame is the same
// however it is reached, and none is left out.
func TestACutFilm(t *testing.T) {
	dir := t.TempDir()
	ffmpeg(t, dir, "-f lavfi -i testsrc2=s=160x120:r=10:d=12 -c:v libx264 -x264-params open-gop=1:keyint=12:bframes=3 -pix_fmt yuv420p whole.mp4")
	for _, name := range []string{"whole.mp4", "cut.mkv", "cut.mp4"} {
		if name != "whole.mp4" {
			ffmpeg(t, dir, "-ss 2.1 -i whole.mp4 -c copy "+name)
		}
		through := open(t, filepath.Join(dir, name))
		n := through.Info().T
		var frames [][]byte
		for i := range n {
			frames = append(frames, imageiotest.Plane(t, through, 0, 0, 0, i).Data)
		}
		for i := n / 2; i >= 0; i -= 18 {
			other := open(t, filepath.Join(dir, name))
			for _, at := range []int{n - 1, i} { // each is far from the one before: ffmpeg begins there
				if got := imageiotest.Plane(t, other, 0, 0, 0, at).Data; !bytes.Equal(got, frames[at]) {
					t.Errorf("%s: frame %d of %d depends on how it was reached", name, at, n)
				}
			}
		}
	}
}

// TestGreyAndDeepFilms keep their values: grey is one channel, and more than 8 bits are 16.
func TestGreyAndDeepFilms(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name, args, as string
		channels       int
		typ            imageio.PixelType
	}{
		{"raw-grey.mov", "-pix_fmt gray -c:v rawvideo", "gray", 1, imageio.Uint8}, // stored with 0 for white
		{"ffv1-grey.mkv", "-pix_fmt gray -c:v ffv1", "gray", 1, imageio.Uint8},
		{"ffv1-16.mkv", "-pix_fmt gray16le -c:v ffv1", "gray16le", 1, imageio.Uint16},
		{"b16g.mov", "-pix_fmt gray16be -c:v rawvideo", "gray16le", 1, imageio.Uint16},
		{"png-16.mov", "-pix_fmt gray16be -c:v png", "gray16le", 1, imageio.Uint16},
		{"ten.mp4", "-pix_fmt yuv420p10 -c:v libx264", "rgb48le", 3, imageio.Uint16},
		{"ffv1-alpha.mkv", "-pix_fmt bgra -c:v ffv1", "rgb24", 3, imageio.Uint8},
	} {
		ffmpeg(t, dir, "-f lavfi -i testsrc2=s=48x36:r=10:d=0.5 "+c.args+" "+c.name)
		want := ffmpeg(t, dir, "-i "+c.name+" -f rawvideo -pix_fmt "+c.as+" -")
		src := open(t, filepath.Join(dir, c.name))
		info := src.Info()
		if info.T != 5 || len(info.Channels) != c.channels || info.Type != c.typ {
			t.Fatalf("%s: %+v", c.name, info)
		}
		b := c.typ.Bytes()
		for n := range info.T {
			frame := want[n*len(want)/info.T:]
			for ch := range c.channels {
				px := imageiotest.Plane(t, src, 0, ch, 0, n).Data
				for i := range 48 * 36 {
					if d := int(value(px[i*b:], b)) - int(value(frame[(i*c.channels+ch)*b:], b)); d > 1 || d < -1 {
						t.Fatalf("%s: frame %d channel %d: pixel %d differs by %d", c.name, n, ch, i, d)
					}
				}
			}
		}
	}
}

// TestNarrowFilms have more than 8 bits and less than 16: each value is the one that is stored. Those of a
// colour film of luminance are made anew, of 16 bits.
func TestNarrowFilms(t *testing.T) {
	dir := t.TempDir()
	const size = 48 * 36
	for _, c := range []struct {
		format string
		places []int // of red, green and blue among the planes that are stored
	}{
		{"gray9le", []int{0}},
		{"gray10le", []int{0}},
		{"gray12le", []int{0}},
		{"gbrp9le", []int{2, 0, 1}},
		{"gbrp10le", []int{2, 0, 1}},
		{"gbrp12le", []int{2, 0, 1}},
		{"gbrp14le", []int{2, 0, 1}},
		{"gbrap10le", []int{2, 0, 1}},
		{"gbrp16le", []int{2, 0, 1}},
	} {
		name := c.format + ".mkv"
		ffmpeg(t, dir, "-f lavfi -i testsrc2=s=48x36:r=10:d=0.5 -c:v ffv1 -strict -2 -pix_fmt "+c.format+" "+name)
		want := ffmpeg(t, dir, "-i "+name+" -f rawvideo -pix_fmt "+c.format+" -")
		src := open(t, filepath.Join(dir, name))
		if info := src.Info(); info.T != 5 || len(info.Channels) != len(c.places) || info.Type != imageio.Uint16 {
			t.Fatalf("%s: %+v", name, info)
		}
		planes := len(want) / (5 * size * 2)
		for _, n := range []int{0, 1, 4, 2} {
			for ch, place := range c.places {
				if !bytes.Equal(imageiotest.Plane(t, src, 0, ch, 0, n).Data, want[(n*planes+place)*size*2:][:size*2]) {
					t.Errorf("%s: frame %d channel %d has other values than are stored", name, n, ch)
				}
			}
		}
	}
}

func value(p []byte, size int) uint16 {
	if size == 1 {
		return uint16(p[0])
	}
	return binary.LittleEndian.Uint16(p)
}

// TestASizeThatIsWrong in the container: the pictures have that of the stream.
func TestASizeThatIsWrong(t *testing.T) {
	dir := t.TempDir()
	ffmpeg(t, dir, "-f lavfi -i testsrc2=s=144x120:r=10:d=0.5 -c:v libx264 -pix_fmt yuv420p film.mp4")
	want := ffmpeg(t, dir, "-i film.mp4 -f rawvideo -pix_fmt rgb24 -")
	path := filepath.Join(dir, "film.mp4")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("avc1\x00\x00\x00\x00\x00\x00\x00\x01"))
	binary.BigEndian.PutUint16(data[at+28:], 160) // the width in the sample entry
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src := open(t, path)
	if size := src.Info().Levels[0].Size; size.X != 144 || size.Y != 120 {
		t.Fatalf("pictures of %v", size)
	}
	for i, v := range imageiotest.Plane(t, src, 0, 0, 0, 0).Data {
		if v != want[3*i] {
			t.Fatalf("pixel %d is %d, not %d", i, v, want[3*i])
		}
	}
}

// TestStoredKinds are pictures that are stored as they are in ways of their own: a palette, 5 bits a
// colour, 16 bits of grey.
func TestStoredKinds(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string]string{
		"palette.avi": "-pix_fmt pal8", "five.avi": "-pix_fmt rgb555le", "five.mov": "-pix_fmt rgb555be",
	} {
		ffmpeg(t, dir, "-f lavfi -i testsrc2=s=50x36:r=10:d=0.3 -c:v rawvideo "+args+" "+name)
		want := ffmpeg(t, dir, "-i "+name+" -f rawvideo -pix_fmt rgb24 -")
		src := open(t, filepath.Join(dir, name))
		if i := src.Info(); i.T != 3 || len(i.Channels) != 3 || video.Program(src) != 0 {
			t.Fatalf("%s: %+v", name, i)
		}
		for k := range 9 {
			frame := want[k/3*len(want)/3:]
			for i, v := range imageiotest.Plane(t, src, 0, k%3, 0, k/3).Data {
				if v != frame[3*i+k%3] {
					t.Fatalf("%s: frame %d channel %d: pixel %d is %d, want %d", name, k/3, k%3, i, v, frame[3*i+k%3])
				}
			}
		}
	}
	ffmpeg(t, dir, "-f lavfi -i testsrc2=s=50x36:r=10:d=0.3 -c:v rawvideo -pix_fmt rgb555le sixteen.avi")
	path := filepath.Join(dir, "sixteen.avi")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[bytes.Index(data, []byte("strf"))+8+16:], "Y16 ") // which ffmpeg neither writes nor reads
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src := open(t, path)
	px := imageiotest.Plane(t, src, 0, 0, 0, 0)
	if i := src.Info(); i.T != 3 || i.Type != imageio.Uint16 || len(i.Channels) != 1 || !bytes.Contains(data, px.Data) {
		t.Errorf("%+v", i)
	}
}

// TestAGreyPalette is one that ends at black: what is stored as 0 is white.
func TestAGreyPalette(t *testing.T) {
	dir := t.TempDir()
	ffmpeg(t, dir, "-f lavfi -i testsrc2=s=48x36:r=10:d=0.2 -c:v rawvideo -pix_fmt pal8 grey.avi")
	path := filepath.Join(dir, "grey.avi")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	palette := data[bytes.Index(data, []byte("strf"))+8+40:]
	for i := range 256 {
		copy(palette[4*i:], bytes.Repeat([]byte{byte(255 - i)}, 3))
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	want := ffmpeg(t, dir, "-i grey.avi -f rawvideo -pix_fmt rgb24 -")
	src := open(t, path)
	px := imageiotest.Plane(t, src, 0, 0, 0, 0).Data
	if len(src.Info().Channels) != 1 {
		t.Errorf("%v", src.Info().Channels)
	}
	for i, v := range px {
		if v != want[3*i] {
			t.Fatalf("pixel %d is %d, want %d", i, v, want[3*i])
		}
	}
}
