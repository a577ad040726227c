package capture_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/capture"
)

// TestAwayIsTimed says again and again for how long a folder has been away.
func TestAwayIsTimed(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "scope")
	l := start(t, capture.Folder{Path: dir, Quiet: quiet, Every: 100 * time.Millisecond})
	l.await(t, "how long", func() bool {
		s := l.of(dir)
		return len(s) == 2 && strings.Contains(s[1].Say, "can't be reached for 1") && s[1].Since.Equal(s[0].Since)
	})
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l.last(t, dir, capture.Back)
}

// TestFolderIsRenamedInMidWrite gives a run its name while it is being written.
func TestFolderIsRenamedInMidWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	before, after := filepath.Join(dir, "new run"), filepath.Join(dir, "run 7")
	for _, profile := range []string{"single", "tiff-series"} {
		t.Run(profile, func(t *testing.T) {
			l := start(t, capture.Folder{Path: dir, Quiet: 2 * quiet, Profile: named(t, profile)})
			plant(t, before, "s_t00.tif")
			f, err := os.OpenFile(filepath.Join(before, "s_t01.tif"), os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			for k := range 20 {
				if k == 10 {
					if err := os.Rename(before, after); err != nil {
						t.Fatal(err)
					}
				}
				if _, err := f.Write(make([]byte, 100)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(quiet / 4)
			}
			path := filepath.Join(after, "s_t01.tif")
			if profile == "tiff-series" {
				path = filepath.Join(after, "s")
			}
			l.last(t, path, capture.Done)
			for name, files := range l.done(t, dir) {
				if strings.HasPrefix(name, "new run/s_t01") || profile == "tiff-series" && (name != "run 7/s" || len(files) != 2) {
					t.Errorf("%s was taken, %v", name, files)
				}
			}
			_ = l.stop()
			if err := os.RemoveAll(after); err != nil {
				t.Fatal(err)
			}
		})
	}
}
