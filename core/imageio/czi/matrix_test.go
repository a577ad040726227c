package czi_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/czi"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
)

// entry is an image that Zeiss's library wrote, and what is to be read from it.
type entry struct {
	Group, Name, Raw, Type string
	Shape                  [5]int // T, Z, C, rows, columns
	Level                  int    // by what it is smaller
	Levels                 int
	Image                  int
	Images                 []string
	Micron                 []float64
	Channels               []string
	Colors                 [][3]uint8
	Interval               float64
	Acquired               time.Time
	Instrument             string
	folder                 string
}

func (e entry) path() string { return filepath.Join(e.folder, e.Name) }

func list(tb testing.TB, folder string) []entry {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "matrix.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []entry
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	for i := range all {
		all[i].folder = folder
	}
	return all
}

// TestMatrix reads every pixel of what pylibCZIrw wrote, as it reads it itself: all types,
// compressions, planes, mosaics, scenes and pyramids, and their words.
func TestMatrix(t *testing.T) {
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("testdata", "matrix.py"), folder)
	all := list(t, folder)
	equal := map[string]int{}
	for _, e := range all {
		if t.Run(fmt.Sprintf("%s#%d.%d", e.Name, e.Image, e.Level), func(t *testing.T) { e.check(t) }) {
			equal[e.Group]++
		}
	}
	imageiotest.Tally(t, equal)
	if len(all) < 120 {
		t.Errorf("only %d images", len(all))
	}
}

// vectors are a few files that lie here.
func vectors(tb testing.TB) []entry {
	tb.Helper()
	return list(tb, filepath.Join("testdata", "vectors"))
}

func TestVectors(t *testing.T) {
	for _, e := range vectors(t) {
		t.Run(fmt.Sprintf("%s#%d.%d", e.Name, e.Image, e.Level), func(t *testing.T) {
			e.check(t)
			imageiotest.Run(t, func(t *testing.T) imageio.Source {
				t.Helper()
				src, err := czi.Format{}.OpenImage(t.Context(), e.path(), e.Image)
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

func (e entry) check(t *testing.T) {
	t.Helper()
	if err := (czi.Format{}).Complete(t.Context(), e.path()); err != nil {
		t.Errorf("not complete: %v", err)
	}
	src, err := czi.Format{}.OpenImage(t.Context(), e.path(), e.Image)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	i := src.Info()
	level := -1
	for l := range i.Levels {
		if i.Levels[l].Downsample == float64(e.Level) {
			level = l
		}
	}
	if level < 0 {
		t.Fatalf("no level that is smaller by %d: %+v", e.Level, i.Levels)
	}
	size := i.Levels[level].Size
	if got := [5]int{i.T, i.Z, len(i.Channels), size.Y, size.X}; got != e.Shape || i.Type.String() != e.Type {
		t.Fatalf("read %v %v, want %v %v", got, i.Type, e.Shape, e.Type)
	}
	want, err := os.ReadFile(filepath.Join(e.folder, e.Raw))
	if err != nil {
		t.Fatal(err)
	}
	for k := range i.T * i.Z * len(i.Channels) {
		c, z, at := k%len(i.Channels), k/len(i.Channels)%i.Z, k/len(i.Channels)/i.Z
		got := imageiotest.Plane(t, src, level, c, z, at).Data
		if string(got) != string(want[:len(got)]) {
			t.Fatalf("c %d z %d t %d differs", c, z, at)
		}
		want = want[len(got):]
	}
	if len(want) > 0 {
		t.Errorf("%d bytes were not read", len(want))
	}
	e.words(t, i)
}

func (e entry) words(t *testing.T, i imageio.Info) {
	t.Helper()
	if e.Levels > 0 && len(i.Levels) != e.Levels {
		t.Errorf("%d levels, want %d", len(i.Levels), e.Levels)
	}
	if !reflect.DeepEqual(i.Images, e.Images) || i.Image != e.Image {
		t.Errorf("image %d of %q, want %d of %q", i.Image, i.Images, e.Image, e.Images)
	}
	for k, got := range []float64{i.Micron.X, i.Micron.Y, i.Micron.Z} {
		if e.Micron != nil && got != e.Micron[k] {
			t.Errorf("a pixel of %+v, want %v", i.Micron, e.Micron)
		}
	}
	for c, ch := range i.Channels {
		if e.Channels != nil && ch.Name != e.Channels[c] || e.Colors != nil && ch.Color != e.Colors[c] {
			t.Errorf("channel %d is %+v, want %v %v", c, ch, e.Channels, e.Colors)
		}
	}
	if i.Interval.Seconds() != e.Interval || !i.Acquired.Equal(e.Acquired) || i.Instrument != e.Instrument {
		t.Errorf("every %v, at %v, by %q; want %v", i.Interval, i.Acquired, i.Instrument, e)
	}
}
