package raster_test

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/color/palette"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/image/bmp"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/raster"
)

const w, h = 530, 37 // two columns of tiles

func save(t *testing.T, name string, write func(io.Writer) error) string {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// paint fills img and returns its planes as they should be read.
func paint(img interface {
	image.Image
	Set(x, y int, c color.Color)
}, channels, size int,
) []byte {
	out := make([]byte, 0, w*h*channels*size)
	for c := range channels {
		for y := range h {
			for x := range w {
				v := [3]uint16{uint16(x*31 + y), uint16(x + y*57), uint16(x * y)}
				if size == 1 {
					v[0], v[1], v[2] = v[0]&255*257, v[1]&255*257, v[2]&255*257
				}
				if channels == 1 {
					v[1], v[2] = v[0], v[0]
				}
				if channels == 1 && size == 2 {
					img.Set(x, y, color.Gray16{Y: v[0]})
				} else if channels == 1 {
					img.Set(x, y, color.Gray{Y: uint8(v[0])})
				} else {
					img.Set(x, y, color.NRGBA64{R: v[0], G: v[1], B: v[2], A: 0xffff})
				}
				if size == 1 {
					out = append(out, byte(v[c]))
				} else {
					out = binary.LittleEndian.AppendUint16(out, v[c])
				}
			}
		}
	}
	return out
}

func TestPictures(t *testing.T) {
	r := image.Rect(0, 0, w, h)
	grey, deep, rgb, rgb16 := image.NewGray(r), image.NewGray16(r), image.NewNRGBA(r), image.NewNRGBA64(r)
	for _, c := range []struct {
		name, format string
		want         []byte
		write        func(io.Writer) error
	}{
		{"grey.png", "PNG", paint(grey, 1, 1), func(o io.Writer) error { return png.Encode(o, grey) }},
		{"deep.png", "PNG", paint(deep, 1, 2), func(o io.Writer) error { return png.Encode(o, deep) }},
		{"rgb.png", "PNG", paint(rgb, 3, 1), func(o io.Writer) error { return png.Encode(o, rgb) }},
		{"rgb16.png", "PNG", paint(rgb16, 3, 2), func(o io.Writer) error { return png.Encode(o, rgb16) }},
		{"rgb.bmp", "BMP", paint(rgb, 3, 1), func(o io.Writer) error { return bmp.Encode(o, rgb) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := save(t, c.name, c.write)
			open := opens(path)
			src := open(t)
			if i := src.Info(); i.Format != c.format || i.Levels[0].Size != image.Pt(w, h) {
				t.Errorf("%+v", i)
			}
			// Planes stand one after the other, as the contract's T, Z, C.
			imageiotest.Equal(t, src, c.want, 0)
			imageiotest.Run(t, open)
		})
	}
}

// pictures are files of one picture, by their names.
func pictures(t *testing.T) map[string]string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, w, h))
	paint(img, 1, 1)
	all := map[string]string{}
	for name, write := range map[string]func(io.Writer) error{
		"a.png": func(o io.Writer) error { return png.Encode(o, img) },
		"a.jpg": func(o io.Writer) error { return jpeg.Encode(o, img, nil) },
		"a.bmp": func(o io.Writer) error { return bmp.Encode(o, img) },
	} {
		all[name] = save(t, name, write)
	}
	return all
}

