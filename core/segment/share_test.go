package segment_test

import (
	"math"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

func TestOverlapOfAnySize(t *testing.T) {
	rect := func(x, y, w, h float64) []annotation.Point {
		return []annotation.Point{{X: x, Y: y}, {X: x + w, Y: y}, {X: x + w, Y: y + h}, {X: x, Y: y + h}}
	}
	for _, scale := range []float64{0.5, 10, 5000} {
		both, a, b := segment.Overlap(rect(0, 0, 8*scale, 8*scale), rect(4*scale, 0, 8*scale, 4*scale))
		if math.Abs(both/a-0.25) > 0.03 || math.Abs(b/a-0.5) > 0.05 {
			t.Errorf("at %v: %v of %v and %v", scale, both, a, b)
		}
	}
	if both, a, b := segment.Overlap(rect(0, 0, 8, 8), rect(9, 0, 8, 8)); both != 0 || a == 0 || b == 0 {
		t.Errorf("beside each other: %v of %v and %v", both, a, b)
	}
	if both, _, _ := segment.Overlap(nil, nil); both != 0 {
		t.Errorf("%v of nothing", both)
	}
}
