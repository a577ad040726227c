package infer

import (
	"math"
	"math/rand/v2"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

// TestClipKeepsHoles: cut at the edges of an image, an outline still has its holes, also where
// the bridge to one is cut.
func TestClipKeepsHoles(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // a test's
	rect := func(x0, y0, x1, y1 float64) []annotation.Point {
		return []annotation.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
	}
	const w, h = 40.5, 30.25
	for range 200 {
		f := rng.Float64
		outer := []annotation.Point{{X: -9 * f(), Y: -9 * f()}, {X: w + 9*f(), Y: -9 * f()}, {X: w + 9*f(), Y: h + 9*f()}, {X: -9 * f(), Y: h + 9*f()}}
		low := 10 + 5*f()
		one, two := rect(5+f(), 5*f()+1, 15+f(), 9), rect(8+f(), low, 9+20*f(), low+5)
		cut := clip(annotation.Join(outer, [][]annotation.Point{one, two}), w, h)
		rings := annotation.Rings(cut)
		if len(rings) != 3 {
			t.Fatalf("%d rings: %v", len(rings), cut)
		}
		want := w*h - segment.Area(one) - segment.Area(two)
		if a := segment.Area(cut); math.Abs(a-want) > 1e-6 || segment.Area(rings[0]) < want {
			t.Errorf("area %v, want %v; outer %v", a, want, rings[0])
		}
	}
}
