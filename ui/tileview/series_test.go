package tileview_test

import (
	"fmt"
	"image"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/tileview"
)

// drawn is the middle column of what is coloured; 0 for nothing.
func drawn(m image.Image) int {
	sum, n := 0, 0
	for y := range m.Bounds().Dy() {
		for x := range m.Bounds().Dx() {
			if r, _, b, _ := m.At(x, y).RGBA(); r > b+0x5000 {
				sum, n = sum+x, n+1
			}
		}
	}
	return sum / max(n, 1)
}

// TestObjectsGoWithThePicture: a square moves to the right. While the next time point is read,
// the one before stays on the screen, and so does its square, which stays marked.
func TestObjectsGoWithThePicture(t *testing.T) {
	lying := func(t int) ([]annotation.Object, [][]annotation.Point, bool) {
		x := float64(40 + 50*t)
		ring := []annotation.Point{{X: x, Y: 100}, {X: x + 20, Y: 100}, {X: x + 20, Y: 120}, {X: x, Y: 120}}
		return []annotation.Object{{ID: fmt.Sprint(t), Outline: ring, State: annotation.Predicted, Track: 3}},
			[][]annotation.Point{{{X: 50, Y: 110}, {X: x + 10, Y: 110}}}, t < 3
	}
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		film := &stack{z: 1, t: 4}
		v.Set(film)
		objs, tails, _ := lying(0)
		v.SetFollowed(objs, tails)
		v.SetSeries(lying)
		s.settle(c)
		full(v)
		first := drawn(s.settle(c))
		v.Select("0")
		marked := drawn(s.settle(c))
		film.pace(time.Second)
		v.SetPlane(0, 2)
		v.Select("2")
		if got := drawn(s.settle(c)); first == 0 || got != marked {
			t.Errorf("while it is read the square is at %d, before %d", got, marked)
		}
		time.Sleep(2 * time.Second)
		then := drawn(s.settle(c))
		if then < marked+100 {
			t.Errorf("once it is read the square is at %d, before %d", then, marked)
		}
		st := v.Style()
		st.Tails = true
		v.SetStyle(st)
		if got := drawn(s.settle(c)); got >= then {
			t.Errorf("with a tail to the left the middle is %d, without %d", got, then)
		}
		v.SetPlane(0, 3) // of which nothing is known
		s.settle(c)
		time.Sleep(2 * time.Second)
		if got := drawn(s.settle(c)); got != 0 {
			t.Errorf("there is something at %d", got)
		}
	})
}
