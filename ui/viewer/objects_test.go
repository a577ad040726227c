package viewer_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// TestSmallObjectsCanBeHidden draws the lower end of the areas up: small predictions go, what a
// person judged stays, and a review steps over what is hidden.
func TestSmallObjectsCanBeHidden(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		for i := range val.Objects[0].Outline { // the first is half as wide
			p := &val.Objects[0].Outline[i]
			p.X, p.Y = 64+(p.X-64)/2, 64+(p.Y-64)/2
		}
		v.Set(val)
		s.settle(c)
		if got := labelOf(v, "Area"); !strings.HasSuffix(got, "µm²") {
			t.Errorf("areas are %q", got)
		}
		g := graphs(v)[2]
		g.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(g.(fyne.CanvasObject).Size().Width*0.4, 20)}})
		if got := labelOf(v, "Score"); got != "Score at least 0.00 · 1 hidden" {
			t.Errorf("it says %q", got)
		}
		press(v, c, ']')
		if got := tiles(v).Selected(); got != "A3" {
			t.Errorf("the first to be judged is %q", got)
		}
		val.Objects = append([]annotation.Object(nil), val.Objects...)
		v.Set(val) // the same objects, read anew: the filter stays
		if got := labelOf(v, "Score"); got != "Score at least 0.00 · 1 hidden" {
			t.Errorf("read anew it says %q", got)
		}
		g.(fyne.DoubleTappable).DoubleTapped(nil)
		if got := labelOf(v, "Score"); got != "Score at least 0.00" {
			t.Errorf("after a double click it says %q", got)
		}
	})
}

// TestFinishingAsksWhereObjectsAreHidden: they are committed with the others, which nobody sees.
func TestFinishingAsksWhereObjectsAreHidden(t *testing.T) {
	finished := 0
	show(t, theme.Dark, viewer.Actions{CommitReview: func() { finished++ }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		v.Set(val)
		s.settle(c)
		if v.Finish(); finished != 1 || c.Overlays().Top() != nil {
			t.Fatal("it asks where nothing is hidden")
		}
		asked := func(want string) {
			t.Helper()
			v.Finish()
			top := c.Overlays().Top()
			if top == nil {
				t.Fatal("it does not ask")
			}
			var said []string
			for _, o := range walk(top) {
				if l, ok := o.(*widget.Label); ok {
					said = append(said, l.Text)
				}
			}
			if !slices.Contains(said, want) {
				t.Errorf("it says %q, not %q", said, want)
			}
			for _, o := range walk(top) {
				if b, ok := o.(*widget.Button); ok && b.Text == "Finish review" {
					test.Tap(b)
				}
			}
		}
		press(v, c, 'h')
		asked("64 of 64 objects are hidden now. They are committed, too.")
		press(v, c, 'h')
		for _, o := range walk(v) {
			if sl, ok := o.(*kit.Slider); ok && sl.Max == 1 && sl.Step == 0.01 {
				sl.SetValue(0.38)
			}
		}
		asked("2 of 64 objects are hidden now. They are committed, too.")
		val.CanReview = false
		v.Set(val)
		v.Finish()
	})
	if finished != 4 {
		t.Errorf("finished %d times", finished)
	}
}

func TestKeysChangeHowObjectsAreShown(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		for _, k := range "fih" {
			press(v, c, k)
		}
		if st := tiles(v).Style(); !st.Fill || !st.Labels || !st.Hidden {
			t.Errorf("after F, I and H: %+v", st)
		}
		press(v, c, 'h')
		press(v, c, 'f')
		if st := tiles(v).Style(); st.Fill || !st.Labels || st.Hidden {
			t.Errorf("after H and F: %+v", st)
		}
		for _, o := range walk(v) {
			if sel, ok := o.(*kit.Select); ok && sel.Selected == "State" {
				sel.SetSelected("Probability")
			}
		}
		s.settle(c)
		if tiles(v).Style().By == 0 {
			t.Error("the colours still say the state")
		}
	})
}

