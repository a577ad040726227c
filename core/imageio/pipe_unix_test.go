//go:build unix

package imageio_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// TestAPipeIsNoImage, and nobody waits for whoever might write to it.
func TestAPipeIsNoImage(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "a.tif")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := imageio.NewOpener().Open(t.Context(), pipe)
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "is a pipe or a device") {
		t.Error(err)
	}
}
