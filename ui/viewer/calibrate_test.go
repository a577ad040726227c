package viewer_test

import (
	"testing"

	"fyne.io/fyne/v2"
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
	})
	if len(got) != 2 || got[0].X != 0.5 || got[0].Y != 0.25 || got[1] != (imageio.Micron{}) {
		t.Errorf("set %+v", got)
	}
}
