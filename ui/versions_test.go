package ui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"
)

func TestAFolderIsAskedFor(t *testing.T) {
	test.NewTempApp(t)
	w := test.NewTempWindow(t, widget.NewLabel("a screen"))
	w.Resize(fyne.NewSize(1000, 700))
	var to string
	askFolder(w, "Where to?", "Save here", "", func(folder string) { to = folder })
	top := w.Canvas().Overlays().Top()
	if top == nil {
		t.Fatal("nothing asks")
	}
	for _, o := range test.LaidOutObjects(top) {
		if b, ok := o.(*widget.Button); ok && b.Text == "Save here" {
			test.Tap(b)
		}
	}
	if to == "" {
		t.Error("no folder was taken")
	}
}

func TestACopyIsNamedByItsVersion(t *testing.T) {
	for version, want := range map[string]string{"1a2b3c4d5e6f": "1a2b3c4", "1a2b3c4d5e6f^": "before-1a2b3c4", "HEAD": "HEAD", "": "now"} {
		if got := short(version); got != want {
			t.Errorf("%q: %q, not %q", version, got, want)
		}
	}
}
