package ui

import (
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// TestStandingCountsCaptures has a capture that failed twice, one that waits, and a promotion that failed.
func TestStandingCountsCaptures(t *testing.T) {
	running, waiting, failed := standing(map[string]flow.Item{
		"a": {Line: intake.LineName, Passes: map[string]flow.Pass{"push": {State: flow.Failed}, "infer": {State: flow.Failed}}},
		"b": {Line: intake.LineName, Passes: map[string]flow.Pass{"push": {State: flow.Waiting, Say: "No server."}, "infer": {State: flow.Running}}},
		"c": {Line: "another", Passes: map[string]flow.Pass{"load": {State: flow.Failed}, "test": {State: flow.Waiting, Say: "No server."}}},
	})
	if running != 1 || waiting != 1 || failed != 1 {
		t.Errorf("%d run, %d wait, %d failed", running, waiting, failed)
	}
}
