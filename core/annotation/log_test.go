package annotation_test

import (
	"testing"

	"coverslip.dev/coverslip/core/annotation"
)

func obj(id string, s annotation.State) annotation.Object {
	return annotation.Object{ID: id, State: s}
}

func ids(os []annotation.Object) (out string) {
	for _, o := range os {
		out += o.ID + ":" + string(o.State) + " "
	}
	return out
}

func TestUndoRedoReplay(t *testing.T) {
	a, aOK, b := obj("a", annotation.Predicted), obj("a", annotation.Accepted), obj("b", annotation.Predicted)
	drawn := obj("c", annotation.Drawn)
	base := []annotation.Object{a, b}
	var log []annotation.Entry
	add := func(e annotation.Edit) {
		log = append(log, annotation.Entry{Seq: int64(len(log) + 1), Edit: e})
	}
	add(annotation.Edit{Kind: annotation.Change, Before: &a, After: &aOK})
	add(annotation.Edit{Kind: annotation.Remove, Before: &b})
	add(annotation.Edit{Kind: annotation.Add, After: &drawn})
	want := "a:accepted c:drawn "
	if got := ids(annotation.Replay(annotation.Layer{Objects: base}, log, nil)); got != want {
		t.Fatalf("got %s", got)
	}
	for _, want := range []string{"a:accepted ", "a:accepted b:predicted ", "a:predicted b:predicted "} {
		e, ok := annotation.Undo(log)
		if !ok {
			t.Fatal("nothing to undo")
		}
		add(e)
		if got := ids(annotation.Replay(annotation.Layer{Objects: base}, log, nil)); got != want {
			t.Errorf("undo: got %s, want %s", got, want)
		}
	}
	if _, ok := annotation.Undo(log); ok {
		t.Error("undid more than was done")
	}
	for _, want := range []string{"a:accepted b:predicted ", "a:accepted ", "a:accepted c:drawn "} {
		e, ok := annotation.Redo(log)
		if !ok {
			t.Fatal("nothing to redo")
		}
		add(e)
		if got := ids(annotation.Replay(annotation.Layer{Objects: base}, log, nil)); got != want {
			t.Errorf("redo: got %s, want %s", got, want)
		}
	}
	if e, ok := annotation.Undo(log); !ok || e.Kind != annotation.Remove {
		t.Error("can't undo after redo")
	}
	// A decision outlives a new run of the model that lost the object.
	if got := ids(annotation.Replay(annotation.Layer{}, log, nil)); got != "a:accepted c:drawn " {
		t.Errorf("over an empty base: %s", got)
	}
}

// TestWhatStandsWithAnEdit comes and goes with it: what an object was cut into.
func TestWhatStandsWithAnEdit(t *testing.T) {
	a, half, other := obj("a", annotation.Predicted), obj("a", annotation.Accepted), obj("b", annotation.Drawn)
	base := []annotation.Object{a}
	log := []annotation.Entry{{Seq: 1, Edit: annotation.Edit{
		Kind: annotation.Change, Before: &a, After: &half, With: []annotation.Edit{{Kind: annotation.Add, After: &other}},
	}}}
	check := func(want string) {
		t.Helper()
		if got := ids(annotation.Replay(annotation.Layer{Objects: base}, log, nil)); got != want {
			t.Errorf("replayed: %s, want %s", got, want)
		}
		var edits []annotation.Edit
		for _, e := range log {
			edits = append(edits, e.Edit)
		}
		now := annotation.Lay(base, edits...)
		if got := ids(now); got != want {
			t.Errorf("laid: %s, want %s", got, want)
		}
		if got := ids(annotation.Bare(now, log)); got != "a:predicted " {
			t.Errorf("bare: %s", got)
		}
	}
	check("a:accepted b:drawn ")
	back, _ := annotation.Undo(log)
	log = append(log, annotation.Entry{Seq: 2, Edit: back})
	check("a:predicted ")
	again, _ := annotation.Redo(log)
	log = append(log, annotation.Entry{Seq: 3, Edit: again})
	check("a:accepted b:drawn ")
	if n := annotation.Pending(log, 0); n != 1 {
		t.Errorf("%d corrections", n)
	}
}

// TestPendingCountsWhatStands: taking a correction back is not one more.
func TestPendingCountsWhatStands(t *testing.T) {
	var log []annotation.Entry
	n := 0
	draw := func() {
		n++
		o := obj(string(rune('a'+n)), annotation.Drawn)
		log = append(log, annotation.Entry{Seq: int64(len(log) + 1), Edit: annotation.Edit{Kind: annotation.Add, After: &o}})
	}
	step := func(f func([]annotation.Entry) (annotation.Edit, bool)) func() {
		return func() {
			e, _ := f(log)
			log = append(log, annotation.Entry{Seq: int64(len(log) + 1), Edit: e})
		}
	}
	undo, redo := step(annotation.Undo), step(annotation.Redo)
	for i, s := range []struct {
		do               func()
		all, beyondThree int
	}{{draw, 1, 0}, {draw, 2, 0}, {draw, 3, 0}, {undo, 2, 1}, {redo, 3, 0}, {undo, 2, 1}, {undo, 1, 2}, {draw, 2, 3}, {undo, 1, 2}} {
		s.do()
		if got := annotation.Pending(log, 0); got != s.all {
			t.Errorf("step %d: %d pending, not %d", i, got, s.all)
		}
		if got := annotation.Pending(log, min(3, len(log))); got != s.beyondThree {
			t.Errorf("step %d: %d pending beyond the third, not %d", i, got, s.beyondThree)
		}
	}
}
