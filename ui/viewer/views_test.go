package viewer_test

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

func all(v *viewer.Screen) []*tileview.View {
	var out []*tileview.View
	for _, o := range walk(v) {
		if t, ok := o.(*tileview.View); ok {
			out = append(out, t)
		}
	}
	return out
}

func TestFourViewsShowFourThings(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, 'v')
		if n := len(all(v)); n != 2 {
			t.Errorf("the key V shows %d views", n)
		}
		press(v, c, 'v')
		s.settle(c)
		views := all(v)
		if len(views) != 4 {
			t.Errorf("twice the key V shows %d views", len(views))
			return
		}
		if cs := views[1].Channels(); !cs[0].On || cs[1].On {
			t.Errorf("the second view shows %+v", cs)
		}
		press(v, c, '1')
		if cs := views[2].Channels(); cs[0].On || !cs[1].On || views[3].Channels()[0].On {
			t.Errorf("the third and the fourth view show %+v and %+v", cs, views[3].Channels())
		}
		press(v, c, '1')
		s.settle(c)
		test.AssertRendersToImage(t, "four-dark.png", c)
		press(v, c, 'v')
		if n := len(all(v)); n != 1 {
			t.Errorf("three times the key V shows %d views", n)
		}
	})
}

func TestLensOnAnotherModel(t *testing.T) {
	asked := ""
	show(t, theme.Dark, viewer.Actions{Compare: func(v string) { asked = v }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Versions = []string{"nuclei@2"}
		v.Set(val)
		s.settle(c)
		for _, o := range walk(v) {
			if pick, ok := o.(*kit.Select); ok && len(pick.Options) == 2 && pick.Options[1] == "nuclei@2" {
				pick.SetSelectedIndex(1)
			}
		}
		if asked != "nuclei@2" {
			t.Errorf("asked for %q", asked)
		}
		lens := func() bool { return all(v)[0].Lens() }
		val.Rival, val.Other, val.Running = "nuclei@2", nil, "Asking nuclei@2"
		v.Set(val)
		if lens() {
			t.Error("the lens is on while the model is asked")
		}
		val.Other, val.Running = []annotation.Object{}, ""
		v.Set(val)
		if !lens() {
			t.Error("the lens is off when the model has answered")
		}
		press(v, c, 'l')
		v.Set(val)
		if lens() {
			t.Error("the lens came back by itself")
		}
		val.Rival, val.Other = "", nil
		v.Set(val)
		if lens() {
			t.Error("the lens is on with nothing to compare")
		}
	})
}

// TestTheLensGoesOffWithNothingInIt: the next image has no other layer; one that is being asked for
// brings the lens back.
func TestTheLensGoesOffWithNothingInIt(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		a := typical()
		a.Other = objects()[:3]
		v.Set(a)
		s.settle(c)
		press(v, c, 'l')
		if !all(v)[0].Lens() {
			t.Error("the key L shows no lens")
		}
		b := typical()
		b.ID, b.Source = "b", three{}
		v.Set(b)
		if all(v)[0].Lens() {
			t.Error("the lens is on with nothing in it")
		}
		b.Rival, b.Other = "nuclei@2", objects()[:3]
		v.Set(b)
		b.Other, b.Running = nil, "Asking nuclei@2"
		v.Set(b)
		if all(v)[0].Lens() {
			t.Error("the lens is on while the model is asked anew")
		}
		b.Other, b.Running = objects()[:2], ""
		v.Set(b)
		if !all(v)[0].Lens() {
			t.Error("the lens is off when the model has answered anew")
		}
	})
}

// TestTheLensIsFilledWhileItIsOn only: to lay out very many objects takes a moment.
func TestTheLensIsFilledWhileItIsOn(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Other = objects()
		v.Set(val)
		s.settle(c)
		size := all(v)[0].Size()
		all(v)[0].MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(size.Width/2, size.Height/2)}})
		for i, want := range []bool{false, true, false} {
			if i > 0 {
				press(v, c, 'l')
			}
			s.settle(c)
			if a, b := all(v)[0].Under(); a == 0 || want != (b == a) || !want && b > 0 {
				t.Errorf("after %d presses there are %d under the lens, on the image %d", i, b, a)
			}
		}
	})
}

