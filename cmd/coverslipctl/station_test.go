package main

import (
	"encoding/json"
	"math"
	"testing"

	"coverslip.dev/coverslip/core/servertest"
)

// TestModelReport holds the bundled model to what it is shipped with: on images that took no part
// in its making nine of ten nuclei are found, at each size.
func TestModelReport(t *testing.T) {
	servertest.Need(t, "COVERSLIP_TEST_ORT")
	var rows []struct {
		Images      string
		True, Found int
		AP50, AP70  float64
		CountError  float64 `json:"count_error"`
	}
	if err := json.Unmarshal([]byte(newBench(t).ctl(0, "--json", "model-report")), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 6 {
		t.Errorf("%d rows", len(rows))
	}
	for _, r := range rows {
		if r.True < 50 || r.AP50 < 0.9 || r.AP70 < 0.75 || math.Abs(r.CountError) > 0.05 || r.CountError != float64(r.Found-r.True)/float64(r.True) {
			t.Errorf("%+v", r)
		}
	}
}