func TestCutShort(t *testing.T) {
	for name, path := range pictures(t) {
		if err := (raster.Format{}).Complete(t.Context(), path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		st, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range []int64{st.Size() - 1, st.Size() / 2, 20} {
			if err := os.Truncate(path, n); err != nil {
				t.Fatal(err)
			}
			if err := (raster.Format{}).Complete(t.Context(), path); fault.KindOf(err) != fault.Corrupt {
				t.Errorf("%s of %d bytes: %v", name, n, err)
			}
			src, err := raster.Format{}.Open(t.Context(), path)
			if err == nil && n < st.Size()-1 {
				t.Errorf("%s of %d bytes was opened: %v", name, n, src.Info())
			} else if err != nil && fault.KindOf(err) != fault.Corrupt {
				t.Errorf("%s of %d bytes: %v", name, n, err)
			}
		}
	}
}

// TestWordsBehindTheEnd has pictures with a film behind them, as cameras write, and a BMP that says two
// bytes more than it has: they are whole.
func TestWordsBehindTheEnd(t *testing.T) {
	for name, path := range pictures(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if name == "a.bmp" {
			binary.LittleEndian.PutUint32(data[2:], uint32(len(data)+2))
		} else {
			data = append(data, make([]byte, 20_000)...)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (raster.Format{}).Complete(t.Context(), path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPictureInTheHead has a JPEG that is cut short and holds a whole one in its head.
func TestPictureInTheHead(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, w, h))
	paint(img, 1, 1)
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	small := []byte("\xff\xd8\xff\xda\x00\x02\xff\xd9")
	path := save(t, "a.jpg", func(o io.Writer) error {
		_, err := o.Write(slices.Concat([]byte("\xff\xd8\xff\xe1\x00\x0a"), small, b.Bytes()[2:b.Len()-2]))
		return err
	})
	if err := (raster.Format{}).Complete(t.Context(), path); fault.KindOf(err) != fault.Corrupt {
		t.Error(err)
	}
}

// TestHalfAnAnimation is whole with its last byte only, whatever the bytes before look like. Some
// programs append their own words.
func TestHalfAnAnimation(t *testing.T) {
	var frames gif.GIF
	for n := range 3 {
		img := image.NewPaletted(image.Rect(0, 0, 90, 80), palette.Plan9)
		for i := range img.Pix {
			img.Pix[i] = byte(i * i >> n)
		}
		frames.Image, frames.Delay = append(frames.Image, img), append(frames.Delay, 4)
	}
	path := save(t, "a.gif", func(o io.Writer) error { return gif.EncodeAll(o, &frames) })
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := 20; n <= len(whole)+5; n++ {
		if err := os.WriteFile(path, append(slices.Clone(whole), "words"...)[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if err := (raster.Format{}).Complete(t.Context(), path); (n < len(whole)) != (fault.KindOf(err) == fault.Corrupt) || n >= len(whole) && err != nil {
			t.Fatalf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
}

// TestMovingGIF has a picture that others change: in part, for their own time only, and by being cleared. All
// are seen, however one gets to them.
func TestMovingGIF(t *testing.T) {
	greys := color.Palette{color.Gray{}, color.Gray{Y: 100}, color.Gray{Y: 200}, color.Transparent}
	red := color.Palette{color.Gray{}, color.RGBA{R: 255, A: 255}, color.Gray{Y: 200}, color.Transparent}
	for name, c := range map[string]struct {
		palette color.Palette
		one     [3]byte // what the palette's 1 is
	}{"grey.gif": {greys, [3]byte{100, 100, 100}}, "red.gif": {red, [3]byte{255, 0, 0}}} {
		all := &gif.GIF{Config: image.Config{ColorModel: c.palette, Width: 4, Height: 2}}
		var want [][]byte // numbers of the palette
		for _, f := range []struct {
			rect     image.Rectangle
			pix      []byte
			disposal byte
			want     []byte
		}{
			{image.Rect(0, 0, 4, 2), []byte{1, 1, 1, 1, 2, 2, 2, 2}, gif.DisposalNone, []byte{1, 1, 1, 1, 2, 2, 2, 2}},
			{image.Rect(1, 0, 3, 1), []byte{3, 2}, 0, []byte{1, 1, 2, 1, 2, 2, 2, 2}},
			{image.Rect(2, 0, 4, 2), []byte{1, 1, 1, 1}, gif.DisposalPrevious, []byte{1, 1, 1, 1, 2, 2, 1, 1}},
			{image.Rect(0, 1, 1, 2), []byte{1}, gif.DisposalBackground, []byte{1, 1, 2, 1, 1, 2, 2, 2}},
			{image.Rect(3, 1, 4, 2), []byte{3}, gif.DisposalNone, []byte{1, 1, 2, 1, 0, 2, 2, 2}},
		} {
			all.Image = append(all.Image, &image.Paletted{Pix: f.pix, Stride: f.rect.Dx(), Rect: f.rect, Palette: c.palette})
			all.Delay, all.Disposal, want = append(all.Delay, 5), append(all.Disposal, f.disposal), append(want, f.want)
		}
		path := save(t, name, func(o io.Writer) error { return gif.EncodeAll(o, all) })
		open := opens(path)
		src := open(t)
		i := src.Info()
		if i.T != len(want) || i.Colored() != (name == "red.gif") || i.Interval != 0 || i.Levels[0].Size != image.Pt(4, 2) {
			t.Fatalf("%s: %+v", name, i)
		}
		for _, n := range []int{0, 1, 2, 3, 4, 2, 2, 0, 4} {
			for ch := range i.Channels {
				got := imageiotest.Plane(t, src, 0, ch, 0, n).Data
				for k, v := range want[n] {
					if is := [3]byte{0, c.one[ch], 200}[v]; got[k] != is {
						t.Errorf("%s: channel %d of picture %d is %v at %d, want %d", name, ch, n, got, k, is)
					}
				}
			}
		}
		imageiotest.Run(t, open)
	}
}

// opens is how a picture is opened.
func opens(path string) func(t *testing.T) imageio.Source {
	return func(t *testing.T) imageio.Source {
		t.Helper()
		src, err := raster.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
}
