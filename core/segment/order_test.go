package segment_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

func square(x, y, side, score float64) annotation.Object {
	return annotation.Object{Score: score, Outline: []annotation.Point{
		{X: x, Y: y}, {X: x + side, Y: y}, {X: x + side, Y: y + side}, {X: x, Y: y + side},
	}}
}

// TestWhatLiesInAnotherShows: a nucleus in its cell has a label whatever its score, and so has
// what lies in the nucleus; of others the score decides.
func TestWhatLiesInAnotherShows(t *testing.T) {
	objects := []annotation.Object{
		square(10, 10, 5, 0.1),  // in the nucleus
		square(8, 8, 10, 0.3),   // in the cell
		square(5, 5, 20, 0.9),   // in the tissue
		square(22, 22, 10, 0.5), // over the edge of the cell
		square(0, 0, 60, 1),     // tissue
		square(40, 40, 10, 1),   // in it
		square(40, 40, 10, 0.9), // the same once more: it does not show
		{Score: 1},              // nothing
		{Score: 0.5, Outline: []annotation.Point{{X: math.Inf(-1)}, {X: 1e300, Y: 1e300}, {Y: math.NaN()}}}, // nor a place
	}
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(objects)) //nolint:gosec // a test's
	for _, order := range [][]int{{0, 1, 2, 3, 4, 5, 6, 7, 8}, {8, 7, 6, 5, 4, 3, 2, 1, 0}, order} {
		mixed, at := make([]annotation.Object, len(objects)), make([]uint32, len(objects))
		for k, i := range order {
			mixed[k], at[i] = objects[i], uint32(k+1) //nolint:gosec // a few
		}
		l := segment.Labels(mixed, 60, 60)
		for _, want := range []struct{ x, y, i int }{
			{12, 12, 0}, {9, 9, 1}, {6, 6, 2}, {23, 23, 2}, {28, 28, 3}, {2, 50, 4}, {45, 45, 5},
		} {
			if got := l[want.y*60+want.x]; got != at[want.i] {
				t.Errorf("%v: at %d,%d is %d, want %d", order, want.x, want.y, slices.Index(at, got), want.i)
			}
		}
	}
}
