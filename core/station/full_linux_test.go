package station_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/flow"
)

// TestAFullDiskTakesCapturesBeforeAnswers: where both do not fit, what models have answered goes, and no more of it
// is kept.
func TestAFullDiskTakesCapturesBeforeAnswers(t *testing.T) {
	ws := t.TempDir()
	if err := unix.Mount("tmpfs", ws, "tmpfs", 0, "size=64m"); err != nil {
		t.Skipf("nothing can be mounted here: %v", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(ws, unix.MNT_DETACH) })
	scope, nas := t.TempDir(), t.TempDir() // on another disk
	b := open(t, ws, func(s *config.Settings) { s.Folders[0].Path, s.Remote = scope, nas })
	old := filepath.Join(ws, "answers", "old.answers")
	fill := func(left int64) {
		t.Helper()
		free, ok := disk.Free(ws)
		if !ok {
			t.Fatal("the disk does not say what is free")
		}
		if err := errors.Join(os.MkdirAll(filepath.Dir(old), 0o755), os.WriteFile(old, make([]byte, free-left), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(scope, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	image, err := fs.ReadFile(sample.Captures(), field)
	if err != nil {
		t.Fatal(err)
	}
	fill(16 << 20)
	write(field, image)
	b.capture(field, predicted)
	if _, err := os.Stat(old); err == nil { // there was too little room as it is
		t.Error("old answers stay on a disk that is almost full")
	}
	fill(2 << 20)
	write("large.csv", bytes.Repeat([]byte("1,2\n"), 2<<20))
	b.capture("large.csv", func(it flow.Item) bool { return it.Behind("version") })
	if _, err := os.Stat(old); err == nil {
		t.Error("answers stay where a capture has no room")
	}
}
