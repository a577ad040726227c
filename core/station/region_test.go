package station_test

import (
	"image"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/segment"
)

// TestAPartIsPredicted: of an image that was predicted, a person has a part predicted again; the
// threshold and another model look at that part, too.
func TestAPartIsPredicted(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	b.drop(field)
	it := b.capture(field, predicted)
	region := image.Rect(100, 100, 300, 250)
	inside := func(what string, least, most int) int {
		t.Helper()
		objects, _, err := b.Objects(t.Context(), it)
		if err != nil || len(objects) < least || len(objects) > most {
			t.Fatalf("%s: %d objects, want %d to %d: %v", what, len(objects), least, most, err)
		}
		for _, o := range objects {
			if r := segment.Bounds(o.Outline); most < 1000 && !r.Overlaps(region) {
				t.Errorf("%s: an object of %v", what, r)
			}
		}
		return len(objects)
	}
	all := inside("the whole image", 20, 1000)
	if err := b.Again(t.Context(), it, 0, region, nil); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool {
		var p intake.Predicted
		return it.Behind("infer") && it.Out("infer", &p) && p.Region == region && p.Objects > 0
	})
	part := inside("a part", 3, all/2)
	if err := b.SetThreshold(t.Context(), it, 0.05); err != nil {
		t.Fatal(err)
	}
	inside("another threshold", part, all)
	if err := b.Again(t.Context(), it, 0, image.Rectangle{}, nil); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool {
		var p intake.Predicted
		return it.Behind("infer") && it.Out("infer", &p) && p.Objects == all
	})
	if err := b.Again(t.Context(), it, 0, image.Rect(9000, 0, 9100, 100), nil); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool { return it.Passes["infer"].State == flow.Failed })
	// What is there is still what was found before: its threshold moves, but not under another run.
	if err := b.SetThreshold(t.Context(), it, 0.05); err != nil {
		t.Errorf("after a run that has failed: %v", err)
	}
	if err := b.HoldPredictions(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if err := b.Again(t.Context(), it, 0, image.Rectangle{}, nil); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, func(it flow.Item) bool { return it.Passes["infer"].State == flow.Waiting })
	at, err := b.Threshold(t.Context(), it)
	if busy := b.SetThreshold(t.Context(), it, 0.2); at != 0.05 || err != nil || fault.KindOf(busy) != fault.Busy {
		t.Errorf("while another run waits: at %v, %v; moved: %v", at, err, busy)
	}
}
