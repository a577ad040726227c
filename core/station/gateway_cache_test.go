package station

import (
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/dataset"
)

// TestCacheOf: a dataset's cache is known in its folders too, also one that it shares with others.
func TestCacheOf(t *testing.T) {
	dir, shared := t.TempDir(), t.TempDir()
	plate := filepath.Join(dir, "data", "plate")
	if err := os.MkdirAll(plate, 0o750); err != nil {
		t.Fatal(err)
	}
	if got := cacheOf(t.Context(), plate); got != "" {
		t.Errorf("of no dataset: %s", got)
	}
	r, err := dataset.Init(t.Context(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := cacheOf(t.Context(), plate); got != r.CacheDir() {
		t.Errorf("its own: %s, not %s", got, r.CacheDir())
	}
	if err := os.WriteFile(filepath.Join(dir, ".dvc", "config.local"), []byte("[cache]\n    dir = "+shared+"\n    type = symlink\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := cacheOf(t.Context(), plate); got != shared {
		t.Errorf("shared: %s, not %s", got, shared)
	}
}
