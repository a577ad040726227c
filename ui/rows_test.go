package ui

import (
	"fmt"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/inbox"
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
	r := captureRow(it)
	if r.State != inbox.Held || r.Reason != "The NAS is off." || r.Objects != 9 || r.Model != "nuclei@2" || r.Bytes != 7 {
		t.Errorf("%+v", r)
	}
	it.Passes["push"] = done
	if r = captureRow(it); r.State != inbox.Person || r.Reason != "" {
		t.Errorf("waits for a person: %+v", r)
	}
	it.Passes["infer"] = flow.Pass{State: flow.Failed, Say: "The image is cut short."}
	if r = captureRow(it); r.State != inbox.Failed || r.Reason != "The image is cut short." || r.Objects != -1 {
		t.Errorf("failed: %+v", r)
	}
	for _, stage := range []string{"infer", "review", "record"} {
		it.Passes[stage] = done
	}
	it.Passes["publish"] = flow.Pass{State: flow.Failed, Say: "The git server does not take the login."}
	if r = captureRow(it); r.State != inbox.Failed || r.Reason != "The git server does not take the login." {
		t.Errorf("not published: %+v", r)
	}
	for _, stage := range []string{"infer", "review", "record", "publish"} { // of a table
		it.Passes[stage] = flow.Pass{State: flow.Skipped}
	}
	r = captureRow(it)
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

func TestSightingRow(t *testing.T) {
	r := sightingRow(station.Sighting{Path: "/scope/a.tif", Size: 3_100_000})
	if r.Name != "a.tif" || r.State != inbox.Running || r.Stages[0].Note != "3.1 MB" {
		t.Errorf("%+v", r)
	}
	if r = sightingRow(station.Sighting{Path: "/scope/a.tif", Say: "The file is empty."}); r.State != inbox.Held || r.Reason == "" {
		t.Errorf("%+v", r)
	}
	r = sightingRow(station.Sighting{Path: "/scope/a.tif", Arriving: true, Say: "Still growing, 312 MB/s."})
	if r.State != inbox.Running || r.Reason != "Still growing, 312 MB/s." {
		t.Errorf("%+v", r)
	}
}
