package main

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/servertest"
)

// TestModelReport holds the bundled model to what it is shipped with: on images that took no part
// in its making most nuclei are found, at each size, and not beside where they are. Of 57 one more or less
// is 0.03, and processors differ in the last digit.
func TestModelReport(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	var rows []struct {
		Images      string
		True, Found int
		AP50, AP70  float64
		CountError  float64 `json:"count_error"`
		ShiftX      float64 `json:"shift_x"`
		ShiftY      float64 `json:"shift_y"`
	}
	if err := json.Unmarshal([]byte(newBench(t).ctl(0, "--json", "model-report")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 6 {
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.True < 50 || r.AP50 < 0.85 || r.AP70 < 0.7 || math.Abs(r.CountError) > 0.05 || r.CountError != float64(r.Found-r.True)/float64(r.True) {
			t.Errorf("%+v", r)
		}
		if most := 0.4; math.Hypot(r.ShiftX, r.ShiftY) > most {
			t.Errorf("outlines lie beside the nuclei: %+v", r)
		}
	}
}

// A time that the program sets itself is no broken network.
func TestWithinSaysWhatIsOpen(t *testing.T) {
	wait := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	open := func() (say, hint string) { return "one is open.", "Wait." }
	err := within(t.Context(), time.Nanosecond, wait, open)
	if say, hint := fault.Explain(err); say != "1e-09 seconds are over: one is open." || hint != "Wait." || fault.KindOf(err) != fault.Busy {
		t.Errorf("says %q, %q", say, hint)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := within(stopped, time.Hour, wait, open); fault.KindOf(err) != fault.Canceled {
		t.Errorf("stopped: %v", err)
	}
	other := errors.New("something else")
	if err := within(t.Context(), time.Hour, func(context.Context) error { return other }, open); !errors.Is(err, other) || fault.KindOf(err) != fault.Internal {
		t.Errorf("something else: %v", err)
	}
}
