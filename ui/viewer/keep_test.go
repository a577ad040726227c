package viewer_test

import (
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
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
		val.Table = viewer.Table{Names: []string{"Perimeter µm", "DAPI: Mean"}, Rows: map[string][]float64{"C3": {math.NaN(), 1810}}}
		v.Set(val)
		s.settle(c)
		view(v).(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutCopy{})
		lines := strings.Split(strings.TrimSpace(text), "\n")
		if len(lines) != 66 || !strings.HasSuffix(lines[0], "\tArea µm²\tPerimeter µm\tDAPI: Mean") {
			t.Errorf("%d lines, the first %q", len(lines), lines[0])
			return
		}
		// 20 × 10 pixels of 0.325 µm around (110, 205)
		if want := "sq\tsquare\tdrawn\tAda\t1\t35.75\t66.625\t21.125"; strings.TrimRight(lines[1], "\t") != want {
			t.Errorf("the first row is %q", lines[1])
		}
		for _, l := range lines[1:] {
			if strings.HasPrefix(l, "C3\t") && !strings.HasSuffix(l, "\t\t1810") {
				t.Errorf("what core measured is missing: %q", l)
			}
		}
		val.Measuring, text = 3, ""
		v.Set(val)
		view(v).(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutCopy{})
		if text != "" || labelOf(v, "Objects are still being measured") == "" {
			t.Errorf("copied while objects are being measured: %q", text)
		}
	})
}

// TestAPresetIsForgottenForItsChannelsOnly: one that there is not is not said to be deleted.
func TestAPresetIsForgottenForItsChannelsOnly(t *testing.T) {
	var gone []viewer.Preset
	act := viewer.Actions{DropPreset: func(p viewer.Preset) { gone = append(gone, p) }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		of := func(names ...string) (cs []tileview.Channel) {
			for _, n := range names {
				cs = append(cs, tileview.Channel{Name: n})
			}
			return cs
		}
		val.Presets = []viewer.Preset{{Name: "other", Channels: of("Cy5")}, {Name: "own", Channels: of("DAPI", "GFP")}}
		v.Set(val)
		s.settle(c)
		forget := func(name string) {
			for _, o := range walk(v) {
				if f, ok := o.(*kit.Field); ok && f.PlaceHolder == "Preset's name" {
					f.SetText(name)
				}
			}
			for _, o := range walk(v) {
				if b, ok := o.(*widget.Button); ok && b.Text == "" && b.Icon != nil && b.Icon.Name() == fynetheme.DeleteIcon().Name() {
					test.Tap(b)
				}
			}
		}
		forget("other")
		forget("none")
		if len(gone) != 0 || labelOf(v, "There is no preset “none”") == "" {
			t.Errorf("forgotten: %+v", gone)
		}
		forget("own")
		if len(gone) != 1 || !gone[0].Same(val.Presets[1]) || labelOf(v, "Preset “own” deleted.") == "" {
			t.Errorf("forgotten: %+v", gone)
		}
	})
}
