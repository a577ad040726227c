package segment_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"coverslip.dev/coverslip/core/segment"
)

// TestAboveIsWhatIsAbove also has numbers that are none, both infinities, and the level itself,
// in images of any width: some pixels of a row are compared one by one, others eight at once.
func TestAboveIsWhatIsAbove(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // a test's
	odd := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0.5, 0, math.Float32frombits(1 << 31)}
	for w := 1; w < 300; w += 1 + w/7 {
		for _, level := range []float32{0.5, 0, -0.25, float32(math.NaN())} {
			v := make([]float32, w*5)
			for i := range v {
				if v[i] = rng.Float32()*2 - 1; rng.IntN(4) == 0 {
					v[i] = odd[rng.IntN(len(odd))]
				}
			}
			if got, want := segment.Above(v, w, level), segment.Where(w, 5, func(i int) bool { return v[i] > level }); !reflect.DeepEqual(got, want) {
				t.Errorf("%d pixels wide, above %v: %v, want %v", w, level, got, want)
			}
		}
	}
}
