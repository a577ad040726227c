package viewer_test

import (
	"context"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

// TestNothingIsDrawnWhereItIsNotKept: on an image that is only looked at no tool draws, and what a capture
// before it had on is off.
func TestNothingIsDrawnWhereItIsNotKept(t *testing.T) {
	drawn := 0
	act := viewer.Actions{Draw: func([]annotation.Point) { drawn++ }, Accept: func(string) { drawn++ }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		able := func(want bool) {
			t.Helper()
			for _, o := range walk(v) {
				if b, ok := o.(*widget.Button); ok && len(b.Text) == 1 && strings.Contains("ROPBEAX", b.Text) && b.Disabled() == want {
					t.Errorf("the tool %s is off: %v", b.Text, want)
				}
			}
		}
		v.Set(typical())
		s.settle(c)
		press(v, c, 'r')
		press(v, c, ']')
		able(true)
		val := typical()
		val.ID = ""
		v.Set(val)
		press(v, c, ']')
		able(false)
		press(v, c, 'p')
		if tool := tiles(v).Tool(); tool != tileview.Select || labelOf(v, "This image is only looked at") == "" {
			t.Errorf("the tool %v is on, or nothing is said", tool)
		}
		if press(v, c, 'a'); drawn > 0 {
			t.Error("something is corrected")
		}
		v.Set(typical())
		press(v, c, ']')
		able(true)
	})
}

// TestZTakesATurnBack once the whole image is shown.
func TestZTakesATurnBack(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, 't')
		press(v, c, 'T')
		press(v, c, 'Z')
		for _, want := range []float64{95, 0, 0} {
			s.settle(c)
			if press(v, c, 'z'); tiles(v).Angle() != want {
				t.Errorf("turned by %g°, want %g°", tiles(v).Angle(), want)
			}
		}
	})
}

// crowd is an image of many channels with long names.
type crowd struct {
	cells
	n int
}

func (w crowd) Info() imageio.Info {
	i := w.cells.Info()
	i.Channels = make([]imageio.Channel, w.n)
	for k := range i.Channels {
		i.Channels[k].Name = "Pan-cytokeratin far red"
	}
	return i
}

func (w crowd) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	t.C = 0
	return w.cells.ReadTile(ctx, t)
}

// TestNamesLeaveRoomForValues below the image, the more channels the more.
func TestNamesLeaveRoomForValues(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		for n, most := range map[int]int{2: 23, 4: 12, 16: 3} {
			val := typical()
			val.Source = crowd{n: n}
			v.Set(val)
			s.settle(c)
			size := tiles(v).Size()
			tiles(v).MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(size.Width/2, size.Height/2)}})
			names := strings.Split(labelOf(v, "x "), "  ·  ")[2:]
			if len(names) < n {
				t.Errorf("%d channels have %d values", n, len(names))
			}
			for _, name := range names[:n] {
				name, _, _ = strings.Cut(strings.Replace(name, "far red", "far_red", 1), " 1")
				if got := len([]rune(name)); got > most || n == 2 && got < most {
					t.Errorf("of %d channels one is called %q", n, name)
				}
			}
		}
	})
}

// TestLinkedChannelsGetOneContrastByAuto: also by that of all.
func TestLinkedChannelsGetOneContrastByAuto(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		checkOf(v, "Linked").SetChecked(true)
		for _, o := range walk(v) {
			if sel, ok := o.(*kit.Select); ok && sel.PlaceHolder == "Auto contrast" {
				sel.SetSelectedIndex(1)
			}
		}
		s.settle(c)
		if cs := tiles(v).Channels(); cs[0].Min != cs[1].Min || cs[0].Max != cs[1].Max {
			t.Errorf("linked channels have %+v", cs)
		}
	})
}
