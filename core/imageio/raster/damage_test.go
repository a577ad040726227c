package raster

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/image/bmp"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
)

// samples are one picture of each kind that can be written here.
func samples(tb testing.TB) [][]byte {
	tb.Helper()
	img := image.NewPaletted(image.Rect(0, 0, 40, 30), color.Palette{color.Black, color.White, color.Gray{Y: 99}, color.RGBA{R: 200, A: 255}})
	for i := range img.Pix {
		img.Pix[i] = byte(i * i % 4)
	}
	var b [4]bytes.Buffer
	for i, err := range []error{png.Encode(&b[0], img), jpeg.Encode(&b[1], img, nil), bmp.Encode(&b[2], img), gif.Encode(&b[3], img, nil)} {
		if err != nil {
			tb.Fatal(i, err)
		}
	}
	return [][]byte{b[0].Bytes(), b[1].Bytes(), b[2].Bytes(), b[3].Bytes()}
}

func survives(t *testing.T, data []byte) bool {
	t.Helper()
	before := imageiotest.Allocated()
	if k := kindOf(data); k != nil {
		k.turnOf(data)
	}
	_, err := parse("broken", data)
	if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid {
		t.Fatal(err)
	}
	if n := imageiotest.Allocated() - before; n > 400<<20 {
		t.Fatalf("%d bytes took %d MB", len(data), n>>20)
	}
	return err == nil
}

// TestLittleMemory has a JPEG decoded straight to planes, and what would need much more memory refused
// before it is decoded.
func TestLittleMemory(t *testing.T) {
	const side = 2048
	img := image.NewRGBA(image.Rect(0, 0, side, side))
	for i := range img.Pix {
		img.Pix[i] = byte(i/7) | 1
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	before := imageiotest.Allocated()
	src, err := parse("a.jpg", b.Bytes())
	if err != nil || len(src.planes) != 3 {
		t.Fatal(err)
	}
	if n := imageiotest.Allocated() - before; n > 6*side*side {
		t.Errorf("took %d bytes a pixel", n/side/side)
	}
	b.Reset()
	if err := png.Encode(&b, image.NewNRGBA64(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	deep := b.Bytes()
	binary.BigEndian.PutUint32(deep[16:], 16384)
	binary.BigEndian.PutUint32(deep[20:], 16384)
	binary.BigEndian.PutUint32(deep[29:], crc32.ChecksumIEEE(deep[12:29]))
	steps := []byte("\xff\xd8\xff\xc2\x00\x11\x08\x40\x00\x40\x00\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00\xff\xda\x00\x0c\x03\x01\x00\x02\x00\x03\x00\x00\x00\x00")
	for name, data := range map[string][]byte{"16 bits": deep, "progressive": append(steps, make([]byte, 4<<20)...)} {
		_, err := parse(name, data)
		if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "too large") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestBroken cuts and flips pictures: one comes out, or a sentence.
func TestBroken(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	pictures, sentences := 0, 0
	for _, whole := range samples(t) {
		for k := range 500 {
			at := rnd.IntN(len(whole))
			bad := whole[:at]
			if k%5 != 0 {
				if k%2 == 0 {
					at %= 64
				}
				bad = bytes.Clone(whole)
				bad[at] ^= byte(1 + rnd.IntN(255))
			}
			if survives(t, bad) {
				pictures++
			} else {
				sentences++
			}
		}
	}
	t.Logf("%d pictures, %d sentences, no panic", pictures, sentences)
}

func FuzzOpen(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00\xff\xda\xff\xd9"))
	f.Fuzz(func(t *testing.T, data []byte) { survives(t, data) })
}
