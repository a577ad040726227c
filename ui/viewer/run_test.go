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

// shaped is cells with so many planes and time points.
type shaped struct {
	cells
	z, t int
}

func (s shaped) Info() imageio.Info {
	i := s.cells.Info()
	i.Z, i.T = s.z, s.t
	return i
}

// TestRunAgainOnAPlane: where there are several planes or times, the model looks at the one on the
// screen if that is asked for, and it is said which one it was.
func TestRunAgainOnAPlane(t *testing.T) {
	var got viewer.Run
	show(t, theme.Dark, viewer.Actions{RunAgain: func(r viewer.Run) { got = r }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		open := func(z, at int, val viewer.Values) (b *widget.Button, here *kit.Check) {
			val.Source = shaped{z: z, t: at}
			v.Set(val)
			s.settle(c)
			for _, o := range walk(v) {
				if x, ok := o.(*widget.Button); ok && x.Text == "Run again" {
					b = x
				}
				if x, ok := o.(*kit.Check); ok && (x.Text == "On this plane" || x.Text == "At this time") {
					here = x
				}
			}
			return b, here
		}
		b, here := open(5, 3, typical())
		tiles(v).SetPlane(3, 2)
		if test.Tap(b); got.Here {
			t.Errorf("nobody chose a plane: %+v", got)
		}
		here.SetChecked(true)
		if test.Tap(b); here.Text != "On this plane" || got != (viewer.Run{Here: true, Z: 3, T: 2}) {
			t.Errorf("%q: %+v", here.Text, got)
		}
		val := typical()
		val.Z, val.T, val.Chosen = 3, 2, true
		if open(5, 3, val); labelOf(v, "nuclei@4") != "nuclei@4, plane 4, time 3" {
			t.Errorf("it was asked on a plane, and it says %q", labelOf(v, "nuclei@4"))
		}
		val.Z = 0
		if _, here = open(1, 3, val); labelOf(v, "nuclei@4") != "nuclei@4, time 3" || here.Text != "At this time" || !here.Visible() {
			t.Errorf("of a film it says %q, to be asked %q", labelOf(v, "nuclei@4"), here.Text)
		}
		if b, here = open(1, 1, typical()); here.Visible() {
			t.Error("there is one plane, and it can be chosen")
		}
		if test.Tap(b); got.Here {
			t.Errorf("there is one plane, and it was chosen: %+v", got)
		}
	})
}

// TestWhatIsLackingIsSaid: of a capture of several files that one is shown, and beside a prediction
// what was guessed.
func TestWhatIsLackingIsSaid(t *testing.T) {
	show(t, theme.Light, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		seen := func(text string) bool {
			for _, o := range walk(v) {
				if l, ok := o.(*widget.Label); ok && l.Text == text && l.Visible() {
					return true
				}
			}
			return false
		}
		const note, files = "The image has none of the 2 channels that the model names.", "1 of 300 files"
		val := typical()
		val.Note, val.Files = note, 300
		v.Set(val)
		s.settle(c)
		if !seen(note) || !seen(files) {
			t.Errorf("the note is seen %v, how many files there are %v", seen(note), seen(files))
		}
		val.Running = "Predicting"
		if v.Set(val); seen(note) {
			t.Error("a note about the prediction before")
		}
		val = typical()
		val.Source = shaped{z: 1, t: 1}
		v.Set(val)
		s.settle(c)
		if seen(note) || seen(files) {
			t.Error("said of another image")
		}
	})
}
