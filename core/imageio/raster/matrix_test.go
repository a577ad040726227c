package raster_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/raster"
)

// TestMatrix reads what Pillow wrote, every pixel: of JPEG to the value that libjpeg decodes.
func TestMatrix(t *testing.T) {
	folder := t.TempDir()
	imageiotest.Peer(t, filepath.Join("testdata", "pictures.py"), folder)
	data, err := os.ReadFile(filepath.Join(folder, "pictures.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Name, Type string
		Shape      [3]int // channels, rows, columns
	}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	if len(all) < 50 {
		t.Errorf("only %d pictures", len(all))
	}
	for _, e := range all {
		t.Run(e.Name, func(t *testing.T) {
			src, err := raster.Format{}.Open(t.Context(), filepath.Join(folder, e.Name))
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			i := src.Info()
			if got := [3]int{len(i.Channels), i.Levels[0].Size.Y, i.Levels[0].Size.X}; got != e.Shape || i.Type.String() != e.Type {
				t.Fatalf("read %v %v, want %v %v", got, i.Type, e.Shape, e.Type)
			}
			want, err := os.ReadFile(filepath.Join(folder, e.Name+".raw"))
			if err != nil {
				t.Fatal(err)
			}
			imageiotest.Equal(t, src, want, 0)
			if err := (raster.Format{}).Complete(t.Context(), filepath.Join(folder, e.Name)); err != nil {
				t.Errorf("not complete: %v", err)
			}
		})
	}
}
