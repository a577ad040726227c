package capture

import (
	"path/filepath"
	"strings"
	"testing"
)

// FuzzRules applies any profile to any name: no panic, no capture outside of its folder, and
// a name that is taken for itself is met by itself.
func FuzzRules(f *testing.F) {
	for _, p := range Profiles() {
		f.Add(strings.Join(p.Match, "|"), p.Group, strings.Join(p.Companions, "|"), p.Marker, "plate 7/img_t003_MMStack_Pos0.ome.tif")
	}
	f.Add("*.tif|[a-c]?.czi", `^(.*)_t\d+\.tif$|^(\.\.)/`, "{stem}.xml|{stem}_*.txt", "done*", "../day 1/cells_t000.tif")
	f.Add("", `(.*)`, "{stem}", "", "a/[b]*?|c\\.ome.tif")
	f.Fuzz(func(t *testing.T, glob, group, companions, marker, name string) {
		p := Profile{Match: strings.Split(glob, "|"), Group: group, Companions: strings.Split(companions, ";"), Marker: marker}
		r, err := p.rules()
		if err != nil {
			return
		}
		rel := filepath.ToSlash(filepath.Clean("/" + name))[1:]
		if rel == "" {
			return
		}
		base := filepath.Base(rel)
		r.takes(base)
		folder := filepath.FromSlash("/scope")
		unit, _ := r.nameOf(folder, filepath.Join(folder, filepath.FromSlash(rel)))
		if unit != "" && !strings.HasPrefix(unit, folder+string(filepath.Separator)) {
			t.Errorf("%q belongs to %q", rel, unit)
		}
		if missing := r.missing(stem(base), func(string) bool { return true }); missing != "" {
			t.Errorf("%q is missing although all is met", missing)
		}
		if !match(literal(base), base) {
			t.Errorf("%q does not meet %q", base, literal(base))
		}
	})
}