// TestAFilmPlaysInEachView plays one in two views, of which the second is one time point ahead.
func TestAFilmPlaysInEachView(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source, val.Objects = film{}, nil
		v.Set(val)
		s.settle(c)
		press(v, c, 'v')
		choose(v, "One time point later")
		s.settle(c)
		press(v, c, 'k')
		for range 12 {
			time.Sleep(40 * time.Millisecond)
			s.settle(c)
		}
		views := all(v)
		_, first := views[0].Plane()
		_, then := views[1].Plane()
		if !views[0].Playing() || first < 5 || then < first || then > first+1 {
			t.Errorf("after half a second at 25 a second the views show %d and %d, playing %v", first, then, views[0].Playing())
		}
		press(v, c, 'k')
		s.settle(c)
		_, first = views[0].Plane()
		if _, then = views[1].Plane(); then != first+1 {
			t.Errorf("stopped, the views show %d and %d", first, then)
		}
	})
}

type three struct{ cells }

func (three) Info() imageio.Info {
	i := cells{}.Info()
	i.Channels = append(i.Channels, imageio.Channel{Name: "RFP"})
	return i
}

// TestAnotherImageInSeveralViews: from a film to an image of more channels, with the planes of a stack
// moved by the keys of either view.
func TestAnotherImageInSeveralViews(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		a := typical()
		a.Source = film{}
		v.Set(a)
		s.settle(c)
		press(v, c, 'v')
		s.settle(c)
		b := typical()
		b.ID, b.Source, b.Z = "b", three{}, 2
		v.Set(b)
		s.settle(c)
		for i, x := range all(v) {
			x.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
			s.settle(c)
			for _, o := range all(v) {
				if z, _ := o.Plane(); z != 3+i {
					t.Errorf("plane %d after %d steps", z, i+1)
				}
			}
		}
	})
}

// TestSecondViewsShowWhatAnImageHas: not what there was to show of the image before, unless someone picked it.
func TestSecondViewsShowWhatAnImageHas(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		picks := func() (out []string) {
			for _, o := range walk(v) {
				if p, ok := o.(*kit.Select); ok && slices.Contains(p.Options, "No objects") {
					out = append(out, p.Selected)
				}
			}
			return out
		}
		one := typical()
		one.Source = single{}
		v.Set(one)
		press(v, c, 'v')
		press(v, c, 'v')
		s.settle(c)
		if got := picks(); !slices.Equal(got, []string{"All channels", "No objects", "All channels"}) {
			t.Errorf("of one channel they show %q", got)
		}
		many := typical()
		many.ID = "2"
		v.Set(many)
		s.settle(c)
		if got := picks(); !slices.Equal(got, []string{"DAPI", "GFP", "All channels"}) {
			t.Errorf("of two channels they show %q", got)
		}
		for _, o := range walk(v) {
			if p, ok := o.(*kit.Select); ok && p.Selected == "DAPI" {
				p.SetSelected("No objects")
			}
		}
		v.Set(one)
		s.settle(c)
		if got := picks(); !slices.Equal(got, []string{"No objects", "No objects", "All channels"}) {
			t.Errorf("what was picked is not shown: %q", got)
		}
	})
}

// single is cells of one channel.
type single struct{ cells }

func (single) Info() imageio.Info {
	i := cells{}.Info()
	i.Channels = i.Channels[:1]
	return i
}

// TestDiameterOfTheImage: the next image has its own.
func TestDiameterOfTheImage(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{RunAgain: func(viewer.Run) {}}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		a := typical()
		a.Diameter = 12
		v.Set(a)
		s.settle(c)
		a.ID, a.Source, a.Diameter = "b", three{}, 20
		v.Set(a)
		s.settle(c)
		for _, o := range walk(v) {
			if f, ok := o.(*kit.Field); ok && f.PlaceHolder == "model's own" && f.Text != "20" {
				t.Errorf("the field says %q", f.Text)
			}
		}
	})
}

