package station_test

import (
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/model/local"
)

// Without any server: a second version is promoted on the built-in engine, predicts the
// next capture, and is rolled back.
func TestPromotionInTheWorkspace(t *testing.T) {
	ws := t.TempDir()
	b := open(t, ws, nil)
	b.until(func() bool { s, _ := b.Servers().Row(""); return len(s.Models) == 1 }, func() string { return "loaded" })
	own, err := local.Open(filepath.Join(ws, "registry"))
	if err != nil {
		t.Fatal(err)
	}
	files, err := own.Fetch(t.Context(), "nuclei", "1")
	if err != nil {
		t.Fatal(err)
	}
	files["coverslip.yaml"] = append(files["coverslip.yaml"], "# a second one\n"...)
	if _, err := own.Register(t.Context(), "nuclei", "", files, nil); err != nil {
		t.Fatal(err)
	}
	b.ReadShelf(t.Context())
	id, err := b.Promote(t.Context(), "nuclei", "2", "finds the dim ones")
	if err == nil {
		_, err = b.Await(t.Context(), id, "promote")
	}
	if err != nil {
		t.Fatal(err)
	}
	b.drop(field)
	var p intake.Predicted
	if b.capture(field, predicted).Out("infer", &p); p.Version != "2" {
		t.Errorf("predicted with version %s", p.Version)
	}
	b.ReadShelf(t.Context())
	if id, err = b.Rollback(t.Context(), "nuclei", "misses the small ones"); err == nil {
		_, err = b.Await(t.Context(), id, "promote")
	}
	if err != nil {
		t.Fatal(err)
	}
	sh := b.ReadShelf(t.Context())
	if a := sh.Models[0].Aliases; a["champion"] != "1" || a["previous"] != "2" {
		t.Errorf("aliases %v", a)
	}
	h := sh.History["nuclei"]
	if len(h) != 2 || !h[0].Rollback || h[1].Probe == nil || h[1].Probe.Images[0].Before < 100 {
		t.Errorf("history %+v", h)
	}
}
