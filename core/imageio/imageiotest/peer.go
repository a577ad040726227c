package imageiotest

import (
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/servertest"
)

// Peer runs a program of the labs' own tools in the Python that COVERSLIP_TEST_IMAGEIO_PYTHON
// names and returns what it prints. Without one the test is skipped, or fails where
// COVERSLIP_TEST_SERVERS=1 says that the tools are there.
func Peer(tb testing.TB, args ...string) []byte {
	tb.Helper()
	python := servertest.Need(tb, "COVERSLIP_TEST_IMAGEIO_PYTHON")
	cmd := exec.CommandContext(tb.Context(), python, args...) //nolint:gosec // the tester's own Python
	cmd.Stderr = tb.Output()
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v", args[0], err)
	}
	return out
}

// Tally logs how many of each group were equal.
func Tally(tb testing.TB, equal map[string]int) {
	tb.Helper()
	var lines []string
	for _, g := range slices.Sorted(maps.Keys(equal)) {
		lines = append(lines, fmt.Sprintf("%-14s %4d equal", g, equal[g]))
	}
	tb.Logf("the matrix:\n%s", strings.Join(lines, "\n"))
}
