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
	if got := ids(annotation.Replay(base, log)); got != want {
		t.Fatalf("got %s", got)
	}
	for _, want := range []string{"a:accepted ", "a:accepted b:predicted ", "a:predicted b:predicted "} {
		e, ok := annotation.Undo(log)
		if !ok {
			t.Fatal("nothing to undo")
		}
		add(e)
		if got := ids(annotation.Replay(base, log)); got != want {
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
		if got := ids(annotation.Replay(base, log)); got != want {
			t.Errorf("redo: got %s, want %s", got, want)
		}
	}
	if e, ok := annotation.Undo(log); !ok || e.Kind != annotation.Remove {
		t.Error("can't undo after redo")
	}
	// A decision outlives a new run of the model that lost the object.
	if got := ids(annotation.Replay(nil, log)); got != "a:accepted c:drawn " {
		t.Errorf("over an empty base: %s", got)
	}
}
