package station_test

import (
	"image"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// TestAReviewIsOfWhatWasSeen: a review can't be finished before there are objects, nor while the
// one before is being committed; where the threshold was moved after the commit it can be finished
// again, and nothing of it passes for committed before.
func TestAReviewIsOfWhatWasSeen(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	if err := b.HoldPredictions(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	b.drop(field)
	it := b.capture(field, func(it flow.Item) bool { return it.Behind("push") })
	if err := b.Review(t.Context(), it, ""); fault.KindOf(err) != fault.Busy {
		t.Errorf("nothing was predicted: %v", err)
	}
	if err := b.HoldPredictions(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	it = b.capture(field, predicted)
	if s := it.Passes["review"].State; s != flow.Yours {
		t.Errorf("the review is %q", s)
	}

	for _, stage := range []string{"record", "publish"} {
		busy := it
		busy.Passes = map[string]flow.Pass{"infer": it.Passes["infer"], stage: {State: flow.Running}}
		b.Items().Put(it.ID, busy)
		if err := b.Review(t.Context(), it, ""); fault.KindOf(err) != fault.Busy {
			t.Errorf("while the %s stage is at work on the one before: %v", stage, err)
		}
	}
	b.Items().Put(it.ID, it)

	review := func() (r intake.Recorded) {
		t.Helper()
		last := it.Passes["record"].At
		if err := b.Review(t.Context(), it, ""); err != nil {
			t.Fatal(err)
		}
		it = b.capture(field, func(it flow.Item) bool { return it.Behind("publish") && it.Passes["record"].At.After(last) })
		it.Out("record", &r)
		return r
	}
	first := review()
	if err := b.SetThreshold(t.Context(), it, 0.75); err != nil {
		t.Fatal(err)
	}
	it, _ = b.Items().Row(it.ID)
	var by intake.Review
	if it.Passes["review"].State != flow.Yours || !it.Behind("record") || !it.Out("review", &by) || by.Who != "Ada Lovelace" {
		t.Errorf("with another threshold: %+v", it.Passes)
	}
	if second := review(); second.Commit == first.Commit || second.Counts.Kept() >= first.Counts.Kept() || first.Edits == nil || *first.Edits != 0 {
		t.Errorf("committed %+v, then %+v", first, second)
	}

	old := it
	if err := b.Again(t.Context(), it, 0, image.Rectangle{}, nil); err != nil {
		t.Fatal(err)
	}
	b.capture(field, func(it flow.Item) bool {
		return it.Behind("infer") && it.Passes["infer"].At.After(old.Passes["infer"].At)
	})
	if err := b.SetThreshold(t.Context(), old, 0.6); fault.KindOf(err) != fault.Busy {
		t.Errorf("of an earlier prediction: %v", err)
	}
}
