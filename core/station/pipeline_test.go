package station_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/pipeline"
	"coverslip.dev/coverslip/core/station"
)

func TestThePipelineRunsStopsAndSaysWhatItDoes(t *testing.T) {
	b := open(t, t.TempDir(), nil)
	if all, err := b.Pipeline(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("without a dvc.yaml: %+v, %v", all, err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(b.Folder(), name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("in.txt", "one")
	write("dvc.yaml", `stages:
  first: {cmd: "echo began && cat in.txt > first.txt", deps: [in.txt], outs: [first.txt]}
  last: {cmd: "test ! -e wait || { echo waits; sleep 60; }; cp first.txt last.txt", deps: [first.txt], outs: [last.txt]}
`)
	changed := func() (names []string) {
		t.Helper()
		all, err := b.Pipeline(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if len(s.Reasons) > 0 {
				names = append(names, s.Name)
			}
		}
		return names
	}
	if got := changed(); !slices.Equal(got, []string{"first", "last"}) {
		t.Errorf("new: %v", got)
	}
	write("wait", "")
	done := make(chan error, 1)
	go func() { done <- b.Repro(t.Context(), "", false) }()
	b.until(func() bool {
		return slices.Contains(b.Running().Log, station.LogLine{Stage: "last", Text: "waits"})
	}, func() string { return "the log" })
	if r := b.Running(); r.Steps["first"] != pipeline.Done || r.Steps["last"] != pipeline.Running {
		t.Errorf("under way: %+v", r)
	}
	for id, j := range b.Jobs().Jobs.All() {
		if what, _, ok := station.WorkOf(j); ok && what == station.Reproducing {
			b.Jobs().Stop(id)
		}
	}
	if err := <-done; fault.KindOf(err) != fault.Canceled {
		t.Errorf("stopped: %v", err)
	}
	if r := b.Running(); r.Steps["last"] != station.StepStopped {
		t.Errorf("stopped: %+v", r)
	}
	if got := changed(); !slices.Equal(got, []string{"last"}) {
		t.Errorf("after the stop: %v", got)
	}
	if err := os.Remove(filepath.Join(b.Folder(), "wait")); err != nil {
		t.Fatal(err)
	}
	if err := b.Repro(t.Context(), "", false); err != nil || len(changed()) != 0 {
		t.Errorf("again: %v, %v", err, changed())
	}
	last := func() job.Job {
		var newest job.Job
		for _, j := range b.Jobs().Jobs.All() {
			if j.Started.After(newest.Started) {
				newest = j
			}
		}
		return newest
	}
	write("in.txt", "two")
	write("dvc.yaml", `stages:
  first: {cmd: "echo no good; exit 3", deps: [in.txt], outs: [first.txt]}
`)
	if err := b.Repro(t.Context(), "", false); err == nil || b.Running().Steps["first"] != station.StepFailed || last().State != job.Failed {
		t.Errorf("failed: %v, %+v, %+v", err, b.Running(), last())
	}
}
