package tileview_test

import (
	"math"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/tileview"
)

// TestWhatIsNotSeenIsNotTouched: objects were found at time point 1. Elsewhere nothing is read out under
// the pointer, a click selects nothing, and brush and eraser change nothing, also of what was selected;
// nor does the eraser while objects are hidden.
func TestWhatIsNotSeenIsNotTouched(t *testing.T) {
	var under *annotation.Object
	changed := 0
	act := tileview.Actions{
		Moved:    func(r tileview.Readout) { under = r.Object },
		Reshaped: func(string, []annotation.Point, [][]annotation.Point) { changed++ },
		Erased:   func(string) { changed++ },
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&stack{z: 1, t: 4})
		s.settle(c)
		full(v)
		v.SetObjects([]annotation.Object{{ID: "a", State: annotation.Predicted, Outline: []annotation.Point{{X: 80, Y: 80}, {X: 180, Y: 80}, {X: 180, Y: 180}, {X: 80, Y: 180}}}})
		v.SetObjectsAt(1)
		mid := fyne.NewPos(400, 300)
		tap := func(tool tileview.Tool) {
			v.SetTool(tool)
			v.Tapped(&fyne.PointEvent{Position: mid})
		}
		for _, at := range []struct {
			t      int
			hidden bool
			seen   bool
		}{{1, false, true}, {3, false, false}, {1, true, false}} {
			v.SetPlane(0, at.t)
			v.SetStyle(tileview.Style{Hidden: at.hidden})
			s.settle(c)
			v.Select("")
			changed = 0
			v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: mid}})
			tap(tileview.Select)
			if (under != nil) != at.seen || (v.Selected() == "a") != at.seen {
				t.Errorf("%+v: read out %v, selected %q", at, under, v.Selected())
			}
			v.Select("")
			tap(tileview.Eraser)
			if (changed > 0) != at.seen {
				t.Errorf("%+v: the eraser changed %d", at, changed)
			}
			changed = 0
			v.Select("a") // in a table; its mark is seen also where the others are hidden
			tap(tileview.Eraser)
			tap(tileview.Brush)
			if (changed > 0) != (at.t == 1) {
				t.Errorf("%+v: %d changes of what is selected", at, changed)
			}
		}
	})
}

// TestAStillPointerReadsWhatComesUnderIt: the plane, the part of the image and the objects change under
// a pointer that stays; what is not read yet has no value.
func TestAStillPointerReadsWhatComesUnderIt(t *testing.T) {
	var got tileview.Readout
	told := 0
	show(t, tileview.Actions{Moved: func(r tileview.Readout) { got, told = r, told+1 }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		film := &stack{z: 1, t: 4}
		v.Set(film)
		s.settle(c)
		full(v)
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 300)}})
		s.settle(c)
		film.pace(time.Second)
		v.SetPlane(0, 3)
		if s.settle(c); !math.IsNaN(got.Values[0]) {
			t.Errorf("a plane that is being read has %v", got.Values)
		}
		time.Sleep(2 * time.Second)
		if s.settle(c); got.Values[0] != 3 {
			t.Errorf("after the turn of the page it reads %v", got.Values)
		}
		x := got.X
		v.Zoom(2)
		if s.settle(c); got.X <= x || got.X != v.At(fyne.NewPos(300, 300)).X {
			t.Errorf("after a zoom x is %g, before %g", got.X, x)
		}
		v.SetObjects([]annotation.Object{{ID: "a", Outline: []annotation.Point{{}, {X: 256}, {X: 256, Y: 256}, {Y: 256}}}})
		v.SetObjectsAt(3)
		if s.settle(c); got.Object == nil || got.Object.ID != "a" {
			t.Errorf("the object that came is not read out: %+v", got)
		}
		told = 0
		v.SetStyle(tileview.Style{Labels: true})
		if s.settle(c); told != 0 {
			t.Errorf("the same was told %d times", told)
		}
		v.MouseOut()
		v.SetPlane(0, 1)
		time.Sleep(2 * time.Second)
		if s.settle(c); got.Inside {
			t.Error("a pointer that is elsewhere reads")
		}
	})
}
