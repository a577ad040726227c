package bind_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/bind"
)

// TestFocusIsToldOnce moves the focus: each change is told once, no focus is not told.
func TestFocusIsToldOnce(t *testing.T) {
	test.NewTempApp(t)
	synctest.Test(t, func(t *testing.T) {
		a, b := widget.NewButton("a", nil), widget.NewButton("b", nil)
		w := test.NewTempWindow(t, container.NewHBox(a, b))
		c := w.Canvas()
		ctx, cancel := context.WithCancel(t.Context())
		q := make(bind.Queue)
		var told []fyne.Focusable
		done := make(chan error)
		go func() {
			done <- bind.Focus(ctx, q.Post, c, time.Second, func(o fyne.Focusable) { told = append(told, o) })
		}()
		look := func() {
			n := 0
			if err := q.RunUntil(ctx, func() bool { n++; return n > 1 }); err != nil {
				t.Fatal(err)
			}
		}
		look()
		c.Focus(a)
		look()
		look()
		c.Focus(b)
		look()
		c.Unfocus()
		look()
		c.Focus(b)
		look()
		if len(told) != 3 || told[0] != fyne.Focusable(a) || told[1] != fyne.Focusable(b) || told[2] != fyne.Focusable(b) {
			t.Errorf("told %v", told)
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("ended with %v", err)
		}
	})
}
