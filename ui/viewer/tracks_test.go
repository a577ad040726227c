package viewer_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

// followed is a film whose nuclei wander; that of track 5 is missing at time point 6. The
// order in a time point is not that of the tracks.
func followed() viewer.Values {
	v := typical()
	v.Source, v.T, v.Measured = film{}, 3, nil
	v.Film.Reach, v.Film.Gap = 20, 1
	v.Film.Tracks = make([][]viewer.Spot, 12)
	for t := range 30 {
		var frame []annotation.Object
		for i := range 12 {
			n := (i*5+t)%12 + 1
			if n == 5 && t == 6 {
				continue
			}
			o := annotation.Object{ID: fmt.Sprintf("%d of %d", n, t), Class: "nucleus", State: annotation.Predicted, Score: 0.9, By: "nuclei@4", Track: n}
			x, y := float64(n%4*240+110)+60*math.Sin(float64(t)/7+float64(n)), float64(n/4*230+120)+4*float64(t)
			r := 34 + 4*math.Sin(float64(t)/3+float64(n))
			for k := range 24 {
				a := 2 * math.Pi * float64(k) / 24
				o.Outline = append(o.Outline, annotation.Point{X: x + r*math.Cos(a), Y: y + r*math.Sin(a)})
			}
			frame = append(frame, o)
			v.Film.Tracks[n-1] = append(v.Film.Tracks[n-1], viewer.Spot{T: t, Object: o.ID, X: x, Y: y, Area: math.Pi * r * r, Mean: 1800})
			v.Counts = append(v.Counts[:t:t], viewer.Count{T: t, Seconds: 0.04 * float64(t), Objects: len(frame)})
		}
		v.Film.Frames = append(v.Film.Frames, frame)
	}
	v.Objects, v.CountedBy = v.Film.Frames[3], "nuclei@4"
	return v
}

func choose(v *viewer.Screen, what string) {
	for _, o := range walk(v) {
		if s, ok := o.(*kit.Select); ok {
			s.SetSelected(what) // nothing, where it is no option
		}
	}
}

// TestAThingIsFollowed goes through a film: what is selected stays so under another ID and in
// another place, also past a time point without it; it is corrected at the time point of the
// review only.
func TestAThingIsFollowed(t *testing.T) {
	for _, mode := range []theme.Mode{theme.Dark, theme.Light} {
		var did []string
		act := viewer.Actions{
			Accept:      func(id string) { did = append(did, id) },
			Copy:        func(text string) { did = append(did, strings.SplitN(text, "\n", 3)[1]) },
			CountFrames: func() {}, CopyCounts: func() {}, SaveTracks: func() { did = append(did, "saved") },
			Link: func(reach float64, gap int) { did = append(did, fmt.Sprint(reach, gap)) },
		}
		show(t, mode, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
			v.Set(followed())
			s.settle(c)
			tiles(v).Select("5 of 3")
			for _, want := range []string{"5 of 4", "5 of 5", "5 of 5", "5 of 7", "5 of 8"} {
				press(v, c, '>')
				if got := tiles(v).Selected(); got != want {
					t.Errorf("selected is %q, want %q", got, want)
				}
			}
			press(v, c, 'a')
			if got := labelOf(v, "Objects are"); len(did) > 0 || got != "Objects are corrected at time point 4, which the review is of." {
				t.Errorf("accepted %v, says %q", did, got)
			}
			tiles(v).TypedShortcut(&fyne.ShortcutCopy{})
			for _, o := range walk(v) {
				if b, ok := o.(*widget.Button); ok && b.Text == "Save tracks as CSV" {
					test.Tap(b)
				}
				if e, ok := o.(*kit.Field); ok && e.Text == "20" {
					e.SetText("7,5")
					e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
				}
			}
			choose(v, "Track")
			st := tiles(v).Style()
			if st.By != tileview.ByTrack || !st.Tails {
				t.Errorf("the style is %+v", st)
			}
			st.Labels = true
			tiles(v).SetStyle(st)
			choose(v, "Area of the selected")
			for range 12 {
				press(v, c, '>')
			}
			for _, o := range walk(v) {
				if sc, ok := o.(*container.Scroll); ok {
					sc.ScrollToOffset(fyne.NewPos(0, 460))
				}
			}
			s.settle(c)
			test.AssertRendersToImage(t, map[theme.Mode]string{theme.Dark: "tracks-dark.png", theme.Light: "tracks-light.png"}[mode], c)
			for range 17 {
				press(v, c, '<')
			}
			if got := tiles(v).Selected(); got != "5 of 3" {
				t.Errorf("back at home selected is %q", got)
			}
			press(v, c, 'a')
		})
		if len(did) != 4 || !strings.Contains(did[0], "\t8\t") ||
			did[1] != "7.5 1" || did[2] != "saved" || did[3] != "5 of 3" {
			t.Errorf("did %q", did)
		}
	}
}

