package servertest

import (
	"math/rand/v2"
	"os"
	"testing"
)

// Seed is where the chance of a test begins, which it logs. It is the same in each run, so that no
// change is blamed for what was wrong before it; with COVERSLIP_TEST_LONG=1 it is another one each time.
func Seed(tb testing.TB) uint64 {
	tb.Helper()
	seed := uint64(1)
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		seed = rand.Uint64() //nolint:gosec // not a secret
	}
	tb.Logf("seed %d", seed)
	return seed
}
