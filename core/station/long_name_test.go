package station_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"coverslip.dev/coverslip/core/flow"
)

// TestAReviewOfALongName: what is as long as a name can be has its review committed, too.
func TestAReviewOfALongName(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	for _, n := range []int{76, 80} { // with what is written beside it, just short enough, and too long
		name := strings.Repeat("核", n) + ".ome.tif"
		b.dropAs(field, name)
		it := b.capture(name, predicted)
		if err := b.Review(t.Context(), it, ""); err != nil {
			t.Fatal(err)
		}
		it = b.capture(name, func(it flow.Item) bool {
			return it.Behind("publish") || it.Passes["record"].State == flow.Failed
		})
		if p := it.Passes["record"]; p.State != flow.Passed {
			t.Errorf("%d bytes: %+v", len(name), p)
		}
	}
	for _, ending := range []string{".objects.geojson", ".review.json"} {
		found, err := filepath.Glob(filepath.Join(b.Folder(), "captures", "scope-1", "*"+ending))
		if err != nil || len(found) != 2 {
			t.Fatalf("%v, %v", found, err)
		}
		for _, path := range found {
			if !utf8.ValidString(path) {
				t.Errorf("%q was cut in a letter", path)
			}
		}
	}
	all, err := os.ReadDir(filepath.Join(b.Folder(), "captures", "scope-1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		if strings.HasSuffix(e.Name(), ".tmp") {
			t.Errorf("%s was left", e.Name())
		}
	}
}
