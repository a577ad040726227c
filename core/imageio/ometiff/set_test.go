package ometiff_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/imageiotest"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// TestOneFileOfASet has one of several files: its own planes are read, of the others it is
// said which file to bring.
func TestOneFileOfASet(t *testing.T) {
	folder := matrix(t)[0].folder
	data, err := os.ReadFile(filepath.Join(folder, "set-T-le-1.ome.tif"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "renamed.tif")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := ometiff.Format{}.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	imageiotest.Plane(t, src, 0, 2, 3, 1)
	_, err = src.ReadTile(t.Context(), imageio.Tile{})
	if _, hint := fault.Explain(err); fault.KindOf(err) != fault.NotFound || !strings.Contains(hint, "set-T-le-0.ome.tif") {
		t.Errorf("a plane of the other file: %v", err)
	}
}

// TestSetContract reads a set from many goroutines.
func TestSetContract(t *testing.T) {
	folder := matrix(t)[0].folder
	imageiotest.Run(t, func(t *testing.T) imageio.Source {
		t.Helper()
		src, err := ometiff.Format{}.Open(t.Context(), filepath.Join(folder, "set-Z-be-2.ome.tif"))
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

// TestImages opens an image of a file by its number and names its pixels apart.
func TestImages(t *testing.T) {
	path := filepath.Join(matrix(t)[0].folder, "positions-le.ome.tif")
	opener := imageio.NewOpener(ometiff.Format{})
	ids := map[string]bool{}
	for n := range 3 {
		src, err := opener.OpenImage(t.Context(), path, "md5:abc", n)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		if src.Info().Image != n {
			t.Errorf("image %d is %d", n, src.Info().Image)
		}
		ids[src.ID()] = true
	}
	if len(ids) != 3 {
		t.Errorf("three images are called %v", ids)
	}
	for _, n := range []int{-1, 3} {
		if _, err := opener.OpenImage(t.Context(), path, "", n); fault.KindOf(err) != fault.NotFound {
			t.Errorf("image %d: %v", n, err)
		}
	}
	if _, err := opener.OpenImage(t.Context(), filepath.Join(filepath.Dir(path), "pages-le.tif"), "", 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("image 1 of one: %v", err)
	}
}