// TestWhatIsClickedInEitherViewIsCorrected: the views mark the same object, whichever was clicked, also
// one that was marked before.
func TestWhatIsClickedInEitherViewIsCorrected(t *testing.T) {
	gone := ""
	show(t, theme.Dark, viewer.Actions{Delete: func(id string) { gone = id }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, 'v')
		s.settle(c)
		views := all(v)
		views[1].Select("C3")
		views[0].Select("D4")
		if id := views[1].Selected(); id != "D4" {
			t.Errorf("the second view marks %q", id)
		}
		views[1].Select("C3")
		views[1].TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
		if gone != "C3" {
			t.Errorf("deleted %q", gone)
		}
		press(v, c, 'v')
		s.settle(c)
		for i, o := range all(v) {
			if id := o.Selected(); id != "C3" {
				t.Errorf("view %d of four marks %q", i+1, id)
			}
		}
	})
}

// TestAnotherLayerIsOfferedWhenItComes, and stays chosen while another model is asked.
func TestAnotherLayerIsOfferedWhenItComes(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		v.Set(val)
		s.settle(c)
		press(v, c, 'v')
		s.settle(c)
		picked := func() string {
			for _, o := range walk(v) {
				if p, ok := o.(*kit.Select); ok && slices.Contains(p.Options, "No objects") {
					return p.Selected
				}
			}
			return ""
		}
		val.Other = objects()[:3]
		v.Set(val)
		choose(v, "Other layer")
		if p := picked(); p != "Other layer" {
			t.Errorf("%q is shown", p)
		}
		val.Other, val.Rival = nil, "nuclei@2"
		v.Set(val)
		if p := picked(); p != "Other layer" {
			t.Errorf("while a model is asked, %q is shown", p)
		}
		val.Rival = ""
		v.Set(val)
		if p := picked(); p == "Other layer" {
			t.Error("it is offered with nothing in it")
		}
	})
}

// TestAThingIsTheSameAtTheTimeOfEachView: clicked one time point later, it is selected where the first
// view stands, and the other way round.
func TestAThingIsTheSameAtTheTimeOfEachView(t *testing.T) {
	did := ""
	act := viewer.Actions{CountFrames: func() {}, Accept: func(id string) { did = id }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(followed())
		s.settle(c)
		press(v, c, 'v')
		choose(v, "One time point later")
		s.settle(c)
		views := all(v)
		views[0].Select("3 of 3")
		if track := views[1].Track(); track != views[0].Track() || track == 0 {
			t.Errorf("the second view marks track %d, the first %d", track, views[0].Track())
		}
		views[1].Select("5 of 4")
		if id := views[0].Selected(); id != "5 of 3" || views[0].Track() != views[1].Track() {
			t.Errorf("the first view marks %q of track %d, the second track %d", id, views[0].Track(), views[1].Track())
		}
		views[1].TypedRune('a')
		if did != "5 of 3" {
			t.Errorf("accepted %q", did)
		}
	})
}

// TestNothingIsBeforeTheFirstTimePoint of a film, nor after the last: a view of that shows nothing and says why.
func TestNothingIsBeforeTheFirstTimePoint(t *testing.T) {
	copied, kept := 0, 0
	act := viewer.Actions{
		Copy:     func(string) { copied++ },
		Snapshot: func(tileview.Picture) func(string) { kept++; return func(string) {} },
	}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := followed()
		val.T, val.Objects = 0, val.Film.Frames[0]
		v.Set(val)
		s.settle(c)
		press(v, c, 'v')
		choose(v, "One time point earlier")
		s.settle(c)
		second := all(v)[1]
		stands := func(at int, say string) {
			t.Helper()
			s.settle(c)
			_, now := second.Plane()
			if second.Visible() != (say == "") || say != "" && labelOf(v, say) == "" || say == "" && now != at {
				t.Errorf("shown %v, at %d, want %d or %q", second.Visible(), now, at, say)
			}
		}
		stands(0, "This is the first time point.")
		second.TypedShortcut(&fyne.ShortcutCopy{})
		second.TypedRune('s')
		if copied+kept > 0 {
			t.Errorf("%d tables and %d pictures of nothing", copied, kept)
		}
		press(v, c, '>')
		stands(0, "")
		choose(v, "One time point later")
		stands(2, "")
		all(v)[0].SetPlane(0, 39)
		stands(0, "This is the last time point.")
		all(v)[0].SetPlane(0, 0)
		stands(1, "")
		choose(v, "One time point earlier")
		stands(0, "This is the first time point.")
		press(v, c, 'k')
		for range 3 {
			time.Sleep(40 * time.Millisecond)
			s.settle(c)
		}
		if !second.Visible() {
			t.Error("it does not come back while the film plays")
		}
	})
}
