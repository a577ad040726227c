//go:build linux

package capture_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"coverslip.dev/coverslip/core/capture"
)

// TestShareIsUnmounted leaves an empty folder where the share was: its files are not gone.
func TestShareIsUnmounted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mount := func() {
		t.Helper()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
			t.Skipf("nothing can be mounted here: %v", err)
		}
	}
	mount()
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	path := filepath.Join(dir, "a.tif")
	write(t, path, "pixels")
	at := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	l := start(t, capture.Folder{Path: dir, Share: true, Quiet: quiet, Every: 50 * time.Millisecond})
	l.last(t, path, capture.Done)
	if err := unix.Unmount(dir, 0); err != nil {
		t.Skipf("it is in use: %v", err)
	}
	l.last(t, dir, capture.Away)
	mount()
	write(t, path, "pixels")
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "b.tif"), "more")
	l.last(t, dir, capture.Back)
	l.last(t, filepath.Join(dir, "b.tif"), capture.Done)
	if gone, done := l.count(capture.Gone), l.count(capture.Done); gone != 0 || done != 2 {
		t.Errorf("%d gone, %d done", gone, done)
	}
}
