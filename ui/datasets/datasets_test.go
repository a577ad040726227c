package datasets_test

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/datasets"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

func window(t *testing.T, m theme.Mode, act datasets.Actions) (*datasets.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := datasets.New(act)
	w := test.NewTempWindow(t, s)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

func values() datasets.Values {
	at := func(m int) time.Time { return time.Date(2026, 3, 4, 14, m, 0, 0, time.UTC) }
	return datasets.Values{
		Folder: "/data/cells",
		Commits: []datasets.Commit{
			{
				ID: "1a2b3c4", Who: "Ada Lovelace", When: at(40), Message: "Review plate7_A01: 3 rejected, 1 drawn",
				Files: []string{"plate7/A01.geojson"},
			},
			{
				ID: "9f8e7d6", Who: "Ada Lovelace", When: at(12), Message: "Capture plate7_A01.ome.tif from Confocal 2", Pushed: true,
				Files: []string{"plate7/A01.ome.tif.dvc"},
			},
			{ID: "55aa201", Who: "Bo", When: at(3), Message: "Start the dataset", Pushed: true},
		},
		Remotes: []datasets.Remote{
			{ID: "nas", Name: "NAS", Kind: "DVC remote", Address: "/mnt/nas/dvc", Tone: kit.Good, State: "up to date"},
			{
				ID: "git", Name: "origin", Kind: "Git server", Address: "https://git.lab/cells.git", Tone: kit.Held, State: "1 commit behind",
				Say: "The Git server does not answer.", Hint: "The push goes on by itself when it is back.",
			},
		},
	}
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
	s, w := window(t, theme.Light, datasets.Actions{})
	s.Set(values())
	test.AssertRendersToImage(t, "typical-light.png", w.Canvas())
}

func TestPushGoesToItsPlace(t *testing.T) {
	var pushed []string
	s, _ := window(t, theme.Dark, datasets.Actions{Push: func(id string) { pushed = append(pushed, id) }})
	v := values()
	v.Remotes[0].Pushing = true
	s.Set(v)
	for _, o := range walk(s) {
		if b, ok := o.(*widget.Button); ok && (b.Text == "Push" || b.Text == "Pushing") {
			test.Tap(b)
		}
	}
	if len(pushed) != 1 || pushed[0] != "git" {
		t.Errorf("pushed %v", pushed)
	}
}
