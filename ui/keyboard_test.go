package ui

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/datasets"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/models"
	"coverslip.dev/coverslip/ui/runs"
	"coverslip.dev/coverslip/ui/settings"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

// screens by the number of their key.
func screens() []string {
	return []string{"inbox", "viewer", "datasets", "models", "runs", "servers", "jobs", "settings"}
}

func control(key fyne.KeyName) fyne.Shortcut {
	return &desktop.CustomShortcut{KeyName: key, Modifier: fyne.KeyModifierShortcutDefault}
}

// TestEverythingIsReachableByKeyboard goes by Tab through the whole window, with each screen open
// and an image with objects in the viewer: what a click does something to gets the focus, or is an
// entry of the navigation, which have keys of their own.
func TestEverythingIsReachableByKeyboard(t *testing.T) {
	w, c := furnished(t)
	for n, page := range screens() {
		c.Unfocus()
		if c.TypedShortcut(control(fyne.KeyName(strconv.Itoa(n + 1)))); w.shell.Page() != page {
			t.Fatalf("Ctrl+%d opened %s, not %s", n+1, w.shell.Page(), page)
		}
		met := map[fyne.CanvasObject]bool{}
		for _, f := range byTab(c) {
			if o, ok := f.(fyne.CanvasObject); ok {
				met[o] = true
			}
		}
		entries := 0
		for _, o := range seen(w.win.Content()) {
			_, tappable := o.(fyne.Tappable)
			_, double := o.(fyne.DoubleTappable)
			d, able := o.(fyne.Disableable)
			if !tappable && !double || met[o] || able && d.Disabled() {
				continue
			}
			switch name := fmt.Sprintf("%T", o); name {
			case "*shell.item": // Ctrl and a number, Ctrl+H
				entries++
			case "*widget.scrollBarArea": // what gets the focus is brought into sight
			case "*widget.passwordRevealer": // shows what was typed, and sets nothing
			default:
				t.Errorf("%s: Tab passes by %s at %v", page, name, o.Position())
			}
		}
		if want := len(screens()) + 1; entries != want { // and help
			t.Errorf("%s: the navigation has %d entries, of which %d have keys", page, entries, want)
		}
		if len(met) < 2 { // who sits here, and the health light
			t.Errorf("%s: Tab met only %d", page, len(met))
		}
	}
}

// TestHelpOpensByKey: F1 does while nothing, the image or a field has the focus. Fyne gives it to
// a button that has the focus, and to that alone; Ctrl+H opens help with that, too.
func TestHelpOpensByKey(t *testing.T) {
	w, c := furnished(t)
	opened := func(what string) {
		t.Helper()
		if c.Overlays().Top() == nil {
			t.Errorf("%s: %s opened nothing with %T", w.shell.Page(), what, c.Focused())
		}
		kit.Dismiss(c)
	}
	for _, page := range screens() {
		w.shell.Open(page)
		c.Unfocus()
		c.OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyF1})
		opened("F1")
		for _, f := range byTab(c) {
			c.Focus(f)
			switch f := f.(type) {
			case *kit.Field: // hands shortcuts on, as a test of kit says
				f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF1})
				opened("F1")
			case *kit.PathField:
				f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF1})
				opened("F1")
			case *tileview.View:
				f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyF1})
				opened("F1")
				f.TypedShortcut(control(fyne.KeyH))
				opened("Ctrl+H")
			case fyne.Shortcutable:
				if name := fmt.Sprintf("%T", f); name != "*widget.focusSelectable" { // text to copy: Tab leaves it
					t.Errorf("%s: %s keeps the window's shortcuts", page, name)
				}
			default:
				c.TypedShortcut(control(fyne.KeyH))
				opened("Ctrl+H")
			}
		}
	}
}

// byTab returns what Tab goes through, once round.
func byTab(c fyne.Canvas) []fyne.Focusable {
	c.Unfocus()
	var all []fyne.Focusable
	for {
		c.FocusNext()
		if f := c.Focused(); f == nil || len(all) > 0 && f == all[0] {
			return all
		}
		all = append(all, c.Focused())
	}
}

// seen returns o and everything in it that is not hidden.
func seen(o fyne.CanvasObject) []fyne.CanvasObject {
	if !o.Visible() {
		return nil
	}
	all := []fyne.CanvasObject{o}
	var in []fyne.CanvasObject
	switch o := o.(type) {
	case *fyne.Container:
		in = o.Objects
	case fyne.Widget:
		in = test.WidgetRenderer(o).Objects()
	}
	for _, i := range in {
		all = append(all, seen(i)...)
	}
	return all
}

