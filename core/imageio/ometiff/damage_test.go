package ometiff_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// everything reads all tiles of all levels into one slice, as far as limit bytes.
func everything(ctx context.Context, src imageio.Source, limit int) ([]byte, error) {
	var out []byte
	info := src.Info()
	for l := range info.Levels {
		n := info.Tiles(l)
		for c := range info.Channels {
			for z := range info.Z {
				for at := range info.T {
					for row := range n.Y {
						for col := range n.X {
							px, err := src.ReadTile(ctx, imageio.Tile{Level: l, Col: col, Row: row, C: c, Z: z, T: at})
							if err != nil {
								return out, err
							}
							if out = append(out, px.Data...); len(out) > limit {
								return out, nil
							}
						}
					}
				}
			}
		}
	}
	return out, nil
}

func readAll(tb testing.TB, path string) ([]byte, error) {
	tb.Helper()
	src, err := ometiff.Format{}.Open(tb.Context(), path)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	return everything(tb.Context(), src, 1<<20)
}

// TestCutShort cuts vectors everywhere: a file that calls itself complete has all its
// pixels, and one that has not is told from a damaged one.
func TestCutShort(t *testing.T) {
	for _, name := range []string{"u16-strips-le", "u16-tiles-deflate2-bebig", "ome-pyramid", "imagej-one", "pages", "rgb-jpeg", "u16-jpeg2000"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata", name+".tif"))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), name+".tif")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			want, err := readAll(t, path)
			if err != nil {
				t.Fatal(err)
			}
			step := max(1, len(data)/700)
			for n := len(data) - 1; n > 0; n -= step {
				if err := os.Truncate(path, int64(n)); err != nil {
					t.Fatal(err)
				}
				whole := ometiff.Format{}.Complete(t.Context(), path)
				got, err := readAll(t, path)
				switch {
				case whole == nil && (err != nil || !bytes.Equal(got, want)):
					t.Fatalf("%d of %d bytes call themselves complete: %v", n, len(data), err)
				case whole != nil && fault.KindOf(whole) != fault.Corrupt:
					t.Fatalf("%d of %d bytes: %v", n, len(data), whole)
				case err != nil && fault.KindOf(err) != fault.Corrupt:
					t.Fatalf("reading %d of %d bytes: %v", n, len(data), err)
				}
			}
		})
	}
}

// TestFlippedBytes turns every byte of the directories and some of the pixels: nothing may
// panic, hang or take much memory.
func TestFlippedBytes(t *testing.T) {
	for _, name := range []string{"u16-tiles-deflate2-le", "ome-pyramid", "u8-lzw", "rgb-planar", "f32-deflate3-be", "rgb-jpeg2000"} {
		data, err := os.ReadFile(filepath.Join("testdata", name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		for i := 0; i < len(data); i += 1 + i/300 {
			for _, to := range []byte{0xff, 0, data[i] + 1} {
				bad := bytes.Clone(data)
				bad[i] = to
				survives(t, fmt.Sprintf("%s byte %d = %#x", name, i, to), bad)
			}
		}
	}
}

// mostMemory is what reading a broken file of some kilobytes may allocate, all in all.
const mostMemory = 200 << 20

// survives reads a broken file: a picture or a sentence may come out, in some memory and time.
func survives(t *testing.T, what string, data []byte) (read bool) {
	t.Helper()
	begun, before := time.Now(), imageiotest.Allocated()
	src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "broken.tif")
	if err == nil {
		_, err = everything(t.Context(), src, 1<<20)
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
	if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid && k != fault.NotFound {
		t.Fatalf("%s: %v", what, err)
	}
	if err != nil {
		if say, _ := fault.Explain(err); !strings.HasSuffix(say, ".") {
			t.Fatalf("%s: %q is no sentence", what, say)
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

// TestBrokenMatrix cuts every file of the matrix at 50 random places, and flips 200 random
// bytes, each alone and all together. Without COVERSLIP_TEST_LONG=1 it takes a sample.
func TestBrokenMatrix(t *testing.T) {
	every, cuts, flips := 61, 10, 30
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		every, cuts, flips = 1, 50, 200
	}
	rnd := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	files, pictures, sentences := 0, 0, 0
	try := func(what string, data []byte) {
		if survives(t, what, data) {
			pictures++
		} else {
			sentences++
		}
	}
	for i, e := range matrix(t) {
		if i%every != 0 || e.Group == "10,000 pages" && every > 1 {
			continue
		}
		data := e.raw(t, e.Name)
		files++
		n, f := cuts, flips
		if e.Group == "10,000 pages" {
			n, f = 5, 5
		}
		for range n {
			to := rnd.IntN(len(data))
			try(fmt.Sprintf("%s cut to %d", e.Name, to), data[:to])
		}
		all := bytes.Clone(data)
		for range f {
			at, by := rnd.IntN(len(data)), byte(1+rnd.IntN(255))
			data[at] ^= by
			try(fmt.Sprintf("%s byte %d ^ %#x", e.Name, at, by), data)
			data[at] ^= by
			all[at] ^= by
		}
		try(fmt.Sprintf("%s with %d bytes flipped", e.Name, f), all)
	}
	t.Logf("%d files broken: %d pictures, %d sentences, no panic", files, pictures, sentences)
}

func FuzzOpen(f *testing.F) {
	for _, v := range vectors(f) {
		data, err := os.ReadFile(v.path())
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 12_000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		src, err := ometiff.OpenReader(t.Context(), bytes.NewReader(data), int64(len(data)), "fuzz.tif")
		if err != nil {
			return
		}
		defer src.Close()
		if i := src.Info(); len(i.Levels) == 0 || i.Levels[0].Size.X < 1 || i.TileSize.X < 1 || i.TileSize.Y < 1 {
			t.Fatalf("nothing was opened: %+v", i)
		}
		_, err = everything(t.Context(), src, 1<<18)
		if k := fault.KindOf(err); err != nil && k != fault.Corrupt && k != fault.Invalid && k != fault.NotFound {
			t.Fatal(err)
		}
	})
}
