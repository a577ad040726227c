package viewer_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// film is cells over time, 25 frames a second.
type film struct{ cells }

func (film) Info() imageio.Info {
	i := cells{}.Info()
	i.T, i.Interval = 40, 40*time.Millisecond
	return i
}

func labelOf(v *viewer.Screen, starts string) string {
	for _, o := range walk(v) {
		if l, ok := o.(*widget.Label); ok && len(l.Text) >= len(starts) && l.Text[:len(starts)] == starts {
			return l.Text
		}
	}
	return ""
}

func TestTimeIsStepAndPlayed(t *testing.T) {
	show(t, theme.Light, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source, val.T, val.Objects = film{}, 3, nil
		v.Set(val)
		s.settle(c)
		if got := labelOf(v, "Time"); got != "Time 4 of 40 · 0.12 s" {
			t.Errorf("it opens at %q", got)
		}
		test.AssertRendersToImage(t, "film-light.png", c)
		press(v, c, '>')
		press(v, c, '>')
		press(v, c, '<')
		if got := labelOf(v, "Time"); got != "Time 5 of 40 · 0.16 s" {
			t.Errorf("after three steps it says %q", got)
		}
		press(v, c, 'k')
		if !tiles(v).Playing() {
			t.Error("the key K does not play")
		}
		press(v, c, ',')
		if _, at := tiles(v).Plane(); tiles(v).Playing() || at != 3 {
			t.Errorf("a step while it plays goes to %d, playing %v", at, tiles(v).Playing())
		}
		for _, o := range walk(v) {
			if sel, ok := o.(*kit.Select); ok && len(sel.Options) == 3 {
				sel.SetSelected("Maximum")
			}
		}
		if got := labelOf(v, "All"); got != "All 5 planes" {
			t.Errorf("a projection says %q", got)
		}
	})
}

// tall is cells in very many planes.
type tall struct{ cells }

func (tall) Info() imageio.Info {
	i := cells{}.Info()
	i.Z = 10000
	return i
}

// TestThePlaneIsReadWhole: a number that is cut off is another one.
func TestThePlaneIsReadWhole(t *testing.T) {
	show(t, theme.Light, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source, val.Z, val.Objects = tall{}, 9998, nil
		v.Set(val)
		s.settle(c)
		for _, o := range walk(v) {
			l, ok := o.(*widget.Label)
			if !ok || l.Text != "9999 of 10000" {
				continue
			}
			need := fyne.MeasureText(l.Text, fynetheme.TextSize(), fyne.TextStyle{}).Width + 2*fynetheme.InnerPadding()
			if have := l.Size().Width; have < need {
				t.Errorf("it has %g units, needs %g", have, need)
			}
			return
		}
		t.Errorf("it says %q", labelOf(v, "Plane"))
	})
}

// TestTheChannelSliderFollowsTheSwitches: it says which channel is alone only where one is.
func TestTheChannelSliderFollowsTheSwitches(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source = three{}
		v.Set(val)
		s.settle(c)
		for _, step := range []struct {
			key rune
			say string
		}{{'1', "2 of 3 channels"}, {'2', "Channel 3 of 3 alone"}, {'3', "0 of 3 channels"}, {'1', "Channel 1 of 3 alone"}, {'2', "2 of 3 channels"}, {'3', "All channels"}} {
			press(v, c, step.key)
			if labelOf(v, step.say) == "" {
				t.Errorf("after the key %c it does not say %q", step.key, step.say)
			}
		}
	})
}
