package viewer_test

import (
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// TestThresholdSlider: a person moves it; values that come do not ask again.
func TestThresholdSlider(t *testing.T) {
	var asked []float64
	act := viewer.Actions{Threshold: func(at float64) { asked = append(asked, at) }}
	show(t, theme.Dark, act, func(s *viewer.Screen, _ fyne.Canvas, _ *screen) {
		v := typical()
		slider := func() *kit.Slider {
			for _, o := range test.LaidOutObjects(s) {
				if c, ok := o.(*kit.Slider); ok && c.Min == 0.02 && c.Visible() {
					return c
				}
			}
			return nil
		}
		s.Set(v)
		if slider() != nil {
			t.Error("a threshold of a model that has none")
		}
		v.Threshold.At = 0.5
		s.Set(v)
		c := slider()
		if c == nil || c.Value != 0.5 || len(asked) != 0 {
			t.Fatalf("%+v, asked for %v", c, asked)
		}
		c.SetValue(0.7)
		v.Threshold = viewer.Threshold{At: 0.7, Making: true}
		s.Set(v)
		if len(asked) != 1 || asked[0] != 0.7 || math.Abs(c.Value-0.7) > 1e-9 {
			t.Errorf("asked for %v, shows %v", asked, c.Value)
		}
		v.Running = "Predicting"
		s.Set(v)
		if slider() != nil {
			t.Error("moves while the model runs")
		}
	})
}
