package ometiff_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// entry is a file that tifffile and imagecodecs wrote, and what is to be read from it.
type entry struct {
	Group, Name, Raw, Type string
	Shape                  [5]int // T, Z, C, rows, columns
	Format, Acquired       string
	Micron                 []float64
	Channels               []string
	Colors                 [][3]uint8
	Levels                 []string // .raw files of the coarser levels
	Interval               float64  // seconds
	Stage                  []float64
	Image                  int
	Images                 []string
	Near                   int // how much a byte may differ
	folder                 string
}

func (e entry) path() string { return filepath.Join(e.folder, e.Name) }

func (e entry) raw(tb testing.TB, name string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(e.folder, name))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

var made struct {
	sync.Mutex
	folder string
}

func TestMain(m *testing.M) {
	m.Run()
	if made.folder != "" {
		os.RemoveAll(made.folder)
	}
}

// matrix has the peers write all files, once for all tests.
func matrix(tb testing.TB) []entry {
	tb.Helper()
	made.Lock()
	defer made.Unlock()
	if made.folder == "" {
		folder, err := os.MkdirTemp("", "tiff-matrix-*") //nolint:usetesting // it outlives the test that asks first
		if err != nil {
			tb.Fatal(err)
		}
		imageiotest.Peer(tb, filepath.Join("testdata", "matrix.py"), folder)
		made.folder = folder
	}
	data, err := os.ReadFile(filepath.Join(made.folder, "matrix.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var all []entry
	if err := json.Unmarshal(data, &all); err != nil {
		tb.Fatal(err)
	}
	for i := range all {
		all[i].folder = made.folder
	}
	return all
}

// TestMatrix reads every pixel of every combination of byte order, container, layout,
// samples, type, compression and predictor, of pyramids, stacks and many pages.
func TestMatrix(t *testing.T) {
	all := matrix(t)
	equal := map[string]int{}
	for _, e := range all {
		if !t.Run(fmt.Sprintf("%s#%d", e.Name, e.Image), func(t *testing.T) { e.check(t) }) {
			continue
		}
		equal[e.Group]++
	}
	imageiotest.Tally(t, equal)
	if len(all) < 2500 {
		t.Errorf("only %d files", len(all))
	}
}

func (e entry) check(t *testing.T) {
	t.Helper()
	src, err := ometiff.Format{}.OpenImage(t.Context(), e.path(), e.Image)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	i := src.Info()
	got := [5]int{i.T, i.Z, len(i.Channels), i.Levels[0].Size.Y, i.Levels[0].Size.X}
	if got != e.Shape || i.Type.String() != e.Type {
		t.Fatalf("read %v %v, want %v %v", got, i.Type, e.Shape, e.Type)
	}
	imageiotest.Equal(t, src, e.raw(t, e.Raw), e.Near)
	if len(i.Levels) != len(e.Levels)+1 {
		t.Fatalf("levels %v", i.Levels)
	}
	for l, name := range e.Levels {
		if px := imageiotest.Plane(t, src, l+1, len(i.Channels)-1, 0, 0); string(px.Data) != string(e.raw(t, name)) {
			t.Errorf("level %d differs", l+1)
		}
	}
	if err := (ometiff.Format{}).Complete(t.Context(), e.path()); err != nil {
		t.Errorf("not complete: %v", err)
	}
	checkWords(t, vector{Format: e.Format, Micron: e.Micron, Channels: e.Channels, Colors: e.Colors}, i)
	if e.Images != nil && (i.Image != e.Image || !reflect.DeepEqual(i.Images, e.Images)) {
		t.Errorf("image %d of %q, want %d of %q", i.Image, i.Images, e.Image, e.Images)
	}
	if got := i.Interval.Seconds(); e.Interval != 0 && got != e.Interval {
		t.Errorf("a time point every %g s, want %g", got, e.Interval)
	}
	if e.Stage != nil && !reflect.DeepEqual([]float64{i.Stage.X, i.Stage.Y, i.Stage.Z}, e.Stage) {
		t.Errorf("stage at %v, want %v", i.Stage, e.Stage)
	}
	if e.Acquired != "" && i.Acquired.Format("2006-01-02T15:04:05") != e.Acquired {
		t.Errorf("acquired %v, want %s", i.Acquired, e.Acquired)
	}
}

// TestManyPagesAreQuick opens 10,000 pages and jumps to the last.
func TestManyPagesAreQuick(t *testing.T) {
	for _, e := range matrix(t) {
		if e.Group != "10,000 pages" {
			continue
		}
		begun := time.Now()
		src, err := ometiff.Format{}.Open(t.Context(), e.path())
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		last := imageiotest.Plane(t, src, 0, 0, src.Info().Z-1, 0)
		took := time.Since(begun)
		if got := last.Uint16s()[0]; got != 9999 {
			t.Errorf("%s: the last page begins with %d", e.Name, got)
		}
		t.Logf("%s: %v", e.Name, took)
		if took > 3*time.Second {
			t.Errorf("%s took %v", e.Name, took)
		}
	}
}
