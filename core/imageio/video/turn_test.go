package video_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"math"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
)

// TestTurned shows films that were taken sideways or in a mirror as ffmpeg does, whoever decodes them.
func TestTurned(t *testing.T) {
	dir := t.TempDir()
	for name, args := range map[string]string{
		"film.mp4": "-c:v libx264 -profile:v high -pix_fmt gray", "png.mov": "-c:v png -pix_fmt gray", "deep.mov": "-c:v png -pix_fmt gray16be", "raw.mov": "-c:v rawvideo -pix_fmt rgb24",
	} {
		ffmpeg(t, dir, "-f lavfi -i testsrc2=s=64x48:r=10:d=0.3 "+args+" whole"+name)
		whole, err := os.ReadFile(filepath.Join(dir, "whole"+name))
		if err != nil {
			t.Fatal(err)
		}
		matrix := whole[bytes.Index(whole, []byte("tkhd"))+4+40:]
		for _, m := range [][4]int32{{1, 0, 0, 1}, {0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0}, {-1, 0, 0, 1}, {1, 0, 0, -1}, {0, 1, 1, 0}, {0, -1, -1, 0}} {
			for i, at := range []int{0, 4, 12, 16} {
				binary.BigEndian.PutUint32(matrix[at:], uint32(m[i]<<16))
			}
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			src := open(t, path)
			i, size := src.Info(), image.Pt(64, 48)
			if m[0] == 0 {
				size = image.Pt(48, 64)
			}
			if i.Levels[0].Size != size {
				t.Errorf("%s %v: %v", name, m, i.Levels[0].Size)
				continue
			}
			as := map[bool]string{true: "gray", false: "gbrp"}[len(i.Channels) == 1]
			if i.Type == imageio.Uint16 {
				as = "gray16le"
			}
			want := ffmpeg(t, dir, "-i "+name+" -f rawvideo -pix_fmt "+as+" -")
			for n := range i.T {
				var got []byte
				for _, c := range [][]int{{0}, nil, {1, 2, 0}}[len(i.Channels)-1] {
					got = append(got, imageiotest.Plane(t, src, 0, c, 0, n).Data...)
				}
				if !bytes.Equal(got, want[n*len(got):][:len(got)]) {
					t.Errorf("%s %v: frame %d differs", name, m, n)
				}
			}
		}
	}
}

// TestPixelsThatAreNotSquare are as the container says, whatever its kind, also of a film that was turned.
func TestPixelsThatAreNotSquare(t *testing.T) {
	dir := t.TempDir()
	for name, codec := range map[string]string{"a.mp4": "libx264", "a.mov": "mjpeg", "a.mkv": "mjpeg", "a.webm": "libvpx", "a.avi": "mjpeg", "square.mp4": "mjpeg", "square.mkv": "mjpeg", "square.avi": "mjpeg"} {
		want, sar := 16.0/15, "16/15"
		if name[0] == 's' {
			want, sar = 1, "1/1"
		}
		ffmpeg(t, dir, "-f lavfi -i testsrc2=s=96x60:r=10:d=0.3 -vf setsar="+sar+" -pix_fmt yuv420p -c:v "+codec+" "+name)
		got := open(t, filepath.Join(dir, name)).Info().Aspect
		if got == 0 {
			got = 1
		}
		if math.Abs(got-want) > 0.01 {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
	whole, err := os.ReadFile(filepath.Join(dir, "a.mov"))
	if err != nil {
		t.Fatal(err)
	}
	matrix := whole[bytes.Index(whole, []byte("tkhd"))+4+40:]
	for i, v := range map[int]int32{0: 0, 4: 1, 12: -1, 16: 0} {
		binary.BigEndian.PutUint32(matrix[i:], uint32(v<<16))
	}
	path := filepath.Join(dir, "turned.mov")
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := open(t, path).Info().Aspect; math.Abs(got-15.0/16) > 0.01 {
		t.Errorf("turned: %g", got)
	}
}
