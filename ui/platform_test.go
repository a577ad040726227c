package ui

import (
	"testing"

	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/station"
)

// TestNobodyIsToldOfACurveThatNobodyAskedFor: the newest run comes up by itself. What is not there is said
// in the place of the curve, and a server is not asked about a run of the workspace's own registry.
func TestNobodyIsToldOfACurveThatNobodyAskedFor(t *testing.T) {
	w, c := furnished(t)
	w.station.Shelves().Put("local", station.Shelf{Name: "This workspace", Runs: []model.Run{{ID: "r1", Metrics: map[string]float64{"loss": 1}}}})
	w.setShelves(nil)
	ask := w.slow.next()
	if ask == nil {
		t.Fatal("nobody asked for the curve")
	}
	if err := ask(t.Context()); err != nil || w.curve.Say == "" || w.curve.Run != "r1" || c.Overlays().Top() != nil {
		t.Errorf("%v, and the curve is %+v", err, w.curve)
	}
	set := w.station.Settings()
	set.MLflow.URL = "http://127.0.0.1:1"
	if err := w.station.Save(t.Context(), set, nil); err != nil {
		t.Fatal(err)
	}
	w.setShelves(nil)
	if w.askCurve("r1", "loss"); w.slow.next() != nil {
		t.Error("the server is asked about a run of the workspace")
	}
}
