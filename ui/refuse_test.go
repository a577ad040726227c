package ui

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/fault"
)

// TestTheProgramSaysWhyItDoesNotStart in a window that keys and a button close.
func TestTheProgramSaysWhyItDoesNotStart(t *testing.T) {
	a := test.NewTempApp(t)
	why := fault.New(fault.Busy, "It is at work already.", "Use the window that is open.", nil)
	for what, end := range map[string]func(fyne.Window){
		"Enter":  func(w fyne.Window) { w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn}) },
		"Escape": func(w fyne.Window) { w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
		"button": func(w fyne.Window) {
			for _, o := range seen(w.Content()) {
				if b, ok := o.(*widget.Button); ok && b.Text == "Close" {
					test.Tap(b)
				}
			}
		},
	} {
		w := refusal(a, why)
		closed := false
		w.SetOnClosed(func() { closed = true })
		said := map[string]bool{}
		for _, o := range seen(w.Content()) {
			if l, ok := o.(*widget.Label); ok {
				said[l.Text] = true
			}
		}
		if !said["It is at work already."] || !said["Use the window that is open."] {
			t.Errorf("says %v", said)
		}
		if end(w); !closed {
			t.Errorf("%s does not close it", what)
		}
	}
}

// TestTheWindowSaysThatTheStationHasEnded over all else.
func TestTheWindowSaysThatTheStationHasEnded(t *testing.T) {
	w, c := furnished(t)
	w.queues = newQueues(func(f func()) { f() }, w.opt.Log)
	ended := make(chan error, 1)
	w.opt.Ended = ended
	ended <- fault.New(fault.Full, "The disk is full.", "Free some room.", nil)
	if err := w.heed(t.Context()); err != nil || len(c.Overlays().List()) != 1 {
		t.Errorf("%d dialogs, %v", len(c.Overlays().List()), err)
	}
}
