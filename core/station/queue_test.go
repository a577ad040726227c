package station

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// TestNobodyKnowsHowLongALargeOneTakes: a capture that runs for longer than others took says nothing
// of how long it will.
func TestNobodyKnowsHowLongALargeOneTakes(t *testing.T) {
	s, err := Open(t.Context(), Options{Workspace: t.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	put := func(id string, p flow.Pass) {
		s.Items().Put(id, flow.Item{ID: id, Line: intake.LineName, Passes: map[string]flow.Pass{"capture": {State: flow.Passed}, "infer": p}})
	}
	now := time.Now()
	for i := range 3 {
		put(fmt.Sprint(i), flow.Pass{State: flow.Passed, At: now, Out: []byte(`{"seconds":3600}`)})
	}
	put("waits", flow.Pass{State: flow.Waiting, At: now})
	put("runs", flow.Pass{State: flow.Running, At: now.Add(-time.Hour)})
	if q := s.Queue(); q.Running != 1 || q.Waiting != 1 || q.Left <= 0 {
		t.Errorf("as long as others: %+v", q)
	}
	put("runs", flow.Pass{State: flow.Running, At: now.Add(-3 * time.Hour)})
	if q := s.Queue(); q.Running != 1 || q.Waiting != 1 || q.Left != 0 {
		t.Errorf("longer: %+v", q)
	}
}
