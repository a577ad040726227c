package viewer_test

import (
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

func TestCountsOverTime(t *testing.T) {
	var asked []string
	act := viewer.Actions{CountFrames: func() { asked = append(asked, "count") }, CopyCounts: func() { asked = append(asked, "copy") }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		tap := func(text string) {
			for _, o := range walk(v) {
				if b, ok := o.(*widget.Button); ok && b.Text == text {
					test.Tap(b) // nothing, where it is disabled
				}
			}
		}
		val := typical()
		val.Source, val.Objects = film{}, nil
		v.Set(val)
		tap("Copy as CSV") // nothing is there
		tap("Count")
		val.Counting, val.CountedBy = true, "nuclei@4"
		for i := range 31 {
			val.Counts = append(val.Counts, viewer.Count{T: i, Seconds: 0.04 * float64(i), Objects: 40 + int(20*math.Sin(float64(i)/5))})
		}
		v.Set(val)
		tap("Count") // it does already
		tap("Copy as CSV")
		for _, o := range walk(v) {
			if sc, ok := o.(*container.Scroll); ok {
				sc.ScrollToOffset(fyne.NewPos(0, 460))
			}
		}
		s.settle(c)
		test.AssertRendersToImage(t, "counts-dark.png", c)
		if got := labelOf(v, "31"); got != "31 of 40 time points · nuclei@4" {
			t.Errorf("it says %q", got)
		}
	})
	if len(asked) != 2 || asked[0] != "count" || asked[1] != "copy" {
		t.Errorf("asked %v", asked)
	}
}
