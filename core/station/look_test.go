package station_test

import (
	"encoding/json"
	"testing"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/station"
)

// TestObjectsLieWhereTheyWereFound: while another prediction waits, runs or has failed, those of the
// one before do not move; of a capture that no model has seen they lie where it will look.
func TestObjectsLieWhereTheyWereFound(t *testing.T) {
	left := func(p intake.Predicted) json.RawMessage {
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	found := left(intake.Predicted{Model: "nuclei", Version: "3", Z: 2, T: 1})
	asked := func(before *intake.Before) json.RawMessage {
		return left(intake.Predicted{Diameter: 30, Before: before})
	}
	for name, c := range map[string]struct {
		out   json.RawMessage
		z, t  int
		model string
	}{
		"never":                 {nil, 4, 0, ""},
		"found":                 {found, 2, 1, "nuclei"},
		"asked again":           {asked(&intake.Before{Infer: flow.Pass{State: flow.Passed, Out: found}}), 2, 1, "nuclei"},
		"asked for":             {asked(nil), 4, 0, ""},
		"asked for a plane":     {left(intake.Predicted{At: &intake.Plane{Z: 7, T: 2}}), 7, 2, ""},
		"asked after a failure": {asked(&intake.Before{Infer: flow.Pass{State: flow.Failed}}), 4, 0, ""},
	} {
		for _, st := range []flow.State{flow.Waiting, flow.Running, flow.Failed, flow.Passed} {
			it := flow.Item{Passes: map[string]flow.Pass{"infer": {State: st, Out: c.out}}}
			z, at := station.Lying(it, imageio.Info{Z: 9, T: 3})
			p, ok := station.Prediction(it)
			if z != c.z || at != c.t || p.Model != c.model || ok != (c.model != "") {
				t.Errorf("%s, %s: on plane %d at %d, by %q", name, st, z, at, p.Model)
			}
		}
	}
}
