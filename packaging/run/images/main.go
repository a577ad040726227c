// Command images writes into a folder what the sample bench has none of: a stack with two
// channels and time (stack.ome.tif), a film (film.avi) and a store (store.ome.zarr). In each,
// every plane, time point and channel differs, so that a picture of the window tells them
// apart. The scripts that drive the window open them.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"time"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: images FOLDER")
		os.Exit(2) //nolint:forbidigo // this is main
	}
	ctx := context.Background() //nolint:forbidigo // this is main
	if err := write(ctx, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1) //nolint:forbidigo // this is main
	}
}

func write(ctx context.Context, folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	film, err := film()
	return cmp.Or(err,
		stack(ctx, filepath.Join(folder, "stack.ome.tif")),
		os.WriteFile(filepath.Join(folder, "film.avi"), film, 0o644), //nolint:gosec // to be read by anyone
		store(filepath.Join(folder, "store.ome.zarr")))
}

// Extents of what is written: pixels, planes, time points and channels.
const (
	side, depth, times, stains = 256, 5, 4, 2
	frames, wide, high, rate   = 40, 320, 240, 10
)

// sample is the one at x, y, 0 to 255: discs on a slope. Each (c, z, t) has them elsewhere, and of another size.
func sample(x, y, c, z, t int) uint8 {
	const pitch = 64
	dx, dy := (x+13*t+29*c)%pitch-pitch/2, (y+7*t+17*c)%pitch-pitch/2
	if r := 10 + 3*z; dx*dx+dy*dy < r*r {
		return uint8(220 - 4*r)
	}
	return uint8((x + y) / 16)
}

func stack(ctx context.Context, path string) error {
	size := image.Pt(side, side)
	info := imageio.Info{
		Levels: []imageio.Level{{Size: size, Downsample: 1}}, TileSize: size, Type: imageio.Uint16, Z: depth, T: times,
		Channels: []imageio.Channel{{Name: "DAPI", Color: [3]uint8{70, 120, 255}}, {Name: "GFP", Color: [3]uint8{0, 220, 90}}},
		Micron:   imageio.Micron{X: 0.325, Y: 0.325, Z: 1}, Interval: 2 * time.Second,
	}
	return ometiff.Write(ctx, path, info, func(c, z, t int) (*imageio.Pixels, error) {
		return &imageio.Pixels{Size: size, Type: info.Type, Data: plane(c, z, t)}, nil
	})
}

// plane is side × side samples of 16 bits, little-endian.
func plane(c, z, t int) []byte {
	data := make([]byte, 0, 2*side*side)
	for i := range side * side {
		data = binary.LittleEndian.AppendUint16(data, 16*uint16(sample(i%side, i/side, c, z, t)))
	}
	return data
}

// film is Motion-JPEG in AVI.
func film() ([]byte, error) {
	var movi []byte
	for t := range frames {
		m := image.NewGray(image.Rect(0, 0, wide, high))
		for i := range m.Pix {
			m.Pix[i] = sample(i%wide, i/wide, 0, 2, t)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, m, nil); err != nil {
			return nil, err
		}
		movi = append(movi, chunk("00dc", b.Bytes())...)
	}
	main := words(1e6/rate, 0, 0, 0, frames, 0, 1, 0, wide, high, 0, 0, 0, 0)                  // AVIMAINHEADER
	stream := append([]byte("vidsMJPG"), words(0, 0, 0, 1, rate, 0, frames, 0, 0, 0, 0, 0)...) // AVISTREAMHEADER
	format := append(words(40, wide, high, 1|24<<16), "MJPG"...)                               // BITMAPINFOHEADER
	format = append(format, words(3*wide*high, 0, 0, 0, 0)...)
	head := append(chunk("avih", main), list("strl", append(chunk("strh", stream), chunk("strf", format)...))...)
	all := append(list("hdrl", head), list("movi", movi)...)
	return chunk("RIFF", append([]byte("AVI "), all...)), nil
}

func words(all ...uint32) []byte {
	var b []byte
	for _, w := range all {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b
}

// chunk is one of RIFF: its name, its length and what is in it, to an even number of bytes.
func chunk(name string, in []byte) []byte {
	b := append(append([]byte(name), words(uint32(len(in)))...), in...)
	return append(b, make([]byte, len(in)%2)...)
}

func list(name string, in []byte) []byte { return chunk("LIST", append([]byte(name), in...)) }

// store is an OME-Zarr 0.4 of one level that is not compressed; its axes are t, c, z, y, x.
func store(path string) error {
	attrs := `{"multiscales": [{"version": "0.4", "name": "store", "axes": [
 {"name": "t", "type": "time", "unit": "second"}, {"name": "c", "type": "channel"},
 {"name": "z", "type": "space", "unit": "micrometer"}, {"name": "y", "type": "space", "unit": "micrometer"},
 {"name": "x", "type": "space", "unit": "micrometer"}],
 "datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [2, 1, 1, 0.325, 0.325]}]}]}]}`
	array := fmt.Sprintf(`{"zarr_format": 2, "shape": [%d, %d, %d, %d, %d], "chunks": [1, 1, 1, %[4]d, %[5]d], "dtype": "<u2",
 "compressor": null, "filters": null, "fill_value": 0, "order": "C", "dimension_separator": "/"}`, times, stains, depth, side, side)
	files := map[string][]byte{".zgroup": []byte(`{"zarr_format": 2}`), ".zattrs": []byte(attrs), "0/.zarray": []byte(array)}
	for t := range times {
		for c := range stains {
			for z := range depth {
				files[fmt.Sprintf("0/%d/%d/%d/0/0", t, c, z)] = plane(c, z, t)
			}
		}
	}
	for name, data := range files {
		at := filepath.Join(path, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(at, data, 0o644); err != nil { //nolint:gosec // to be read by anyone
			return err
		}
	}
	return nil
}
