package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/inbox"
	"coverslip.dev/coverslip/ui/kit"
)

func TestCaptureRow(t *testing.T) {
	done := flow.Pass{State: flow.Passed}
	it := flow.Item{
		ID: "a", Title: "plate.tif", Data: []byte(`{"size": 7}`), Created: time.Unix(1, 0),
		Passes: map[string]flow.Pass{
			"capture": done, "version": done, "push": {State: flow.Waiting, Say: "The NAS is off.", Hint: "Switch it on."},
			"infer": {State: flow.Passed, Out: []byte(`{"model":"nuclei","version":"2","objects":9}`)}, "review": {State: flow.Yours},
		},
	}
	r := captureRow(it, shared)
	if r.State != inbox.Held || r.Reason != "The NAS is off." || r.Objects != 9 || r.Model != "nuclei@2" || r.Bytes != 7 {
		t.Errorf("%+v", r)
	}
	it.Passes["push"] = done
	if r = captureRow(it, shared); r.State != inbox.Person || r.Reason != "" {
		t.Errorf("waits for a person: %+v", r)
	}
	if names := fmt.Sprint(stageNames(r)); names != "[arrived captured versioned pushed predicted review committed published]" {
		t.Errorf("a review is due: %s", names)
	}
	it.Passes["infer"] = flow.Pass{State: flow.Running, Say: "No server answered."}
	if r = captureRow(it, shared); r.Stages[4].State != inbox.Running || r.Stages[4].Note != "" {
		t.Errorf("why it had waited is told while it runs: %+v", r.Stages[4])
	}
	it.Passes["infer"] = flow.Pass{State: flow.Failed, Say: "The image is cut short."}
	if r = captureRow(it, shared); r.State != inbox.Failed || r.Reason != "The image is cut short." || r.Objects != -1 {
		t.Errorf("failed: %+v", r)
	}
	for _, stage := range []string{"infer", "review", "record"} {
		it.Passes[stage] = done
	}
	if names := fmt.Sprint(stageNames(captureRow(it, shared))); !strings.Contains(names, "predicted reviewed committed") {
		t.Errorf("a review is done: %s", names)
	}
	it.Passes["publish"] = flow.Pass{State: flow.Failed, Say: "The git server does not take the login."}
	if r = captureRow(it, shared); r.State != inbox.Failed || r.Reason != "The git server does not take the login." {
		t.Errorf("not published: %+v", r)
	}
	it.Passes["publish"] = done
	if names := fmt.Sprint(stageNames(captureRow(it, copied))); !strings.HasSuffix(names, "committed data pushed]") {
		t.Errorf("without a git server: %s", names)
	}
	for _, stage := range []string{"infer", "review", "record", "publish"} { // of a table
		it.Passes[stage] = flow.Pass{State: flow.Skipped}
	}
	r = captureRow(it, shared)
	if names := fmt.Sprint(stageNames(r)); r.State != inbox.Done || names != "[arrived captured versioned pushed]" {
		t.Errorf("%s: %s", r.State, names)
	}
}

func stageNames(r inbox.Row) (names []string) {
	for _, s := range r.Stages {
		names = append(names, s.Name)
	}
	return names
}

// TestWhatHasNotArrivedSaysWhy: Enter on a file that is held says what is wrong with it, and what to do.
func TestWhatHasNotArrivedSaysWhy(t *testing.T) {
	w, c := furnished(t)
	for _, s := range []station.Sighting{{Path: "/scope/a.czi"}, {Path: "/scope/a.czi", Say: "This file is not complete.", Hint: "Export it again."}} {
		w.station.Sightings().Put(s.Path, s)
		w.open(s.Path)
		for _, want := range []string{s.Say, s.Hint} {
			if in(c.Overlays().Top(), func(l *widget.Label) bool { return l.Text == want }) == nil && want != "" {
				t.Errorf("nothing says %q", want)
			}
		}
		if c.Overlays().Top() == nil {
			t.Error("nothing was said")
		}
		kit.Dismiss(c)
	}
}

func TestSightingRow(t *testing.T) {
	r := sightingRow(station.Sighting{Path: "/scope/a.tif", Size: 3_100_000}, shared)
	if r.Name != "a.tif" || r.State != inbox.Running || r.Stages[0].Note != "3.1 MB" {
		t.Errorf("%+v", r)
	}
	if r = sightingRow(station.Sighting{Path: "/scope/a.tif", Say: "The file is empty."}, shared); r.State != inbox.Held || r.Reason == "" {
		t.Errorf("%+v", r)
	}
	r = sightingRow(station.Sighting{Path: "/scope/a.tif", Arriving: true, Say: "Still growing, 312 MB/s."}, shared)
	if r.State != inbox.Running || r.Reason != "Still growing, 312 MB/s." {
		t.Errorf("%+v", r)
	}
	for _, c := range []struct {
		s     station.Sighting
		yours bool
	}{
		{station.Sighting{Say: "The file is not complete.", Hint: "Export it again."}, true},
		{station.Sighting{Say: "It counts as finished when it has not changed for 3 s."}, false},
		{station.Sighting{Arriving: true, Say: "Still growing.", Hint: "Wait."}, false},
	} {
		if sightingRow(c.s, shared).Yours != c.yours {
			t.Errorf("it needs a person: %v, %+v", !c.yours, c.s)
		}
	}
}

// TestNothingIsPromisedThatIsNotDone: with neither a remote nor a git server nothing is pushed.
func TestNothingIsPromisedThatIsNotDone(t *testing.T) {
	it := flow.Item{ID: "a", Passes: map[string]flow.Pass{"capture": {State: flow.Passed}}}
	for to, want := range map[reach]string{
		here:   "captured versioned predicted review committed",
		copied: "captured versioned pushed predicted review committed data pushed",
		shared: "captured versioned pushed predicted review committed published",
	} {
		if got := stageNames(captureRow(it, to)); strings.Join(got, " ") != "arrived "+want {
			t.Errorf("a capture: %s", got)
		}
		if got := stageNames(sightingRow(station.Sighting{}, to)); strings.Join(got, " ") != "arriving "+want {
			t.Errorf("a file: %s", got)
		}
	}
	it.Passes["push"] = flow.Pass{State: flow.Passed} // when there was a remote
	if got := stageNames(captureRow(it, here)); !strings.Contains(strings.Join(got, " "), "versioned pushed predicted") {
		t.Errorf("what was pushed: %s", got)
	}
}
