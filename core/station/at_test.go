package station_test

import (
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/segment"
	"coverslip.dev/coverslip/core/station"
)

// TestAPersonChoosesThePlane of a stack over time that a model looks at again; the threshold,
// another model and the count look there, too, until it is run without.
func TestAPersonChoosesThePlane(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	const name = "layers.ome.tif"
	if err := os.Rename(layers(t, 3, 2), filepath.Join(b.ws, "scope", name)); err != nil {
		t.Fatal(err)
	}
	it := b.capture(name, predicted)
	lies := func(what string, found []annotation.Object, z, at int) {
		t.Helper()
		if len(found) != 1 || !image.Pt(20+20*z, 20+20*at).In(segment.Bounds(found[0].Outline)) {
			t.Errorf("%s: not on plane %d at %d: %+v", what, z, at, found)
		}
	}
	now := func(what string, z, at int) {
		t.Helper()
		found, _, err := b.Objects(t.Context(), it)
		if p, _ := station.Prediction(it); err != nil || p.Z != z || p.T != at {
			t.Errorf("%s: %+v, %v", what, p, err)
		}
		lies(what, found, z, at)
	}
	again := func(at *intake.Plane) {
		t.Helper()
		was := it.Passes["infer"].At
		if err := b.Again(t.Context(), it, 0, image.Rectangle{}, at); err != nil {
			t.Fatal(err)
		}
		it = b.capture(name, func(it flow.Item) bool { return it.Behind("infer") && it.Passes["infer"].At.After(was) })
	}
	now("of itself", 1, 0)
	again(&intake.Plane{Z: 2, T: 1})
	now("a person's choice", 2, 1)
	if err := b.SetThreshold(t.Context(), it, 0.05); err != nil {
		t.Fatal(err)
	}
	now("another threshold", 2, 1)
	found, err := b.SeeWith(t.Context(), it, infer.Ref{Model: "nuclei", Version: "1"}, nil)
	if lies("another model", found, 2, 1); err != nil {
		t.Error(err)
	}
	if err := b.CountFrames(t.Context(), it, func(station.Frames) {}); err != nil {
		t.Fatal(err)
	}
	film, err := b.Film(t.Context(), it)
	if err != nil || len(film.Frames) != 2 {
		t.Fatalf("counted: %+v, %v", film, err)
	}
	lies("counted", film.Frames[0], 2, 0)
	lies("counted", film.Frames[1], 2, 1)
	th, err := b.Thread(t.Context(), film.Frames[1][0].ID)
	if said := strings.Join(th.Lines(), "\n"); err != nil || !strings.Contains(said, "plane       2, time point 1") {
		t.Errorf("%s, %v", said, err)
	}
	was := it.Passes["infer"].At
	if _, err := b.PredictWith(t.Context(), []string{it.ID}, "nuclei"); err != nil {
		t.Fatal(err)
	}
	it = b.capture(name, func(it flow.Item) bool { return it.Behind("infer") && it.Passes["infer"].At.After(was) })
	now("in a batch", 2, 1)
	again(nil)
	now("run without", 1, 0)
	if err := b.Again(t.Context(), it, 0, image.Rectangle{}, &intake.Plane{Z: 3}); err != nil {
		t.Fatal(err)
	}
	b.capture(name, func(it flow.Item) bool { return it.Passes["infer"].State == flow.Failed })
}
