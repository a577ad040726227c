package foreign_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/foreign"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
	"coverslip.dev/coverslip/core/servertest"
)

// shelf is one in a folder of its own, with the converter that is set.
func shelf(t *testing.T, set string) *foreign.Shelf {
	t.Helper()
	return &foreign.Shelf{
		Dir: filepath.Join(t.TempDir(), "kept"), Most: 1 << 30, Room: func(int64) error { return nil }, TIFF: ometiff.Format{},
		Patience: time.Hour,
		Find:     func(ctx context.Context) (foreign.Converter, error) { return foreign.Find(ctx, set) },
		Log:      slog.New(slog.NewTextHandler(t.Output(), nil)),
	}
}

// image is one of a file that testdata/make.py has made, and what is to be read from it.
type image struct {
	Name, Raw, Type string
	Image, Images   int
	Shape           [5]int // T, Z, C, rows, columns
	Micron          []float64
	Channels        []string
	Colors          [][3]uint8
	Interval        float64
	folder          string
}

func (i image) path() string { return filepath.Join(i.folder, i.Name) }

func made(t *testing.T) []image {
	t.Helper()
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("testdata", "make.py"), folder)
	data, err := os.ReadFile(filepath.Join(folder, "made.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []image
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for i := range all {
		all[i].folder = folder
	}
	return all
}

// TestMatrix reads every pixel of files as microscopes write them, by way of the real converter, as that
// reads them itself, and their words. Nothing but the converted files is left, and those are as they were.
func TestMatrix(t *testing.T) {
	python := servertest.Need(t, "COVERSLIP_TEST_IMAGEIO_PYTHON")
	all := made(t)
	s := shelf(t, python)
	before := map[string][]byte{}
	for _, i := range all {
		before[i.path()], _ = os.ReadFile(i.path())
	}
	for _, i := range all {
		t.Run(filepath.Base(i.Raw), func(t *testing.T) { i.check(t, foreign.Format{Shelf: s}) })
	}
	for at, was := range before {
		if is, err := os.ReadFile(at); err != nil || !bytes.Equal(is, was) {
			t.Errorf("%s has changed: %v", at, err)
		}
	}
	if left, err := os.ReadDir(s.Dir); err != nil || len(left) != len(before) {
		t.Errorf("%d files were converted into %v, %v", len(before), left, err)
	}
	if n, err := os.ReadDir(all[0].folder); err != nil || len(n) != len(all)+len(before)+1 {
		t.Errorf("beside the files lies %v, %v", n, err)
	}
}

// TestDamaged: of files that are cut short, or are of another kind than they look, the real converter says what
// is wrong, in a sentence.
func TestDamaged(t *testing.T) {
	s := shelf(t, servertest.Need(t, "COVERSLIP_TEST_IMAGEIO_PYTHON"))
	for _, i := range made(t) {
		if i.Image > 0 || filepath.Ext(i.Name) == ".czi" {
			continue
		}
		data, err := os.ReadFile(i.path())
		if err != nil {
			t.Fatal(err)
		}
		at := filepath.Join(t.TempDir(), i.Name)
		if err := os.WriteFile(at, data[:len(data)/3], 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = foreign.Format{Shelf: s}.Open(t.Context(), at)
		if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Corrupt || len(say) > 400 || strings.Contains(say, "hint") || hint == "" {
			t.Errorf("%s: %v: %q %q", i.Name, fault.KindOf(err), say, hint)
		}
	}
	at := filepath.Join(t.TempDir(), "a.dv")
	if err := os.WriteFile(at, []byte("no image"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (foreign.Format{Shelf: s}).Open(t.Context(), at); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
	if n := left(t, s); len(n) > 0 {
		t.Errorf("left: %v", n)
	}
}

func (i image) check(t *testing.T, f foreign.Format) {
	t.Helper()
	open := func(t *testing.T) imageio.Source {
		t.Helper()
		src, err := f.OpenImage(t.Context(), i.path(), i.Image)
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	imageiotest.Run(t, open)
	src := open(t)
	defer src.Close()
	info := src.Info()
	size := info.Levels[0].Size
	if got := [5]int{info.T, info.Z, len(info.Channels), size.Y, size.X}; got != i.Shape || info.Type.String() != i.Type || info.Name != i.Name {
		t.Fatalf("read %v %v %q, want %v %v", got, info.Type, info.Name, i.Shape, i.Type)
	}
	want, err := os.ReadFile(filepath.Join(i.folder, i.Raw))
	if err != nil {
		t.Fatal(err)
	}
	imageiotest.Equal(t, src, want, 0)
	if i.Micron != nil && (info.Micron != imageio.Micron{X: i.Micron[0], Y: i.Micron[1], Z: i.Micron[2]}) {
		t.Errorf("a pixel of %+v, want %v", info.Micron, i.Micron)
	}
	if len(info.Images) != i.Images || info.Image != i.Image || info.Interval != time.Duration(i.Interval*1e9) {
		t.Errorf("image %d of %q, every %v", info.Image, info.Images, info.Interval)
	}
	for c, ch := range info.Channels {
		if i.Channels != nil && ch.Name != i.Channels[c] || i.Colors != nil && ch.Color != i.Colors[c] {
			t.Errorf("channel %d is %+v, want %v %v", c, ch, i.Channels, i.Colors)
		}
	}
}