// keyed is a canvas that takes shortcuts, which the test's does not.
type keyed struct {
	fyne.Canvas

	shortcuts fyne.ShortcutHandler
}

func (k *keyed) AddShortcut(s fyne.Shortcut, do func(fyne.Shortcut)) { k.shortcuts.AddShortcut(s, do) }

func (k *keyed) TypedShortcut(s fyne.Shortcut) { k.shortcuts.TypedShortcut(s) }

type keyedWindow struct {
	fyne.Window

	canvas *keyed
}

func (w *keyedWindow) Canvas() fyne.Canvas { return w.canvas }

// furnished is the window as [window.furnish] makes it, with an image in the viewer.
func furnished(t *testing.T) (*window, *keyed) {
	t.Helper()
	w, _ := corrected(t)
	log := slog.New(slog.DiscardHandler)
	win := test.NewTempWindow(t, nil)
	c := &keyed{Canvas: win.Canvas()}
	w.opt.Log, w.win = log, &keyedWindow{Window: win, canvas: c}
	w.furnish()
	w.win.Resize(fyne.NewSize(1440, 900))
	ring := []annotation.Point{{X: 10, Y: 10}, {X: 40, Y: 10}, {X: 40, Y: 40}}
	w.viewer.Set(viewer.Values{
		ID: "a", Title: "a.tif", Place: "1 of 2", Source: w.desk.src, Saved: "Saved", CanUndo: true, CanRedo: true, CanReview: true,
		Objects: []annotation.Object{{ID: "1", Class: "nucleus", Outline: ring, State: annotation.Predicted}},
		Model:   "nuclei@1", Versions: []string{"nuclei@1", "nuclei@2"},
	})
	return w, c
}

// TestFitsASmallScreen: a screen of 1280×720 pixels at twice the scale has 640×360 units. The window keeps
// to it, and no page is wider; what is higher scrolls.
func TestFitsASmallScreen(t *testing.T) {
	w, _ := furnished(t)
	w.win.SetPadded(false)
	w.win.Resize(fyne.NewSize(640, 360))
	pages := map[string]fyne.CanvasObject{
		"inbox": w.inbox, "viewer": w.viewer, "datasets": w.datasets, "models": w.models, "runs": w.runs,
		"servers": w.servers, "jobs": w.jobs, "settings": w.settings,
	}
	const name = "nuclei-of-the-second-imaging-core-facility-2026-11-24"
	for page, content := range pages {
		w.shell.Open(page)
		w.settings.Set(settings.Values{
			Profiles: []settings.Profile{{Name: "single", Title: "Single files"}},
			Folders:  []settings.Folder{{Path: "/data/confocal", Instrument: "Confocal 2", Quiet: 30, Profile: "single"}},
			Servers:  []settings.Server{{Address: "grpc://gpu-1.lab:8001", Backend: "onnxruntime", HasToken: true}},
		})
		w.setServers(map[string]station.Server{"": {
			Name: "this computer", Answers: true, Ready: true, Models: []infer.Status{{Ref: infer.Ref{Model: "nuclei", Version: "1"}, Ready: true}},
		}})
		w.models.Set(models.Values{Source: "MLflow http://mlflow." + name + ":5000", Models: []models.Model{{
			Name: name, Description: strings.Repeat("Stars ", 40), Versions: []models.Version{{Number: "1", Aliases: []string{"champion"}}},
		}}})
		w.runs.Set(runs.Values{Source: "MLflow http://mlflow." + name + ":5000", Runs: []runs.Run{{ID: "1", Name: name, Metrics: map[string]float64{name: 1}}}})
		w.datasets.Set(datasets.Values{Folder: "/data/" + name, Commits: []datasets.Commit{{ID: "1a2b3c", Subject: name, Body: strings.Repeat(name+"\n", 20)}}})
		if s := w.shell.MinSize(); s.Width > 640 || s.Height > 360 {
			t.Errorf("%s: the window is at least %v × %v units large", page, s.Width, s.Height)
		}
		if right := w.app.Driver().AbsolutePositionForObject(content).X + content.Size().Width; right > 640 {
			t.Errorf("%s: the page reaches to %v units", page, right)
		}
		if s := content.Size(); s.Width < 400 || s.Height < 250 {
			t.Errorf("%s: the page is only %v large", page, s)
		}
		if h := content.MinSize().Height; h > 560 {
			t.Errorf("%s: the page is %v units high", page, h)
		}
	}
}
