package ui

import (
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/station"
)

// TestUnloadedByHand: a server that one of two models was taken off still predicts with the other,
// and its card says so; without both it does not work.
func TestUnloadedByHand(t *testing.T) {
	serving := []infer.Ref{{Model: "nuclei", Version: "1"}, {Model: "spots", Version: "3"}}
	for _, c := range []struct {
		off       []string
		idle      bool
		say, hint string
	}{
		{off: nil},
		{[]string{"spots"}, false, "The model spots was unloaded", "with spots on this server until it is loaded again; with other models they are"},
		{[]string{"nuclei", "spots"}, true, "The models nuclei, spots were unloaded", "Captures are not predicted on this server until they are loaded again"},
	} {
		s := station.Server{Address: "grpc://gpu-1:9001", Ready: true, Answers: true, Off: c.off}
		row := server(s, serving)
		if idle(s, serving) != c.idle || !strings.Contains(row.Say, c.say) || !strings.Contains(row.Hint, c.hint) || c.off == nil && row.Say+row.Hint != "" {
			t.Errorf("without %v: %v, %q, %q", c.off, idle(s, serving), row.Say, row.Hint)
		}
	}
}

// TestSilentSaysWhereMetricsAre: where this server's are expected.
func TestSilentSaysWhereMetricsAre(t *testing.T) {
	s := station.Server{Address: "grpc://gpu-1:9001", Answers: true, Untold: "Its metrics are expected at http://gpu-1:9002/metrics."}
	if row := server(s, nil); !strings.Contains(row.Silent, s.Untold) {
		t.Errorf("%q", row.Silent)
	}
}
