package jobs_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/ui/jobs"
	"coverslip.dev/coverslip/ui/theme"
)

func at(s int) time.Time { return time.Date(2026, 3, 4, 15, 0, s, 0, time.UTC) }

func all() map[string]job.Job {
	return map[string]job.Job{
		"a": {ID: "a", Title: "Push to nas", Step: "plate7/A03.ome.tif", State: job.Running, Done: 45e6, Total: 310e6, Files: 3, AllFiles: 12, Started: at(32)},
		"b": {ID: "b", Title: "Predict plate7_A02.ome.tif", State: job.Done, Done: 9, Total: 9, Started: at(1), Ended: at(12)},
		"c": {
			ID: "c", Title: "Promote nuclei@5", State: job.Failed, Started: at(2), Ended: at(9),
			Say: "Version 5 did not answer the probe.", Hint: "Version 4 stays in force.",
		},
		"d": {ID: "d", Title: "Hash plate7_A03.ome.tif", Step: "12 GB of 40 GB", State: job.Stopping, Done: 12, Total: 40, Started: at(30)},
		"e": {ID: "e", Title: "Push plate 6 to the NAS", State: job.Stopped, Started: at(3), Ended: at(8)},
	}
}

func window(t *testing.T, m theme.Mode, act jobs.Actions) (*jobs.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := jobs.New(func() time.Time { return at(42) }, act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

// walk lists what is on the screen. (test.LaidOutObjects makes new renderers, and
// the labels it went through no longer show what is set later.)
func walk(o fyne.CanvasObject) []fyne.CanvasObject {
	out := []fyne.CanvasObject{o}
	var inner []fyne.CanvasObject
	switch x := o.(type) {
	case *fyne.Container:
		inner = x.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(x).Objects()
	}
	for _, c := range inner {
		out = append(out, walk(c)...)
	}
	return out
}

func TestPicture(t *testing.T) {
	s, w := window(t, theme.Dark, jobs.Actions{})
	s.Set(all())
	test.AssertRendersToImage(t, "typical-dark.png", w.Canvas())
}

func TestOnlyWhatRunsCanBeStopped(t *testing.T) {
	var stopped []string
	s, _ := window(t, theme.Dark, jobs.Actions{Stop: func(id string) { stopped = append(stopped, id) }})
	s.Set(all())
	for _, o := range walk(s) {
		if b, ok := o.(*widget.Button); ok && b.Visible() && b.Text == "Stop" {
			test.Tap(b)
		}
	}
	if len(stopped) != 1 || stopped[0] != "a" {
		t.Errorf("stopped %v", stopped)
	}
}
