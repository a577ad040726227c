package servertest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Gate is what a Python model of a test waits for, so that nothing hangs on how long it takes. It is
// closed at first, and open when the test has ended.
type Gate struct{ seen, open string }

// NewGate makes one.
func NewGate(t *testing.T) *Gate {
	t.Helper()
	dir := t.TempDir()
	g := &Gate{filepath.Join(dir, "seen"), filepath.Join(dir, "open")}
	t.Cleanup(func() { g.Open(t) })
	return g
}

// Python is what the model needs: tells writes numbers down, and passes does, and waits until the gate
// is open, or until what it is given says so.
func (g *Gate) Python() string {
	return fmt.Sprintf(`
import os, time

def tells(*numbers):
    with open(%q, "a") as f:
        f.write("".join("%%d\n" %% n for n in numbers))

def passes(*numbers, until=lambda: False):
    tells(*numbers)
    while not os.path.exists(%q) and not until():
        time.sleep(0.01)
`, g.seen, g.open)
}

// Seen are the numbers that the model has written down so far.
func (g *Gate) Seen(t *testing.T) []int {
	t.Helper()
	text, err := os.ReadFile(g.seen)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	var out []int
	for line := range strings.Lines(string(text)) {
		n, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, n)
	}
	return out
}

// Open lets the model go on.
func (g *Gate) Open(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(g.open, nil, 0o600); err != nil {
		t.Error(err)
	}
}

// Close has it wait again.
func (g *Gate) Close(t *testing.T) {
	t.Helper()
	if err := os.Remove(g.open); err != nil {
		t.Error(err)
	}
}
