package viewer_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
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
		val.Measuring, val.Forming = 0, true
		v.Set(val)
		view(v).(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutCopy{})
		if text != "" || labelOf(v, "Objects are still being found") == "" {
			t.Errorf("copied while they form: %q", text)
		}
	})
}

// TestAnObjectHasOneAreaAndOneCentre: that of its pixels, of which core measured all else, in the table and under
// Selected. What core has not measured is as the outline tells.
func TestAnObjectHasOneAreaAndOneCentre(t *testing.T) {
	var text string
	show(t, theme.Dark, viewer.Actions{Copy: func(s string) { text = s }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Objects = []annotation.Object{
			{ID: "a", State: annotation.Drawn, Outline: []annotation.Point{{X: 100, Y: 200}, {X: 120, Y: 200}, {X: 120, Y: 210}, {X: 100, Y: 210}}},
			{ID: "b", State: annotation.Drawn, Outline: []annotation.Point{{X: 10, Y: 10}, {X: 20, Y: 10}, {X: 20, Y: 20}, {X: 10, Y: 20}}},
		}
		val.Table.Places = map[string]viewer.Place{"a": {X: 111, Y: 206, Area: 220}}
		v.Set(val)
		s.settle(c)
		view(v).(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutCopy{})
		for _, want := range []string{"a\t\tdrawn\t\t0\t36.075\t66.95\t23.2375\n", "b\t\tdrawn\t\t0\t4.875\t4.875\t10.5625\n"} { // 0.325 µm
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in %q", want, text)
			}
		}
		for id, want := range map[string]string{"a": "23.24 µm²", "b": "10.56 µm²"} {
			if tiles(v).Select(id); labelOf(v, want) == "" {
				t.Errorf("%s is not %s large", id, want)
			}
		}
	})
}

// TestOnlyWhatIsOnTheScreenIsCopied: not the objects of another time point.
func TestOnlyWhatIsOnTheScreenIsCopied(t *testing.T) {
	copied := 0
	show(t, theme.Dark, viewer.Actions{Copy: func(string) { copied++ }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := followed()
		val.Film.Frames = nil
		v.Set(val)
		s.settle(c)
		tiles(v).TypedShortcut(&fyne.ShortcutCopy{})
		press(v, c, '>')
		tiles(v).TypedShortcut(&fyne.ShortcutCopy{})
		if copied != 1 || labelOf(v, "No objects are known at this time point") == "" {
			t.Errorf("copied %d times", copied)
		}
	})
}

// TestWhatIsNotMeasuredHasNoColumns: at another time point than the review's the outlines tell what there is.
func TestWhatIsNotMeasuredHasNoColumns(t *testing.T) {
	var tables []string
	show(t, theme.Dark, viewer.Actions{Copy: func(s string) { tables = append(tables, s) }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := followed()
		val.Table = viewer.Table{Names: []string{"Perimeter µm"}, Rows: map[string][]float64{"5 of 3": {12}}}
		v.Set(val)
		s.settle(c)
		tiles(v).TypedShortcut(&fyne.ShortcutCopy{})
		press(v, c, '>')
		tiles(v).TypedShortcut(&fyne.ShortcutCopy{})
		if len(tables) != 2 || !strings.Contains(tables[0], "\tFrame\tTrack\tPerimeter µm\n") || !strings.Contains(tables[1], "\tFrame\tTrack\n") {
			t.Errorf("copied %q", tables)
		}
		if labelOf(v, "Positions and areas only") == "" {
			t.Error("what is left out is not said")
		}
	})
}

// TestSecondViewsKeepWhatTheyShow: a snapshot and the table are those of the view that has the keys,
// and the brush is as large in all.
func TestSecondViewsKeepWhatTheyShow(t *testing.T) {
	var tables []string
	var pictures []tileview.Picture
	act := viewer.Actions{
		Copy: func(text string) { tables = append(tables, text) },
		Snapshot: func(p tileview.Picture) func(string) {
			pictures = append(pictures, p)
			return func(string) {}
		},
	}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(followed())
		s.settle(c)
		press(v, c, 'v')
		choose(v, "One time point later")
		s.settle(c)
		first, later := all(v)[0], all(v)[1]
		for _, n := range []*tileview.View{first, later} {
			n.TypedShortcut(&fyne.ShortcutCopy{})
			n.TypedRune('s')
		}
		if len(tables) != 2 || !strings.Contains(tables[0], "\n5 of 3\t") || !strings.Contains(tables[1], "\n5 of 4\t") {
			t.Errorf("copied: %q", tables)
		}
		if len(pictures) != 2 || bytes.Equal(pictures[0].Image.Pix, pictures[1].Image.Pix) {
			t.Errorf("%d snapshots, or twice the same", len(pictures))
		}
		later.TypedRune('}')
		if a, b := first.BrushSize(), later.BrushSize(); a != b || labelOf(v, "Brush ") == "" {
			t.Errorf("brushes of %g and %g pixels", a, b)
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

// TestNoSnapshotOfHalfAPicture: while another plane is read the one before still stands there.
func TestNoSnapshotOfHalfAPicture(t *testing.T) {
	taken := 0
	act := viewer.Actions{Snapshot: func(tileview.Picture) func(string) {
		taken++
		return func(string) {}
	}}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		tiles(v).SetPlane(4, 0)
		tiles(v).TypedRune('s')
		if taken != 0 || labelOf(v, "Parts are still being read") == "" {
			t.Errorf("%d taken while the plane is read", taken)
		}
		s.settle(c)
		if tiles(v).TypedRune('s'); taken != 1 {
			t.Errorf("%d taken when it is there", taken)
		}
	})
}

// TestANoteStandsUntilThePointerMoves: what comes under a pointer that stays does not take its place.
func TestANoteStandsUntilThePointerMoves(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		v.Set(val)
		s.settle(c)
		over := &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 300)}}
		tiles(v).MouseMoved(over)
		v.Note("Kept as a.png")
		val.Objects = nil
		v.Set(val)
		tiles(v).Zoom(2)
		if s.settle(c); labelOf(v, "Kept as") == "" {
			t.Error("the note is gone though the pointer stays")
		}
		tiles(v).MouseMoved(over)
		if labelOf(v, "Kept as") != "" || labelOf(v, "x ") == "" {
			t.Error("the pointer moves, and the note stays")
		}
		tiles(v).Zoom(2)
		at := labelOf(v, "x ")
		if tiles(v).Zoom(0.5); labelOf(v, "x ") == at {
			t.Error("what comes under the pointer is not told")
		}
	})
}

// TestALongFootWidensNoWindow: on a small screen at scale 2 there are 640 units.
func TestALongFootWidensNoWindow(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Saved = "10 corrections in the draft only, not committed yet"
		v.Set(val)
		s.settle(c)
		if w := v.MinSize().Width; w > 560 { // beside the navigation
			t.Errorf("the viewer is %v wide at least", w)
		}
	})
}
