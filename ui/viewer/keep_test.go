package viewer_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

func TestMeasurementsAreCopiedAsATable(t *testing.T) {
	var text string
	show(t, theme.Dark, viewer.Actions{Copy: func(s string) { text = s }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Objects = append([]annotation.Object{{
			ID: "sq", Class: "square", State: annotation.Drawn, By: "Ada", Score: 1,
			Outline: []annotation.Point{{X: 100, Y: 200}, {X: 120, Y: 200}, {X: 120, Y: 210}, {X: 100, Y: 210}},
		}}, val.Objects...)
		v.Set(val)
		s.settle(c)
		view(v).(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutCopy{})
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if len(lines) != 66 || !strings.HasSuffix(lines[0], "\tArea µm²\tPerimeter µm\tMean DAPI") {
			t.Errorf("%d lines, the first %q", len(lines), lines[0])
			return
		}
		// 20 × 10 pixels of 0.325 µm around (110, 205)
		if want := "sq\tsquare\tdrawn\tAda\t1\t35.75\t66.625\t21.125\t19.5"; strings.TrimRight(lines[1], "\t") != want {
			t.Errorf("the first row is %q", lines[1])
		}
		for _, l := range lines[1:] {
			if strings.HasPrefix(l, "C3\t") && !strings.HasSuffix(l, "\t1810") {
				t.Errorf("what core measured is missing: %q", l)
			}
		}
	})
}
