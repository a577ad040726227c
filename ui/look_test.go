package ui

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
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

// TestWhatIsDroppedIsLookedAt: the first of it that is a file, and not behind a dialog. What can't be
// looked at is said.
func TestWhatIsDroppedIsLookedAt(t *testing.T) {
	w, c := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	w.tell(w.fail)
	file, err := filepath.Abs("../assets/sample/captures/2026-11-24_bbbc038_img2d_DAPI.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	page, err := storage.ParseURI("ftp://lab.example/a.tif")
	if err != nil {
		t.Fatal(err)
	}
	drop := func(what ...fyne.URI) (err error) {
		w.dropped(fyne.Position{}, what)
		for f := w.work.next(); f != nil; f = w.work.next() {
			err = errors.Join(err, f(t.Context()))
		}
		return err
	}
	w.shell.Open("inbox")
	w.help("inbox")
	if err := drop(storage.NewFileURI(file)); err != nil || w.desk.file != "" {
		t.Errorf("%v: behind the manual %q is opened", err, w.desk.file)
	}
	kit.Dismiss(c)
	if err := drop(page, storage.NewFileURI(file)); err != nil || w.desk.file != file || w.shell.Page() != "viewer" {
		t.Errorf("%v: %q is open in %s", err, w.desk.file, w.shell.Page())
	}
	t.Cleanup(func() { w.desk.src.Close() })
	if err := drop(storage.NewFileURI(t.TempDir())); err == nil || w.desk.file != file {
		t.Errorf("an empty folder was opened: %v", err)
	}
	if err := drop(page); err != nil || c.Overlays().Top() == nil {
		t.Errorf("nothing is said of a page of the web: %v", err)
	}
}

// TestAReviewIsFinishedInSightAlone: not from another screen, and not behind a dialog such as the manual.
func TestAReviewIsFinishedInSightAlone(t *testing.T) {
	w, c := furnished(t)
	finish := func() bool {
		c.TypedShortcut(control(fyne.KeyReturn))
		return w.decisions.next() != nil
	}
	w.shell.Open("viewer")
	w.help("viewer")
	if finish() {
		t.Error("finished behind the manual")
	}
	kit.Dismiss(c)
	w.shell.Open("jobs")
	if finish() {
		t.Error("finished while the jobs are open")
	}
	w.shell.Open("viewer")
	if !finish() {
		t.Error("Ctrl+Enter finishes nothing")
	}
}

// TestAnImageComesUpWhereItWasAskedFor: who has gone to another page meanwhile, or writes, stays there. What was
// open before is closed, and waits for no thumbnail.
func TestAnImageComesUpWhereItWasAskedFor(t *testing.T) {
	w, canvas := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	old := &page{Source: w.desk.src}
	ask := func() {
		t.Helper()
		w.desk.src = old
		w.bring(w.shell.Page(), nil, func(context.Context) (desk, error) { return desk{}, nil })
	}
	filter := in(w.inbox, func(*kit.Field) bool { return true })
	for _, c := range []struct {
		then string
		want string
		into fyne.Focusable
	}{
		{"inbox", "viewer", nil},
		{"jobs", "jobs", nil},
		{"jobs inbox", "inbox", nil}, // back to do something else
		{"inbox", "inbox", filter},   // the letters are for that
	} {
		w.shell.Open("inbox")
		ask()
		for page := range strings.FieldsSeq(c.then) {
			w.shell.Open(page)
		}
		canvas.Focus(c.into)
		if err := w.work.next()(t.Context()); err != nil || w.shell.Page() != c.want {
			t.Errorf("%v, and %s is open, not %s: %+v", err, w.shell.Page(), c.want, c)
		}
	}
	w.slow.do(func(context.Context) error { return errors.New("a thumbnail") })
	if err := w.closing.next()(t.Context()); err != nil || !old.closed {
		t.Errorf("closed: %v, %v", old.closed, err)
	}
}

// TestWhatIsBeingOpenedIsSaid: below, until it is there.
func TestWhatIsBeingOpenedIsSaid(t *testing.T) {
	w, _ := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	said := func() bool {
		for _, o := range seen(w.shell) {
			if l, ok := o.(*widget.Label); ok && strings.HasPrefix(l.Text, "Opening a.tif · ") {
				return true
			}
		}
		return false
	}
	w.opens("a.tif")
	w.bring("inbox", nil, func(context.Context) (desk, error) {
		if !said() {
			t.Error("it does not say what is being opened")
		}
		return desk{}, context.Canceled
	})
	if err := w.work.next()(t.Context()); err == nil || said() {
		t.Errorf("%v, and it still says so", err)
	}
}
