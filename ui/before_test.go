package ui

import (
	"crypto/md5"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/ui/shell"
)

// predicted has the open capture's item say that it was predicted.
func predicted(w *window, at time.Time) flow.Item {
	it, _ := w.station.Items().Row("a")
	it.Passes = map[string]flow.Pass{"capture": it.Passes["capture"], "infer": {State: flow.Passed, At: at}}
	w.station.Items().Put("a", it)
	return it
}

// TestBeforeIsWhatAModelHadFound: a first prediction has none before it, whatever a person had drawn.
func TestBeforeIsWhatAModelHadFound(t *testing.T) {
	w, _ := corrected(t)
	first := []annotation.Object{{ID: "1", State: annotation.Predicted, Outline: square(10, 20)}}
	for i, c := range []struct {
		objects []annotation.Object
		want    int
	}{
		{[]annotation.Object{}, 0},
		{[]annotation.Object{{ID: "d", State: annotation.Drawn, Outline: square(60, 20)}}, 0},
		{first, 1},
		{[]annotation.Object{}, 0},
	} {
		w.desk.objects = c.objects
		predicted(w, time.Unix(int64(i), 0))
		if w.desk.refresh(w); len(w.desk.before) != c.want || c.want == 0 && w.desk.before != nil {
			t.Errorf("of %+v, before is %+v", c.objects, w.desk.before)
		}
	}
}

// stored has the open capture lie in the dataset.
func stored(t *testing.T, w *window) {
	t.Helper()
	it, _ := w.station.Items().Row("a")
	var c intake.Capture
	if err := it.Read(&c); err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(w.station.Folder(), filepath.FromSlash(c.Rel))
	if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), os.WriteFile(to, image, 0o600)); err != nil {
		t.Fatal(err)
	}
	it.Passes["capture"] = flow.Pass{State: flow.Passed, Out: fmt.Appendf(nil, `{"md5":"%x"}`, md5.Sum(image))}
	w.station.Items().Put("a", it)
}

// TestAPredictionThatEndsWhileItsImageOpens is what is shown, and not the one before.
func TestAPredictionThatEndsWhileItsImageOpens(t *testing.T) {
	w, posts := corrected(t)
	w.shell = shell.New([]shell.Page{{ID: "viewer", Content: w.viewer}}, shell.Actions{})
	w.win = test.NewTempWindow(t, w.shell)
	stored(t, w)
	it, _ := w.station.Items().Row("a")
	found := annotation.Object{ID: "1", Class: "nucleus", State: annotation.Accepted, Outline: square(10, 20)}
	if err := w.station.Correct(t.Context(), it, annotation.Edit{Kind: annotation.Add, After: &found}); err != nil {
		t.Fatal(err)
	}
	src := w.desk.src
	w.desk = desk{}
	w.openFrom("viewer", "a")
	it = predicted(w, time.Unix(1, 0))
	begin(t, w)
	wait(t, posts, func() bool { return w.desk.src != nil })
	if w.desk.stamp != stamp(it) || len(w.desk.objects) != 1 || w.desk.before != nil {
		t.Errorf("opened with the stamp %q, %d objects, before them %+v", w.desk.stamp, len(w.desk.objects), w.desk.before)
	}
	w.put(desk{id: "a", src: src, stamp: "of before"}) // it was read too early
	wait(t, posts, func() bool { return len(w.desk.objects) == 1 })
	if w.desk.stamp != stamp(it) || w.desk.before != nil {
		t.Errorf("read again with the stamp %q, before %+v", w.desk.stamp, w.desk.before)
	}
}

// TestWhatTheModelHadFoundIsMadeOnce, for as long as nobody corrects anything.
func TestWhatTheModelHadFoundIsMadeOnce(t *testing.T) {
	w, _ := corrected(t)
	w.desk.lay([]annotation.Object{{ID: "1", State: annotation.Predicted, Outline: square(10, 20)}}, nil)
	w.judge("1", annotation.Accepted)
	first := w.desk.model()
	w.fillViewer()
	if again := w.desk.model(); &again[0] != &first[0] || first[0].State != annotation.Predicted {
		t.Errorf("made again, or %+v", again)
	}
	w.desk.tracks = map[string]int{"1": 5}
	linked := w.desk.followed()
	if again := w.desk.followed(); &again[0] != &linked[0] || linked[0].Track != 5 {
		t.Errorf("linked again, or %+v", again)
	}
	w.remove("1")
	if now := w.desk.model(); len(now) != 1 || &now[0] == &first[0] || len(w.desk.followed()) != 0 {
		t.Errorf("after another correction %+v", now)
	}
}

// TestAnImageOpensWhateverItsModelIs: a version that is damaged on the disk, or that this program can't read, takes
// only its threshold with it.
func TestAnImageOpensWhateverItsModelIs(t *testing.T) {
	w, _ := corrected(t)
	it, _ := w.station.Items().Row("a")
	it.Passes["infer"] = flow.Pass{State: flow.Passed, Out: []byte(`{"model":"nuclei","version":"1"}`)}
	registry := filepath.Join(filepath.Dir(w.station.Folder()), "registry", "registry.json")
	if err := os.WriteFile(registry, []byte("half a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.station.Threshold(t.Context(), it); err == nil || fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Offline {
		t.Fatalf("the model can be read, or is only not at hand: %v", err)
	}
	begin(t, w)
	if o, err := w.read(t.Context(), it, w.desk.src); err != nil || o.src == nil {
		t.Errorf("it is not opened: %v", err)
	}
}
