package station

import (
	"testing"

	"coverslip.dev/coverslip/core/flow"
)

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
		meta: func(rel string) (map[string]any, bool) { m, ok := versioned[rel]; return m, ok },
	}
	for _, c := range []struct{ rel, source, want string }{
		{"captures/scope/a.ome.tif", "/data/a.ome.tif", "captures/scope/a (2).ome.tif"},
		{"captures/scope/a.ome.tif", "/data/a.ome.tif", "captures/scope/a (2).ome.tif"},
		{"captures/scope/a.ome.tif", "/more/a.ome.tif", "captures/scope/a (3).ome.tif"},
		{"captures/scope/b.tif", "/data/b.tif", "captures/scope/b.tif"},
		{"captures/scope/old.tif", "/data/old.tif", "captures/scope/old.tif"},
		{"captures/scope/mine.tif", "/data/mine.tif", "captures/scope/mine (2).tif"},
		{"captures/scope/new.tif", "/data/new.tif", "captures/scope/new.tif"},
		{"captures/scope/new.tif", "/other/new.tif", "captures/scope/new (2).tif"},
	} {
		if got := n.place(c.rel, c.source); got != c.want {
			t.Errorf("%s goes to %s, not %s", c.source, got, c.want)
		}
	}
}
