//go:build unix

package ometiff_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/imageio/ometiff"
)

// TestPipeInASet: where another file of the set is a pipe nobody waits for what it may bring.
func TestPipeInASet(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(matrix(t)[0].folder, "set-T-le-1.ome.tif"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "set-T-le-1.ome.tif")
	if err := errors.Join(os.WriteFile(path, data, 0o600), syscall.Mkfifo(filepath.Join(dir, "set-T-le-0.ome.tif"), 0o600)); err != nil {
		t.Fatal(err)
	}
	src, err := ometiff.Format{}.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.ReadTile(t.Context(), imageio.Tile{}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("%v", err)
	}
}
