package imageiotest

import (
	"os"
	"os/exec"
	"testing"
)

// Peer runs a program of the labs' own tools in the Python that COVERSLIP_TEST_IMAGEIO_PYTHON
// names and returns what it prints. Without one the test is skipped, or fails where
// COVERSLIP_TEST_SERVERS=1 says that the tools are there.
func Peer(tb testing.TB, args ...string) []byte {
	tb.Helper()
	python := os.Getenv("COVERSLIP_TEST_IMAGEIO_PYTHON")
	switch {
	case python == "" && os.Getenv("COVERSLIP_TEST_SERVERS") == "1":
		tb.Fatal("COVERSLIP_TEST_IMAGEIO_PYTHON names no Python: packaging/stack/imageio-install prints one.")
	case python == "":
		tb.Skip("COVERSLIP_TEST_IMAGEIO_PYTHON names no Python with tifffile, zarr and PyAV.")
	}
	cmd := exec.CommandContext(tb.Context(), python, args...) //nolint:gosec // the tester's own Python
	cmd.Stderr = tb.Output()
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v", args[0], err)
	}
	return out
}
