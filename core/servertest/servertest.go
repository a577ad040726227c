// Package servertest has the one rule for tests that need a real server or program: make
// test starts them all and says where they are, and then a missing one is a failure.
package servertest

import (
	"os"
	"os/exec"
	"testing"
)

// Need returns the environment variable called name, such as COVERSLIP_TEST_DVC. Where it is
// not set the test is skipped, or fails if COVERSLIP_TEST_SERVERS=1 says that all are there.
func Need(tb testing.TB, name string) string {
	tb.Helper()
	v := os.Getenv(name)
	if v == "" {
		Without(tb, name+" is not set: packaging/run/test sets it")
	}
	return v
}

// Program returns the path of a program that a set of packaging/stack/system-packages brings,
// such as ffmpeg of video; where it is missing, the test is skipped or fails as with [Need].
func Program(tb testing.TB, name, set string) string {
	tb.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	Without(tb, name+" is not on the path: packaging/stack/system-packages "+set+" brings it")
	return ""
}

// Without skips the test because of what is missing, or fails as with [Need].
func Without(tb testing.TB, why string) {
	tb.Helper()
	if os.Getenv("COVERSLIP_TEST_SERVERS") == "1" {
		tb.Fatal(why)
	}
	tb.Skip(why)
}
