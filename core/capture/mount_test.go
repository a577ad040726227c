//go:build linux

package capture_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

// TestDeadShare watches a folder on a file system that answers nothing, neither what it is nor what
// is in it: it is said, and the watch ends when it is to.
func TestDeadShare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fuse, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("no file system can be played here: %v", err)
	}
	answer := sync.OnceFunc(func() { _ = unix.Close(fuse) }) // every call then fails
	if err := unix.Mount("dead", dir, "fuse", 0, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fuse)); err != nil {
		answer()
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	l := start(t, capture.Folder{Path: dir, Quiet: quiet})
	t.Cleanup(answer) // first, or a watch that hangs would never end
	if s := l.last(t, dir, capture.Away); !strings.Contains(s.Say, "does not answer") {
		t.Errorf("said %q", s.Say)
	}
	if err := l.stop(); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