// TestTheHistogramOfAreasHasThemWhereTheyAre: of 400 objects all but one are small. On its axis,
// which goes up to the largest, they stand at the left, and that one at the right.
func TestTheHistogramOfAreasHasThemWhereTheyAre(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Objects = nil
		for i := range 400 {
			side := 10 + float64(i%100)/10
			if i == 399 {
				side = 100
			}
			val.Objects = append(val.Objects, annotation.Object{
				ID: strconv.Itoa(i), State: annotation.Predicted, Score: 0.9,
				Outline: []annotation.Point{{X: 5, Y: 5}, {X: 5 + side, Y: 5}, {X: 5 + side, Y: 5 + side}, {X: 5, Y: 5 + side}},
			})
		}
		v.Set(val)
		s.settle(c)
		g, _ := graphs(v)[2].(fyne.Widget)
		r, _ := test.WidgetRenderer(g).Objects()[0].(*canvas.Raster)
		const w, margin = 268, 6 // 256 columns of areas
		m := r.Generator(w, 52)
		bar := func(x int) bool { return m.At(margin+x, 50) != m.At(0, 0) }
		for from, want := range map[int]bool{3: true, 20: false, 128: false, 230: false} {
			if bar(from) != want {
				t.Errorf("at %d of 256 the histogram has a bar: %v", from, !want)
			}
		}
		if got := labelOf(v, "Area"); !strings.Contains(got, "– 1056 µm²") { // 100² pixels of 0.325 µm
			t.Errorf("the areas are %q", got)
		}
	})
}

// TestAnEndThatNobodySetHidesNothing: the lower end of the areas was set; then larger objects come.
func TestAnEndThatNobodySetHidesNothing(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		side := func(id string, n float64) annotation.Object {
			return annotation.Object{
				ID: id, State: annotation.Predicted, Score: 0.9,
				Outline: []annotation.Point{{X: 5, Y: 5}, {X: 5 + n, Y: 5}, {X: 5 + n, Y: 5 + n}, {X: 5, Y: 5 + n}},
			}
		}
		val.Objects = []annotation.Object{side("a", 10), side("b", 20), side("c", 30)}
		v.Set(val)
		s.settle(c)
		g := graphs(v)[2]
		press := func(x float32) {
			g.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(g.(fyne.CanvasObject).Size().Width*x, 20)}})
			g.MouseUp(nil)
		}
		press(0.2)
		val.Objects = append(val.Objects[:3:3], side("d", 60))
		v.Set(val)
		press(0.05)
		if got := labelOf(v, "Score"); got != "Score at least 0.00 · 1 hidden" {
			t.Errorf("it says %q, areas are %q", got, labelOf(v, "Area"))
		}
	})
}

// TestAreasOfAnotherImageAreNotDragged: a drag that began on the image before hides nothing of this one; the
// next one does.
func TestAreasOfAnotherImageAreNotDragged(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		for i := range val.Objects[0].Outline {
			p := &val.Objects[0].Outline[i]
			p.X, p.Y = 64+(p.X-64)/2, 64+(p.Y-64)/2
		}
		v.Set(val)
		s.settle(c)
		g := graphs(v)[2]
		at := fyne.PointEvent{Position: fyne.NewPos(g.(fyne.CanvasObject).Size().Width*0.4, 20)}
		drag := func() {
			g.(fyne.Draggable).Dragged(&fyne.DragEvent{PointEvent: at, Dragged: fyne.NewDelta(1, 0)})
		}
		hidden := func(when string, want bool) {
			t.Helper()
			if got := strings.HasSuffix(labelOf(v, "Score"), "hidden"); got != want {
				t.Errorf("%s an object is hidden: %v", when, got)
			}
		}
		g.MouseDown(&desktop.MouseEvent{PointEvent: at})
		hidden("on the first image", true)
		val.ID, val.Source = "2", three{}
		v.Set(val)
		s.settle(c)
		g = graphs(v)[3] // below three channels
		drag()
		hidden("on the next image", false)
		g.MouseUp(nil)
		g.(fyne.Draggable).DragEnd()
		drag()
		hidden("by the next drag", true)
	})
}
