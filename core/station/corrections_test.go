package station

import (
	"path/filepath"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/session"
)

func newCorrections(t *testing.T) corrections {
	t.Helper()
	store, err := session.Open(t.Context(), filepath.Join(t.TempDir(), "session.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return corrections{store}
}

// square is an object 20 pixels wide.
func square(id string, x float64, state annotation.State) annotation.Object {
	return annotation.Object{ID: id, Class: "nucleus", State: state, Outline: []annotation.Point{{X: x}, {X: x + 20}, {X: x + 20, Y: 20}, {X: x, Y: 20}}}
}

// TestCorrectionsOutliveAnotherVersion: what a person accepted and deleted is not there a second
// time after the next version has named it otherwise.
func TestCorrectionsOutliveAnotherVersion(t *testing.T) {
	ctx, c := t.Context(), newCorrections(t)
	found := func(id string, x float64) annotation.Object { return square(id, x, annotation.Predicted) }
	predict := func(version string, objects ...annotation.Object) {
		t.Helper()
		if err := c.keepLayer(ctx, "md5", annotation.Layer{By: "nuclei@" + version, Made: time.Now(), Objects: objects}); err != nil {
			t.Fatal(err)
		}
	}
	a, b := found("a", 0), found("b", 50)
	predict("1", a, b, found("c", 100))
	accepted := a
	accepted.State = annotation.Accepted
	if err := c.add(ctx, "md5", "Ada", annotation.Edit{Kind: annotation.Change, Before: &a, After: &accepted}, annotation.Edit{Kind: annotation.Remove, Before: &b}); err != nil {
		t.Fatal(err)
	}
	predict("2", found("a2", 1), found("b2", 51), found("c2", 101))
	got, log, err := c.Current(ctx, "md5")
	if err != nil || len(log) != 2 || len(got) != 2 || got[0].ID != "a" || got[0].State != annotation.Accepted || got[1].ID != "c2" {
		t.Errorf("%+v, %v", got, err)
	}
	back, _ := annotation.Undo(log)
	if ok, err := c.step(ctx, "md5", "Ada", annotation.Undo, back); !ok || err != nil {
		t.Fatal(err)
	}
	if got, _, err := c.Current(ctx, "md5"); err != nil || len(got) != 3 || got[1].ID != "b2" {
		t.Errorf("after an undo: %+v, %v", got, err)
	}
}

// TestALayerIsNewAlsoAfterTheClockWasSetBack: the prediction that came last is the one that
// counts, and what was drawn before it stands in the place of what it has found there.
func TestALayerIsNewAlsoAfterTheClockWasSetBack(t *testing.T) {
	ctx, c := t.Context(), newCorrections(t)
	draw := func(id string, x float64) {
		t.Helper()
		o := square(id, x, annotation.Drawn)
		if err := c.add(ctx, "md5", "Ada", annotation.Edit{Kind: annotation.Add, After: &o}); err != nil {
			t.Fatal(err)
		}
	}
	predict := func(version string, made time.Time) {
		t.Helper()
		l := annotation.Layer{By: "nuclei@" + version, Made: made, Objects: []annotation.Object{square("v"+version, 1, annotation.Predicted)}}
		if err := c.keepLayer(ctx, "md5", l); err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	predict("1", now.Add(2*time.Hour))
	draw("beside v1", 0)
	if got, _, err := c.Current(ctx, "md5"); err != nil || len(got) != 2 || got[0].ID != "v1" {
		t.Errorf("drawn where something is: %+v, %v", got, err)
	}
	predict("2", now.Add(-time.Minute))
	if got, _, err := c.Current(ctx, "md5"); err != nil || len(got) != 1 || got[0].ID != "beside v1" {
		t.Errorf("drawn before it was found: %+v, %v", got, err)
	}
	draw("beside v2", 2)
	if got, _, err := c.Current(ctx, "md5"); err != nil || len(got) != 2 {
		t.Errorf("drawn again: %+v, %v", got, err)
	}
	predict("1", now.Add(-time.Minute)) // a rollback
	if l, err := c.layer(ctx, "md5"); err != nil || l.By != "nuclei@1" {
		t.Errorf("%s counts, %v", l.By, err)
	}
}

// TestAStepIsTheOneThatIsMeant: where a correction was not kept, taking it back does not take back the one before.
func TestAStepIsTheOneThatIsMeant(t *testing.T) {
	ctx, c := t.Context(), newCorrections(t)
	a, b := square("a", 0, annotation.Drawn), square("b", 50, annotation.Drawn)
	wider := a
	wider.Outline = square("a", 10, annotation.Drawn).Outline
	drawn := annotation.Edit{Kind: annotation.Add, After: &a}
	if err := c.add(ctx, "md5", "Ada", drawn); err != nil {
		t.Fatal(err)
	}
	type pick = func([]annotation.Entry) (annotation.Edit, bool)
	for i, s := range []struct {
		pick  pick
		meant annotation.Edit
		ok    bool
	}{
		{annotation.Undo, annotation.Edit{Kind: annotation.Remove, Before: &b}, false},
		{annotation.Undo, annotation.Edit{Kind: annotation.Remove, Before: &wider}, false},
		{annotation.Undo, annotation.Edit{Kind: annotation.Change, Before: &a, After: &wider}, false},
		{annotation.Redo, drawn, false},
		{annotation.Undo, annotation.Edit{Kind: annotation.Remove, Before: &a}, true},
		{annotation.Redo, annotation.Edit{Kind: annotation.Add, After: &b}, false},
		{annotation.Redo, drawn, true},
	} {
		if ok, err := c.step(ctx, "md5", "Ada", s.pick, s.meant); ok != s.ok || err != nil {
			t.Errorf("step %d is taken: %v, %v", i, ok, err)
		}
	}
	if got, log, err := c.Current(ctx, "md5"); err != nil || len(got) != 1 || len(log) != 3 {
		t.Errorf("%+v after %d edits, %v", got, len(log), err)
	}
}
