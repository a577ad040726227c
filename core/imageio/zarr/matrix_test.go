package zarr_test

import (
	"encoding/json"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/zarr"
)

// entry is an image that zarr-python wrote, and what is to be read from it.
type entry struct {
	Group, Name, Raw, Type string
	Shape                  [5]int // T, Z, C, rows, columns
	Level, Levels          int
	Micron                 []float64
	Interval               float64
	Channels               []string
	Colors                 [][3]uint8
	Image                  int
	Images                 []string
	folder                 string
}

func (e entry) path() string { return filepath.Join(e.folder, e.Name) }

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

// matrix has the peers write all images, once for all tests.
func matrix(tb testing.TB) []entry {
	tb.Helper()
	made.Lock()
	defer made.Unlock()
	if made.folder == "" {
		folder, err := os.MkdirTemp("", "zarr-matrix-*") //nolint:usetesting // it outlives the test that asks first
		if err != nil {
			tb.Fatal(err)
		}
		imageiotest.Peer(tb, filepath.Join("testdata", "matrix.py"), folder, os.Getenv("COVERSLIP_TEST_LONG"))
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

// TestMatrix reads every sample of every combination of version, type, byte order, order of
// axes, compression, shuffle and sharding, of pyramids, plates and series.
func TestMatrix(t *testing.T) {
	all := matrix(t)
	equal := map[string]int{}
	for _, e := range all {
		if t.Run(fmt.Sprintf("%s#%d.%d", e.Name, e.Image, e.Level), func(t *testing.T) { e.check(t) }) {
			equal[e.Group]++
		}
	}
	imageiotest.Tally(t, equal)
	if len(all) < 300 {
		t.Errorf("only %d images", len(all))
	}
}

func (e entry) check(t *testing.T) {
	t.Helper()
	src, err := zarr.Format{}.OpenImage(t.Context(), e.path(), e.Image)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	e.compare(t, src)
}

func (e entry) compare(t *testing.T, src imageio.Source) {
	t.Helper()
	i := src.Info()
	size := i.Levels[e.Level].Size
	if got := [5]int{i.T, i.Z, len(i.Channels), size.Y, size.X}; got != e.Shape || i.Type.String() != e.Type {
		t.Fatalf("read %v %v, want %v %v", got, i.Type, e.Shape, e.Type)
	}
	want, err := os.ReadFile(filepath.Join(e.folder, e.Raw))
	if err != nil {
		t.Fatal(err)
	}
	for k := range i.T * i.Z * len(i.Channels) {
		c, z, at := k%len(i.Channels), k/len(i.Channels)%i.Z, k/len(i.Channels)/i.Z
		got := imageiotest.Plane(t, src, e.Level, c, z, at).Data
		if string(got) != string(want[:len(got)]) {
			t.Fatalf("plane c %d z %d t %d differs", c, z, at)
		}
		want = want[len(got):]
	}
	if e.Level == 0 && len(i.Levels) != e.Levels+1 && e.Levels > 0 {
		t.Errorf("levels %v", i.Levels)
	}
	e.words(t, i)
}

func (e entry) words(t *testing.T, i imageio.Info) {
	t.Helper()
	if m := []float64{i.Micron.X, i.Micron.Y, i.Micron.Z}; e.Micron != nil && !reflect.DeepEqual(m, e.Micron) {
		t.Errorf("micron %v, want %v", m, e.Micron)
	}
	if e.Micron != nil && i.Interval.Seconds() != e.Interval {
		t.Errorf("a time point every %v, want %g s", i.Interval, e.Interval)
	}
	for k, name := range e.Channels {
		if i.Channels[k].Name != name || i.Channels[k].Color != e.Colors[k] {
			t.Errorf("channel %d is %v, want %s %v", k, i.Channels[k], name, e.Colors[k])
		}
	}
	if e.Images != nil && (i.Image != e.Image || !reflect.DeepEqual(i.Images, e.Images)) {
		t.Errorf("image %d of %q, want %d of %q", i.Image, i.Images, e.Image, e.Images)
	}
}

func TestContract(t *testing.T) {
	for _, e := range matrix(t) {
		if e.Level > 0 || e.Name != "ngff-0.4-tczyx-u2-chunks.zarr" && e.Name != "ngff-0.5-czyx-u2-shards.zarr" {
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			imageiotest.Run(t, func(t *testing.T) imageio.Source {
				t.Helper()
				src, err := zarr.Format{}.Open(t.Context(), e.path())
				if err != nil {
					t.Fatal(err)
				}
				return src
			})
		})
	}
}

// TestOpenerFindsFolders opens a folder, and its metadata file, without being told the format.
func TestOpenerFindsFolders(t *testing.T) {
	folder := matrix(t)[0].folder
	for _, path := range []string{"ngff-0.4-zyx-u1-chunks.zarr", "ngff-0.4-zyx-u1-chunks.zarr/.zattrs", "ngff-0.5-zyx-u1-shards.zarr", "ngff-0.5-zyx-u1-shards.zarr/zarr.json"} {
		src, err := imageio.NewOpener(zarr.Format{}).Open(t.Context(), filepath.Join(folder, path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		defer src.Close()
		if i := src.Info(); i.Format != "OME-Zarr" || i.Levels[0].Size != image.Pt(201, 150) {
			t.Errorf("%s: %+v", path, i)
		}
	}
}
