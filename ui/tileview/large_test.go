package tileview_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// circle is a ring of n corners around (1024, 1024).
func circle(n int, radius float64) []annotation.Point {
	ring := make([]annotation.Point, n)
	for i := range ring {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		ring[i] = annotation.Point{X: 1024 + radius*cos, Y: 1024 + radius*sin}
	}
	return ring
}

// TestALargeOutlineDoesNotHoldUpTheScreen: no frame draws it, at any scale; it is there once the worker
// has.
func TestALargeOutlineDoesNotHoldUpTheScreen(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		v.SetOverview(false)
		s.settle(c)
		time.Sleep(time.Second)
		bare := s.settle(c)
		v.SetObjects([]annotation.Object{{ID: "a", State: annotation.Accepted, Outline: circle(60_000, 600)}})
		for range 3 {
			v.Frame(800, 600)
			if !v.Owes() {
				t.Error("a frame draws 60,000 corners")
			}
			v.Zoom(1.2)
		}
		v.Fit()
		time.Sleep(time.Second) // it rests, as bare does
		m, drawn := s.settle(c), 0
		for x := range 800 {
			if m.At(x, 300) != bare.At(x, 300) {
				drawn++
			}
		}
		if v.Owes() || drawn < 4 || drawn > 12 { // two lines of some pixels
			t.Errorf("%d pixels are drawn", drawn)
		}
	})
}

func TestALargeOutlineIsTakenApartOnce(t *testing.T) {
	ring := annotation.Join(circle(3000, 500), [][]annotation.Point{circle(500, 100)})
	if !tileview.RingsAreKept(annotation.Object{ID: "a", Outline: ring}) {
		t.Error("for each piece of the screen anew")
	}
}

// TestFill compares the pixels that are filled with whether their middles lie inside, of lines that
// cross themselves and leave the sheet.
func TestFill(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const w, h = 40, 30
	for range 200 {
		rings := make([][]annotation.Point, 1+r.IntN(3))
		for i := range rings {
			for range 3 + r.IntN(9) {
				rings[i] = append(rings[i], annotation.Point{X: r.Float64()*80 - 20, Y: r.Float64()*70 - 20})
			}
		}
		for i, got := range tileview.Fill(rings, w, h) {
			want := false
			for _, ring := range rings {
				want = want != tileview.Inside(ring, annotation.Point{X: float64(i%w) + 0.5, Y: float64(i/w) + 0.5})
			}
			if got != want {
				t.Fatalf("pixel %d, %d of %v: %v", i%w, i/w, rings, got)
			}
		}
	}
}
