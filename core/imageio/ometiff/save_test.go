package ometiff_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// computed is an image that is computed tile by tile.
type computed struct{ info imageio.Info }

func (c computed) ID() string         { return "computed" }
func (c computed) Info() imageio.Info { return c.info }
func (c computed) Close() error       { return nil }

func (c computed) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at, err := c.info.Bounds(t)
	if err != nil {
		return nil, err
	}
	n := c.info.Type.Bytes()
	px := &imageio.Pixels{Size: at.Size(), Type: c.info.Type, Data: make([]byte, at.Dx()*at.Dy()*n)}
	seed := uint32(t.Col*1000 + t.Row + 1e6*t.C + 1e7*t.Z + 1e8*t.T)
	for i := range at.Dx() * at.Dy() {
		seed = seed*1664525 + 1013904223
		px.Data[i*n] = byte(seed>>26) + byte(i%at.Dx())
		if n > 2 { // a float of sensible size
			px.Data[(i+1)*n-1] = 0x40
		}
	}
	return px, nil
}

func example(typ imageio.PixelType, w, h int) computed {
	return computed{imageio.Info{
		Name: "made here", Format: "test", Levels: []imageio.Level{{Size: image.Pt(w, h), Downsample: 1}}, TileSize: image.Pt(200, 300), Type: typ, Z: 2, T: 2,
		Channels: []imageio.Channel{{Name: "DAPI <1>", Color: [3]uint8{0, 0, 255}}, {Name: "Grün", Color: [3]uint8{255, 255, 0}}},
		Micron:   imageio.Micron{X: 0.1625, Y: 0.1625, Z: 0.5}, Acquired: time.Date(2026, 3, 4, 5, 6, 7, 8_900_000, time.UTC), Instrument: "Big Scope",
		Interval: 2500 * time.Millisecond, Stage: imageio.Micron{X: 100.5, Y: -20, Z: 3},
	}}
}

func coloured(typ imageio.PixelType, w, h int) computed {
	c := example(typ, w, h)
	c.info.Channels = []imageio.Channel{
		{Name: "Red", Color: [3]uint8{255, 0, 0}},
		{Name: "Green", Color: [3]uint8{0, 255, 0}},
		{Name: "Blue", Color: [3]uint8{0, 0, 255}},
	}
	return c
}

// whole is all planes of level 0 in the order T, Z, C.
func whole(t *testing.T, src imageio.Source) []byte {
	t.Helper()
	var out []byte
	i := src.Info()
	for k := range i.T * i.Z * len(i.Channels) {
		out = append(out, imageiotest.Plane(t, src, 0, k%len(i.Channels), k/len(i.Channels)%i.Z, k/len(i.Channels)/i.Z).Data...)
	}
	return out
}

// TestSaved writes each type, in each compression, with odd sizes, and reads it back here
// and with tifffile and bioio.
func TestSaved(t *testing.T) {
	dir := t.TempDir()
	n, peers := 0, []string{filepath.Join("testdata", "read_back.py")}
	save := func(src computed, compression string) {
		n++
		i := src.Info()
		path := filepath.Join(dir, fmt.Sprintf("%d.ome.tif", n))
		if err := ometiff.Save(t.Context(), path, src, ometiff.Options{Compression: compression}); err != nil {
			t.Fatal(err)
		}
		data := whole(t, src)
		back, err := ometiff.Format{}.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer back.Close()
		imageiotest.Equal(t, back, data, 0)
		got := back.Info()
		if got.Micron != i.Micron || got.Interval != i.Interval || got.Stage != i.Stage || got.Instrument != i.Instrument ||
			!got.Acquired.Equal(i.Acquired) || !reflect.DeepEqual(got.Channels, i.Channels) {
			t.Errorf("wrote %+v\nread %+v", i, got)
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
			t.Error(err)
		}
		raw := path + ".raw"
		if err := os.WriteFile(raw, data, 0o600); err != nil {
			t.Fatal(err)
		}
		peers = append(peers, path, raw, i.Type.String(),
			fmt.Sprintf("%d,%d,%d,%d,%d", i.T, i.Z, len(i.Channels), i.Levels[0].Size.Y, i.Levels[0].Size.X))
	}
	for typ := imageio.Uint8; typ <= imageio.Float64; typ++ {
		save(example(typ, 301, 270), "")
	}
	save(example(imageio.Uint16, 1333, 1027), "zstd")
	save(example(imageio.Float32, 1030, 513), "none")
	save(coloured(imageio.Uint8, 1111, 700), "deflate")
	save(coloured(imageio.Uint16, 513, 20), "zstd")
	imageiotest.Peer(t, peers...)
}