// TestThePanelFollowsToTimePointsThatNobodyCounted: there is nothing selected there, and the line says of which
// time point the objects are; back home all is as it was, also after an undo.
func TestThePanelFollowsToTimePointsThatNobodyCounted(t *testing.T) {
	undone := 0
	show(t, theme.Dark, viewer.Actions{Undo: func() { undone++ }, Accept: func(string) {}}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source, val.T = film{}, 3
		v.Set(val)
		s.settle(c)
		const none = "Click an object"
		visible := func(starts string) bool {
			for _, o := range walk(v) {
				if l, ok := o.(*widget.Label); ok && l.Visible() && strings.HasPrefix(l.Text, starts) {
					return true
				}
			}
			return false
		}
		able := func() (yes bool) {
			for _, o := range walk(v) {
				if b, ok := o.(*widget.Button); ok && b.Text == "A" {
					yes = !b.Disabled()
				}
			}
			return yes
		}
		tiles(v).Select("C3")
		if visible(none) || !able() || visible("t 4/40 · objects of") {
			t.Error("at home the selected object is not told")
		}
		press(v, c, '>')
		press(v, c, '>')
		if !visible(none) || able() || !visible("z 1/5 · t 6/40 · objects of t 4 · ") {
			t.Errorf("two time points on it says %q, and the panel tells of an object: %v", labelOf(v, "z "), !visible(none))
		}
		if press(v, c, 'u'); undone != 1 || !visible("Undone at time point 4, which the review is of.") {
			t.Error("where it is undone is not said")
		}
		val.Objects = slices.Clone(val.Objects)
		v.Set(val)
		press(v, c, '<')
		press(v, c, '<')
		if visible(none) || !able() || !visible("1810") {
			t.Error("back home the selected object is not told")
		}
		v.Note("")
		if press(v, c, 'u'); visible("Undone") {
			t.Error("it says where it is undone where one sees it")
		}
	})
}

// TestWhatDoesNotMoveIsNotTakenForItselfAtAnotherTime: what was measured is of the review's time point.
func TestWhatDoesNotMoveIsNotTakenForItselfAtAnotherTime(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source = film{}
		val.Film.Frames = [][]annotation.Object{val.Objects, objects()}
		v.Set(val)
		s.settle(c)
		tiles(v).Select("C3")
		if labelOf(v, "1810") == "" {
			t.Error("what was measured is not told")
		}
		if press(v, c, '>'); labelOf(v, "1810") != "" {
			t.Error("at the next time point it is told what was measured at the one before")
		}
	})
}

// slanted is a film whose pixels are twice as high as wide.
type slanted struct{ film }

func (slanted) Info() imageio.Info {
	i := film{}.Info()
	i.Micron = imageio.Micron{X: 0.5, Y: 1}
	return i
}

// TestAPathIsMeasuredAcrossAndDown: 3 pixels of 0.5 µm to the right, 2 of 1 µm down.
func TestAPathIsMeasuredAcrossAndDown(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := followed()
		val.Source = slanted{}
		val.Film.Tracks[4] = []viewer.Spot{{T: 3, X: 100, Y: 100}, {T: 4, X: 103, Y: 100}, {T: 5, X: 103, Y: 102}}
		v.Set(val)
		s.settle(c)
		tiles(v).Select("5 of 3")
		if labelOf(v, "3.5 µm") == "" {
			t.Errorf("the path is not 3.5 µm")
		}
	})
}

// TestWhatIsDrawnOnAnotherPlaneIsSaidToLieOnTheirs: the foot says on which plane the objects lie while
// another one or a projection is shown, and so it does when something was drawn.
func TestWhatIsDrawnOnAnotherPlaneIsSaidToLieOnTheirs(t *testing.T) {
	drawn, refused := 0, func() {}
	draws := func([]annotation.Point) { drawn++; refused() }
	show(t, theme.Dark, viewer.Actions{Draw: draws}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Z = 2
		v.Set(val)
		s.settle(c)
		draw := func(said bool) {
			t.Helper()
			drawn = 0
			tiles(v).SetTool(tileview.Rectangle)
			tiles(v).Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 300)}, Dragged: fyne.NewDelta(80, 80)})
			tiles(v).DragEnd()
			if got := labelOf(v, "Objects lie on plane 3") != ""; drawn != 1 || got != said {
				t.Errorf("drawn %d times, said where: %v", drawn, got)
			}
		}
		draw(false)
		if got := labelOf(v, "z "); !strings.HasPrefix(got, "z 3/5 · 5") {
			t.Errorf("on their plane it says %q", got)
		}
		tiles(v).SetPlane(4, 0)
		if got := labelOf(v, "z "); !strings.HasPrefix(got, "z 5/5 · objects of z 3 · ") {
			t.Errorf("on another plane it says %q", got)
		}
		if got := tiles(v).Style().Clear; got < 0.5 || got >= 1 {
			t.Errorf("on another plane they are clear to %g", got)
		}
		draw(true)
		tiles(v).SetPlane(2, 0)
		if got := tiles(v).Style().Clear; got != 0 {
			t.Errorf("back on their plane they are clear to %g", got)
		}
		tiles(v).SetProjection(tileview.Max)
		if labelOf(v, "objects of z 3 · ") == "" {
			t.Error("on a projection it does not say where they lie")
		}
		refused = func() { v.Note("Not kept.") }
		draw(false)
		if labelOf(v, "Not kept.") == "" {
			t.Error("why it is not kept is not said")
		}
		val.Objects = nil
		v.Set(val)
		s.settle(c)
		if got := labelOf(v, "objects of z"); got != "" {
			t.Errorf("with no objects it says %q", got)
		}
	})
}
