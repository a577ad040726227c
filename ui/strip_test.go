package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/release"
	"coverslip.dev/coverslip/core/station"
)

// TestStandingCountsCaptures has captures that wait for a server, for their turn and for a person, one that
// failed twice, and a promotion that waits; and files that arrive, that are quiet, and that somebody must rename.
func TestStandingCountsCaptures(t *testing.T) {
	w, _ := furnished(t)
	const done = flow.Passed
	away := flow.Pass{Say: "No server."}
	for id, ps := range map[string]map[string]flow.Pass{
		"a": {"capture": {State: done}, "version": {State: done}, "push": away, "infer": {State: flow.Running}},
		"b": {"capture": {State: done}, "version": {State: flow.Failed}, "infer": {State: flow.Failed}},
		"c": {"capture": {State: done}, "version": {State: done}, "push": {State: done}},
		"d": {"capture": {State: done}, "version": {State: done}, "push": {State: done}, "infer": {State: done}, "review": {State: flow.Yours}},
	} {
		w.station.Items().Put(id, flow.Item{ID: id, Line: intake.LineName, Passes: ps})
	}
	w.station.Items().Put("m", flow.Item{ID: "m", Line: release.LineName, Passes: map[string]flow.Pass{"load": {State: done}, "probe": away}})
	for _, s := range []station.Sighting{
		{Path: "1", Arriving: true, Say: "Still growing."}, {Path: "2", Say: "It counts as finished soon."}, {Path: "3", Say: "Its name is too long.", Hint: "Rename it."},
	} {
		w.station.Sightings().Put(s.Path, s)
	}
	if got, want := w.standing(), (standing{due: 3, held: 1, failed: 1, stuck: 1}); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
	w.station.Jobs().Jobs.Put("1", job.Job{ID: "1", State: job.Running}) // of a, which runs once
	w.station.Jobs().Jobs.Put("2", job.Job{ID: "2", State: job.Done, Ended: time.Unix(1, 0)})
	w.strip()
	const want = "1 at work · 3 waiting"
	if in(w.shell, func(l *widget.Label) bool { return l.Text == want }) == nil {
		t.Errorf("the strip does not say %q", want)
	}
}
