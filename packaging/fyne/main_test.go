package main

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestWrite wants the pinned Fyne is copied with what is changed, the same twice, and without its tests.
func TestWrite(t *testing.T) {
	folder := t.TempDir()
	for range 2 {
		path, err := write(folder)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), "replace fyne.io/fyne/v2 => \""+filepath.ToSlash(filepath.Join(folder, version))) {
			t.Errorf("%s, %v", text, err)
		}
	}
	here := runtime.GOARCH == "amd64" // elsewhere Fyne stays as it is
	for name, there := range map[string]bool{
		"internal/painter/gl/quick.go": here, "internal/painter/gl/parts.go": here, "internal/painter/gl/exchange_amd64.s": here, "internal/driver/glfw/quick.go": here, "theme/theme.go": true, "theme/theme_test.go": false, "theme/testdata": false,
	} {
		if _, err := os.Stat(filepath.Join(folder, version, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(folder, version, "internal/driver/glfw/loop.go"))
	if err != nil || strings.Contains(string(text), "newBeat()") != here {
		t.Errorf("the loop is changed: %t, %v", !here, err)
	}
	if left, err := filepath.Glob(filepath.Join(folder, version, "theme", ".new-*")); len(left) > 0 || err != nil {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestAnotherFyne: a text that is not there, or twice, is refused.
func TestAnotherFyne(t *testing.T) {
	for _, n := range []int{0, 2} {
		home := t.TempDir()
		c := changes()[0]
		path := filepath.Join(home, filepath.FromSlash(c.file))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.Repeat(c.is, n)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := changed(home, map[string]string{}); err == nil || !strings.Contains(err.Error(), "not once") {
			t.Errorf("%d times: %v", n, err)
		}
	}
}
