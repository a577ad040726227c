package measure

import (
	"image"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/segment"
)

// TestLargeAsSmall: what runs tell of a shape is what its pixels tell, also where the outline
// crosses itself and has corners in the middle of pixels.
func TestLargeAsSmall(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a test's
	whole := image.Rect(0, 0, 120, 90)
	for range 300 {
		var outline []annotation.Point
		for range 3 + rng.IntN(8) {
			outline = append(outline, annotation.Point{X: math.Round(300*rng.Float64()-40) / 2, Y: math.Round(240*rng.Float64()-40) / 2})
		}
		m := newMask(outline, segment.Bounds(outline).Intersect(whole))
		var want, got Row
		m.shape(&want, m.runs(), imageio.Micron{})
		got.large(outline, m.rect, imageio.Micron{})
		for name, p := range map[string][2]float64{
			"x": {got.X, want.X}, "y": {got.Y, want.Y}, "area": {got.Area, want.Area}, "diameter": {got.Diameter, want.Diameter}, "major": {got.Major, want.Major},
		} {
			if !(math.Abs(p[0]-p[1]) < 1e-9*max(1, p[1])) {
				t.Errorf("%v: %s is %v, want %v", outline, name, p[0], p[1])
			}
		}
		for name, p := range map[string][2]float64{ // which lose more, as differences
			"minor²": {got.Minor * got.Minor, want.Minor * want.Minor}, "eccentricity²": {got.Eccentricity * got.Eccentricity, want.Eccentricity * want.Eccentricity},
			"cos": {math.Cos(2*got.Orientation) * got.Eccentricity, math.Cos(2*want.Orientation) * want.Eccentricity},
		} {
			if !(math.Abs(p[0]-p[1]) < 1e-6*max(1, p[1])) {
				t.Errorf("%v: %s is %v, want %v", outline, name, p[0], p[1])
			}
		}
	}
}

// TestPortions: objects that share their middle, but reach far in two directions, are looked
// at one after the other; small ones together.
func TestPortions(t *testing.T) {
	s := surroundings{bounds: []image.Rectangle{
		image.Rect(0, 14_000, 30_000, 15_000), image.Rect(14_000, 0, 15_000, 30_000), image.Rect(14_500, 14_500, 14_520, 14_520), image.Rect(14_600, 14_500, 14_620, 14_520),
	}}
	if got, want := s.portions([]int{0, 1, 2, 3}), [][]int{{0}, {1, 2, 3}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := s.portions([]int{2, 3}); len(got) != 1 {
		t.Errorf("small ones: %v", got)
	}
}

func TestMedianAsNumpy(t *testing.T) {
	nan := math.NaN()
	for _, v := range [][]float64{{1, 2, 3, 4, nan}, {nan, 1, 2}, {nan}} {
		if got := median(v); !math.IsNaN(got) {
			t.Errorf("%v of %v", got, v)
		}
	}
	if a, b := median([]float64{3, 1, 2}), median([]float64{4, 1, 3, 2}); a != 2 || b != 2.5 {
		t.Error(a, b)
	}
}
