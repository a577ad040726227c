package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/shell"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/viewer"
)

// board is a canvas that takes shortcuts as the window's does; that of tests takes none.
type board struct {
	fyne.Canvas
	shortcuts fyne.ShortcutHandler
}

func (b *board) AddShortcut(s fyne.Shortcut, do func(fyne.Shortcut)) { b.shortcuts.AddShortcut(s, do) }

// TestTheViewersShortcutsNeedNoFocus: they work while nothing has it, on the viewer's page and with no
// dialog over it.
func TestTheViewersShortcutsNeedNoFocus(t *testing.T) {
	app := test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	var did []string
	w := &window{app: app, viewer: viewer.New(func(f func()) { f() }, viewer.Actions{
		Undo: func() { did = append(did, "undo") }, Redo: func() { did = append(did, "redo") },
	})}
	w.shell = shell.New([]shell.Page{
		{ID: "viewer", Title: "Viewer", Icon: "viewer", Content: w.viewer},
		{ID: "jobs", Title: "Jobs", Icon: "jobs", Content: widget.NewLabel("")},
	}, shell.Actions{})
	win := test.NewTempWindow(t, w.shell)
	b := &board{Canvas: win.Canvas()}
	w.keys(b)
	c := &b.shortcuts
	again := &desktop.CustomShortcut{KeyName: fyne.KeyZ, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift}
	w.shell.Open("viewer")
	for _, s := range []fyne.Shortcut{&fyne.ShortcutUndo{}, &fyne.ShortcutRedo{}, again} {
		c.TypedShortcut(s)
	}
	pop := widget.NewModalPopUp(widget.NewLabel(""), win.Canvas())
	pop.Show()
	c.TypedShortcut(&fyne.ShortcutUndo{})
	pop.Hide()
	w.shell.Open("jobs")
	c.TypedShortcut(&fyne.ShortcutUndo{})
	if want := []string{"undo", "redo", "redo"}; !slices.Equal(did, want) {
		t.Errorf("did %v, want %v", did, want)
	}
}
