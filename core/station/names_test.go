package station

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/flow"
)

func TestHoldsOutputs(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, "a.zarr")
	write := func(name string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(filepath.Join(store, "0"), 0o755), os.WriteFile(filepath.Join(store, name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		name string
		want bool
	}{{"zarr.json", false}, {"0/0.0.dvc", true}} {
		write(step.name)
		if got := holdsOutputs(store); got != step.want {
			t.Errorf("with %s: %v", step.name, got)
		}
	}
	if holdsOutputs(filepath.Join(dir, "none")) {
		t.Error("nothing holds something")
	}
}

func TestEachFileHasAPlaceOfItsOwn(t *testing.T) {
	said := func(host, source string) map[string]any {
		return map[string]any{"coverslip": map[string]any{"host": host, "source": source}}
	}
	versioned := map[string]map[string]any{
		"captures/scope/a.ome.tif": said("other bench", "/data/a.ome.tif"),
		"captures/scope/b.tif":     said("this bench", "/data/b.tif"),
		"captures/scope/old.tif":   said("", "/data/old.tif"),
		"captures/scope/mine.tif":  nil,
	}
	n := &names{
		host: "this bench", items: func() map[string]flow.Item { return nil },
		meta:  func(rel string) (map[string]any, bool) { m, ok := versioned[rel]; return m, ok },
		holds: func(rel string) bool { return rel == "captures/scope/chunks.zarr" },
	}
	for _, c := range []struct{ rel, source, want string }{
		{"captures/scope/a.ome.tif", "/data/a.ome.tif", "captures/scope/a (2).ome.tif"},
		{"captures/scope/a.ome.tif", "/data/a.ome.tif", "captures/scope/a (2).ome.tif"},
		{"captures/scope/a.ome.tif", "/more/a.ome.tif", "captures/scope/a (3).ome.tif"},
		{"captures/scope/b.tif", "/data/b.tif", "captures/scope/b.tif"},
		{"captures/scope/old.tif", "/data/old.tif", "captures/scope/old.tif"},
		{"captures/scope/mine.tif", "/data/mine.tif", "captures/scope/mine (2).tif"},
		{"captures/scope/new.tif", "/data/new.tif", "captures/scope/new.tif"},
		{"captures/scope/chunks.zarr", "/data/chunks.zarr", "captures/scope/chunks (2).zarr"},
		{"captures/scope/new.tif", "/other/new.tif", "captures/scope/new (2).tif"},
	} {
		if got := n.place(c.rel, c.source); got != c.want {
			t.Errorf("%s goes to %s, not %s", c.source, got, c.want)
		}
	}
}
