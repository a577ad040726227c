package capture

import (
	"testing"
	"time"
)

// TestAStoreIsGivenTime has a store in a folder that is not for stores, while it is written: it is taken
// no sooner than in one that is, and not without its metadata, whatever else the profile waits for.
func TestAStoreIsGivenTime(t *testing.T) {
	single, _ := Named("")
	slow := Profile{Marker: "*.end", Quiet: 5 * time.Minute}
	for _, c := range []struct {
		folder       Folder
		share        bool
		store, alone time.Duration
	}{
		{Folder{Profile: single}, false, zarr().Quiet, quietHere},
		{Folder{Profile: single}, true, zarr().Quiet, quietShare},
		{Folder{Profile: single, Quiet: 7 * time.Second}, false, 7 * time.Second, 7 * time.Second},
		{Folder{Profile: slow}, false, slow.Quiet, slow.Quiet},
	} {
		r, err := c.folder.Profile.rules()
		if err != nil {
			t.Fatal(err)
		}
		w := &watch{
			Folder: c.folder.withDefaults(c.share), rules: r, storeQuiet: c.folder.storeQuiet(c.share),
			tracks: map[string]*track{}, units: map[string]*unit{}, done: map[string]stamp{}, pauses: map[string]time.Duration{},
		}
		one, chunk, meta := w.add(File{Path: "a.tif"}), w.add(File{Path: "a.ome.zarr/0/0.0"}), w.add(File{Path: "a.ome.zarr/.zattrs"})
		if got := w.quiet(one); got != c.alone {
			t.Errorf("a file is waited for %v, want %v", got, c.alone)
		}
		if got := w.quiet(chunk); chunk != meta || chunk.path != "a.ome.zarr" || got != c.store {
			t.Errorf("%s is waited for %v, want %v", chunk.path, got, c.store)
		}
		d := disk{w.Folder, r}
		q := inquiry{unit: "a.ome.zarr", several: true, store: chunk.store, files: []File{{Path: "a.ome.zarr/0/0.0"}}}
		if err := d.lacks(q, beside{}); err == nil {
			t.Error("a store is whole without its metadata")
		}
		q.files = append(q.files, File{Path: "a.ome.zarr/.zattrs"})
		if err := d.lacks(q, beside{}); err != nil {
			t.Errorf("a store that is whole waits: %v", err)
		}
	}
}
