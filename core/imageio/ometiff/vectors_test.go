package ometiff_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// vector is a file that tifffile wrote and what tifffile reads from it.
type vector struct {
	Name          string
	T, Z, C, H, W int
	Type          string
	Format        string
	Micron        []float64
	Channels      []string
	Colors        [][3]uint8
	Levels        []float64
}

func (v vector) path() string { return filepath.Join("testdata", v.Name+".tif") }

func vectors(tb testing.TB) []vector {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "vectors.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	if len(all) < 50 {
		tb.Fatalf("only %d vectors", len(all))
	}
	return all
}

func (v vector) pixels(tb testing.TB) []byte {
	tb.Helper()
	f, err := os.Open(filepath.Join("testdata", v.Name+".raw.gz"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

func TestEveryPixelIsTifffiles(t *testing.T) {
	for _, v := range vectors(t) {
		t.Run(v.Name, func(t *testing.T) {
			src, err := ometiff.Format{}.Open(t.Context(), v.path())
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			info := src.Info()
			if info.T != v.T || info.Z != v.Z || len(info.Channels) != v.C || info.Levels[0].Size.X != v.W ||
				info.Levels[0].Size.Y != v.H || info.Type.String() != v.Type {
				t.Fatalf("read %+v, want %+v", info, v)
			}
			imageiotest.Equal(t, src, v.pixels(t), 0)
			if err := (ometiff.Format{}).Complete(t.Context(), v.path()); err != nil {
				t.Errorf("not complete: %v", err)
			}
			checkWords(t, v, info)
		})
	}
}

func checkWords(t *testing.T, v vector, info imageio.Info) {
	t.Helper()
	if v.Format != "" && info.Format != v.Format {
		t.Errorf("format %q, want %q", info.Format, v.Format)
	}
	if v.Micron != nil {
		got := []float64{info.Micron.X, info.Micron.Y, info.Micron.Z}
		for i := range got {
			if math.Abs(got[i]-v.Micron[i]) > 1e-9 {
				t.Errorf("micron %v, want %v", got, v.Micron)
				break
			}
		}
	}
	for i, name := range v.Channels {
		if info.Channels[i].Name != name {
			t.Errorf("channel %d is %q, want %q", i, info.Channels[i].Name, name)
		}
	}
	for i, color := range v.Colors {
		if info.Channels[i].Color != color {
			t.Errorf("channel %d has the colour %v, want %v", i, info.Channels[i].Color, color)
		}
	}
	if v.Levels != nil {
		if len(info.Levels) != len(v.Levels)+1 {
			t.Fatalf("levels %v, want %v", info.Levels, v.Levels)
		}
		for i, d := range v.Levels {
			if info.Levels[i+1].Downsample != d {
				t.Errorf("level %d: 1 in %g, want %g", i+1, info.Levels[i+1].Downsample, d)
			}
		}
	}
}

func TestContract(t *testing.T) {
	for _, name := range []string{"ome-pyramid", "ome-czt", "rgb-tiles-deflate2", "u16-strips-be"} {
		t.Run(name, func(t *testing.T) {
			imageiotest.Run(t, func(t *testing.T) imageio.Source {
				t.Helper()
				src, err := ometiff.Format{}.Open(t.Context(), filepath.Join("testdata", name+".tif"))
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

// TestPyramidLevels reads coarser levels: every second and fourth pixel, as gen.py wrote.
func TestPyramidLevels(t *testing.T) {
	for _, name := range []string{"ome-pyramid", "flat-pyramid"} {
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join("testdata", name+".tif"))
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		whole := imageiotest.Plane(t, src, 0, 0, 0, 0)
		for l := 1; l < 3; l++ {
			part := imageiotest.Plane(t, src, l, 0, 0, 0)
			for y := range part.Size.Y {
				for x := range part.Size.X {
					if got, want := part.Sample(y*part.Size.X+x), whole.Sample(y<<l*whole.Size.X+x<<l); got != want {
						t.Fatalf("%s level %d at %d,%d: %g, want %g", name, l, x, y, got, want)
					}
				}
			}
		}
	}
}