// TestSavedInLittleMemory writes far more than it may hold.
func TestSavedInLittleMemory(t *testing.T) {
	src := example(imageio.Uint16, 4096, 2048)
	src.info.TileSize = image.Pt(512, 512)
	src.info.Channels, src.info.Z, src.info.T = src.info.Channels[:1], 2, 4
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, rows := uint64(0), int64(0)
	err := ometiff.Save(t.Context(), filepath.Join(t.TempDir(), "large.ome.tif"), src, ometiff.Options{Progress: func(done, all int64) {
		if rows = done; done > all {
			t.Errorf("%d of %d rows", done, all)
		}
		runtime.ReadMemStats(&now)
		most = max(most, now.HeapInuse)
	}})
	if err != nil {
		t.Fatal(err)
	}
	if rows != 8*2048 {
		t.Errorf("%d rows are done", rows)
	}
	held := (int64(most) - int64(before.HeapInuse)) >> 20
	t.Logf("%d MB of pixels in %d MB of memory", 8*4096*2048*2>>20, held)
	if held > 60 {
		t.Errorf("held %d MB", held)
	}
}

func TestStoppedSaveLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	err := ometiff.Save(ctx, filepath.Join(dir, "a.tif"), example(imageio.Uint8, 700, 700), ometiff.Options{Progress: func(int64, int64) { cancel() }})
	if fault.KindOf(err) != fault.Canceled {
		t.Errorf("ended with %v", err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left %v, %v", left, err)
	}
	if err := ometiff.Save(t.Context(), filepath.Join(dir, "a.tif"), example(imageio.Uint8, 7, 7), ometiff.Options{Compression: "zip"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("compression zip: %v", err)
	}
}

// TestBeforeItIsWhole has no file in the folder before all of it is written, where the file system can do
// without, so that none is left by a crash; one that was left long ago is removed, one that may be
// written to is not.
func TestBeforeItIsWhole(t *testing.T) {
	dir := t.TempDir()
	nameless := ometiff.Nameless(dir)
	for name, age := range map[string]time.Duration{".writing-123.tif": 48 * time.Hour, ".writing-456.tif": time.Hour, "writing-7.tif": 48 * time.Hour} {
		path, at := filepath.Join(dir, name), time.Now().Add(-age)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (out []string) {
		all, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			out = append(out, n.Name())
		}
		return out
	}
	path := filepath.Join(dir, "a.tif")
	for range 2 { // it takes the place of itself
		before := []string{".writing-456.tif", "writing-7.tif"}
		if _, err := os.Stat(path); err == nil {
			before = append(before[:1:1], "a.tif", "writing-7.tif")
		}
		err := ometiff.Save(t.Context(), path, example(imageio.Uint8, 700, 700), ometiff.Options{Progress: func(int64, int64) {
			got := names()
			if !nameless { // one more, with a name that nobody can foresee
				got = slices.DeleteFunc(got, func(n string) bool { return strings.HasPrefix(n, ".writing-") && n != ".writing-456.tif" })
			}
			if !slices.Equal(got, before) {
				t.Errorf("while it is written there are %v", got)
			}
		}})
		if got := names(); err != nil || !slices.Equal(got, []string{".writing-456.tif", "a.tif", "writing-7.tif"}) {
			t.Errorf("there are %v, %v", got, err)
		}
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o644 {
		t.Errorf("%v, %v", st, err)
	}
}

// TestKept leaves a file alone that is there when the writing ends.
func TestKept(t *testing.T) {
	src := example(imageio.Uint8, 70, 70)
	for name, save := range map[string]func(path string, keep bool) error{
		"nameless": func(path string, keep bool) error {
			return ometiff.Save(t.Context(), path, src, ometiff.Options{Keep: keep})
		},
		"named": func(path string, keep bool) error { return ometiff.SaveNamed(t.Context(), path, src, keep) },
	} {
		path := filepath.Join(t.TempDir(), "a.tif")
		if err := save(path, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		err := save(path, true)
		if data, e := os.ReadFile(path); e != nil || string(data) != "mine" || fault.KindOf(err) != fault.Exists {
			t.Errorf("%s: %v, %d bytes", name, err, len(data))
		}
		if err := save(path, false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := (ometiff.Format{}).Complete(t.Context(), path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if all, err := os.ReadDir(filepath.Dir(path)); err != nil || len(all) != 1 {
			t.Errorf("%s: left %v, %v", name, all, err)
		}
	}
}

// TestSavedIsSame writes twice the same bytes: what is versioned by hash must not wander.
func TestSavedIsSame(t *testing.T) {
	var files [2][]byte
	for i := range files {
		path := filepath.Join(t.TempDir(), "a.tif")
		if err := ometiff.Save(t.Context(), path, example(imageio.Uint16, 1300, 600), ometiff.Options{}); err != nil {
			t.Fatal(err)
		}
		var err error
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("two writings differ")
	}
}

// TestStrip has the levels of a kymograph, which is a hundred times as high as wide: its short side,
// rounded at each, does not tell by how much they are coarser.
func TestStrip(t *testing.T) {
	src := computed{imageio.Info{
		Name: "strip", Format: "test", Levels: []imageio.Level{{Size: image.Pt(61, 6000), Downsample: 1}}, TileSize: image.Pt(61, 512), Z: 1, T: 1,
		Channels: []imageio.Channel{{Name: "Grey"}},
	}}
	saved := saved(t, src)
	levels := saved.Info().Levels
	for i, l := range levels {
		if l.Downsample != float64(int(1)<<i) {
			t.Errorf("level %d of %v is scaled by %g", i, l.Size, l.Downsample)
		}
	}
	if len(levels) < 4 {
		t.Errorf("%d levels", len(levels))
	}
}
