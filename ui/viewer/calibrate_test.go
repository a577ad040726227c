package viewer_test

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// TestPixelsAreCalibrated writes another size of pixels; nothing in a field is as the file says.
func TestPixelsAreCalibrated(t *testing.T) {
	var got []imageio.Micron
	act := viewer.Actions{Calibrate: func(um imageio.Micron) { got = append(got, um) }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		tap := func(in fyne.CanvasObject, text string) {
			t.Helper()
			for _, o := range walk(in) {
				if b, ok := o.(*widget.Button); ok && b.Text == text {
					test.Tap(b)
					return
				}
			}
			t.Fatalf("no button %q", text)
		}
		fill := func(width, height string) {
			tap(v, "Pixel size…")
			var fields []*kit.Field
			for _, o := range walk(c.Overlays().Top()) {
				if e, ok := o.(*kit.Field); ok {
					fields = append(fields, e)
				}
			}
			fields[0].SetText(width)
			fields[1].SetText(height)
			tap(c.Overlays().Top(), "Set")
		}
		fill("0,5", "0.25")
		fill("wide", "1")
		fill("", "")
		tap(v, "Pixel size…")
		other := typical()
		other.ID, other.Source = "2", three{}
		v.Set(other)
		tap(c.Overlays().Top(), "Set") // asked of the image before
		other.Source = sized{}
		v.Set(other)
		fill("0.5", "")
		fill("", "0.25")
		other.Source = sized{um: imageio.Micron{X: 0.5, Y: 0.25}}
		v.Set(other)
		fill("0.75", "") // the file may say how high they are
	})
	if want := []imageio.Micron{{X: 0.5, Y: 0.25}, {}, {X: 0.5, Y: 0.5}, {X: 0.25, Y: 0.25}, {X: 0.75}}; !slices.Equal(got, want) {
		t.Errorf("set %+v, want %+v", got, want)
	}
}

// TestAnImageThatIsCalibratedStaysWhereItIs: it is opened anew, and one was looking at something.
func TestAnImageThatIsCalibratedStaysWhereItIs(t *testing.T) {
	set := 0
	act := viewer.Actions{Calibrate: func(imageio.Micron) { set++ }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		v.Set(val)
		s.settle(c)
		press(v, c, '1')
		tiles(v).Select("C3")
		tiles(v).Reveal("C3")
		tiles(v).Zoom(3)
		tiles(v).SetPlane(3, 0)
		s.settle(c)
		at := tiles(v).Sight()
		for _, o := range walk(v) {
			if b, ok := o.(*widget.Button); ok && b.Text == "Pixel size…" {
				test.Tap(b)
			}
		}
		c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if set != 1 || c.Overlays().Top() != nil {
			t.Error("Enter does not set it")
		}
		val.Source = sized{um: imageio.Micron{X: 0.5, Y: 0.5}}
		v.Set(val)
		s.settle(c)
		cs := tiles(v).Channels()
		z, _ := tiles(v).Plane()
		if tiles(v).Sight() != at || z != 3 || tiles(v).Selected() != "C3" || cs[0].On || !cs[1].On {
			t.Errorf("it shows %v of plane %d, selected is %q, the channels are %+v", tiles(v).Sight(), z, tiles(v).Selected(), cs)
		}
		if labelOf(v, "1810") == "" {
			t.Error("the selected object is not told")
		}
		val.ID, val.Source = "2", sized{}
		v.Set(val)
		s.settle(c)
		if z, _ := tiles(v).Plane(); tiles(v).Sight() == at || z != 0 || tiles(v).Selected() != "" {
			t.Error("another image opens where this one stood")
		}
	})
}

// sized is cells with another size of pixels.
type sized struct {
	cells
	um imageio.Micron
}

func (s sized) Info() imageio.Info {
	i := s.cells.Info()
	i.Micron = s.um
	return i
}

// TestAllLengthsHaveOneUnit: pixels where not both sides of one are known, micrometres also where they are 1.
func TestAllLengthsHaveOneUnit(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		for _, is := range []struct {
			um    imageio.Micron
			pixel string
			known bool
		}{
			{imageio.Micron{X: 0.5}, "not calibrated", false},
			{imageio.Micron{Y: 0.5}, "not calibrated", false},
			{imageio.Micron{X: 1, Y: 1}, "1 µm", true},
			{imageio.Micron{X: 0.5, Y: 0.25}, "0.5 × 0.25 µm", true},
		} {
			val := typical()
			val.Source = sized{um: is.um}
			v.Set(val)
			s.settle(c)
			size := tiles(v).Size()
			tiles(v).MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(size.Width/2, size.Height/2)}})
			unit := "px²"
			if is.known {
				unit = "µm²"
			}
			area, read := labelOf(v, "Area "), labelOf(v, "x ")
			if labelOf(v, is.pixel) != is.pixel || !strings.HasSuffix(area, unit) || read == "" || strings.Contains(read, "µm") != is.known {
				t.Errorf("%+v: a pixel is not %q, or %q, or %q", is.um, is.pixel, area, read)
			}
		}
	})
}
