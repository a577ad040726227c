package jpeg_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	stdlib "image/jpeg"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/jpeg"
)

// TestEqualToLibjpeg decodes what libjpeg-turbo wrote to the very pixels that it decodes.
func TestEqualToLibjpeg(t *testing.T) {
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("testdata", "pictures.py"), folder)
	names, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil || len(names) < 350 {
		t.Fatalf("%d pictures, %v", len(names), err)
	}
	d := jpeg.NewDecoder()
	for _, name := range names {
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(name, "jpg") + "raw")
		if err != nil {
			t.Fatal(err)
		}
		pic, err := d.Decode(src, jpeg.Guess)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
			continue
		}
		samePlanes(t, src, jpeg.Guess, pic)
		if !bytes.Equal(pic.Data, want) {
			at := 0
			for at < min(len(want), len(pic.Data)) && pic.Data[at] == want[at] {
				at++
			}
			t.Errorf("%s: %d bytes, %d wanted, the first difference at %d", filepath.Base(name), len(pic.Data), len(want), at)
		}
	}
}

// samePlanes decodes into planes and compares them with pic.
func samePlanes(t *testing.T, src []byte, as jpeg.Color, pic *jpeg.Picture) {
	t.Helper()
	planes, err := jpeg.NewDecoder().DecodePlanes(nil, src, as)
	if err != nil || planes.Config != pic.Config || len(planes.Data) != len(pic.Data) {
		t.Fatalf("planes of %+v, not %+v, %v", planes, pic.Config, err)
	}
	area := pic.Size.X * pic.Size.Y
	for i, v := range planes.Data {
		if pic.Data[i%area*pic.Components+i/area] != v {
			t.Fatalf("plane %d differs at %d", i/area, i%area)
		}
	}
}

// stream is a picture by the standard library's encoder.
func stream(tb testing.TB) []byte {
	tb.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 75, 50))
	for i := range 75 * 50 {
		img.Set(i%75, i/75, color.RGBA{R: uint8(i), G: uint8(i / 9), B: uint8(i * i), A: 255})
	}
	var b bytes.Buffer
	if err := stdlib.Encode(&b, img, &stdlib.Options{Quality: 90}); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// TestTablesApart decodes a stream whose tables came before it, and one that has none.
func TestTablesApart(t *testing.T) {
	whole := stream(t)
	want, err := jpeg.NewDecoder().Decode(whole, jpeg.Guess)
	if err != nil {
		t.Fatal(err)
	}
	var tables, frame []byte
	for at := 2; at < len(whole); {
		n := 2 + int(whole[at+2])<<8 + int(whole[at+3])
		switch whole[at+1] {
		case 0xdb:
			tables = append(tables, whole[at:at+n]...)
		case 0xc4: // the encoder's tables are those of annex K
		case 0xda:
			frame = append(frame, whole[at:]...)
			n = len(whole)
		default:
			frame = append(frame, whole[at:at+n]...)
		}
		at += n
	}
	d := jpeg.NewDecoder()
	if err := d.Tables(append([]byte("\xff\xd8"), append(tables, "\xff\xd9"...)...)); err != nil {
		t.Fatal(err)
	}
	got, err := d.Decode(append([]byte("\xff\xd8"), frame...), jpeg.Guess)
	if err != nil || !bytes.Equal(got.Data, want.Data) {
		t.Errorf("differs, %v", err)
	}
}

// progressive is a picture of 75 × 50 by Pillow.
func progressive(tb testing.TB) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "progressive.jpg"))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// broken cuts and flips a stream: it ends, without a picture where the rest is missing.
func broken(t *testing.T, whole []byte) {
	t.Helper()
	d := jpeg.NewDecoder()
	for n := range len(whole) - 2 { // without its end marker it is whole
		if _, err := d.Decode(whole[:n], jpeg.Guess); err == nil {
			t.Fatalf("%d of %d bytes were decoded", n, len(whole))
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 5000 { // whatever comes, it ends
		bad := bytes.Clone(whole)
		for range 1 + rnd.IntN(5) {
			bad[rnd.IntN(len(bad))] = byte(rnd.IntN(256))
		}
		bad[rnd.IntN(700)] = byte(rnd.IntN(256)) // in the headers
		if pic, err := d.Decode(bad, jpeg.Guess); err == nil && len(pic.Data) != pic.Size.X*pic.Size.Y*pic.Components {
			t.Fatalf("%d bytes of %v × %d", len(pic.Data), pic.Size, pic.Components)
		}
	}
}

func TestBroken(t *testing.T) {
	whole := stream(t)
	broken(t, whole)
	broken(t, progressive(t))
	d := jpeg.NewDecoder()
	claims := bytes.Clone(whole)
	at := bytes.Index(claims, []byte("\xff\xc0"))
	copy(claims[at+5:], "\xff\xff\xff\xff")
	if _, err := d.Decode(claims, jpeg.Guess); err == nil {
		t.Error("a short stream of 65535² was decoded")
	}
	claims[at+1] = 0xc2
	if _, err := d.Decode(claims, jpeg.Guess); err == nil || errors.Is(err, jpeg.ErrUnsupported) {
		t.Errorf("a progressive one of 65535²: %v", err)
	}
	claims[at+1] = 0xc9
	if _, err := d.Decode(claims, jpeg.Guess); !errors.Is(err, jpeg.ErrUnsupported) {
		t.Errorf("an arithmetic one: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(stream(f))
	f.Add(progressive(f))
	f.Fuzz(func(t *testing.T, src []byte) {
		pic, err := jpeg.NewDecoder().Decode(src, jpeg.Guess)
		if err != nil {
			return
		}
		if len(pic.Data) != pic.Size.X*pic.Size.Y*pic.Components {
			t.Fatalf("%d bytes of %v × %d", len(pic.Data), pic.Size, pic.Components)
		}
		samePlanes(t, src, jpeg.Guess, pic)
	})
}

func BenchmarkDecode(b *testing.B) {
	img := image.NewRGBA(image.Rect(0, 0, 1024, 1024))
	for i := range 1 << 20 {
		x, y := i%1024, i/1024
		img.Set(x, y, color.RGBA{R: uint8(x * y / 500), G: uint8(x / 4), B: uint8(y / 4), A: 255})
	}
	var buf bytes.Buffer
	if err := stdlib.Encode(&buf, img, &stdlib.Options{Quality: 85}); err != nil {
		b.Fatal(err)
	}
	b.Run("here", func(b *testing.B) {
		b.SetBytes(1 << 20)
		d := jpeg.NewDecoder()
		for b.Loop() {
			if _, err := d.Decode(buf.Bytes(), jpeg.Guess); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("standard library", func(b *testing.B) {
		b.SetBytes(1 << 20)
		for b.Loop() {
			if _, err := stdlib.Decode(bytes.NewReader(buf.Bytes())); err != nil {
				b.Fatal(err)
			}
		}
	})
}
