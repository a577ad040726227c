package bind

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
)

// OnCanvas calls do with the canvas that shows o, such as to focus something there or
// to open a dialog; not at all while o is on none. A widget has no other way to its
// canvas than over the running app, and this is the only one that we take.
func OnCanvas(o fyne.CanvasObject, do func(fyne.Canvas)) {
	driver := fyne.CurrentApp().Driver() //nolint:forbidigo // the one place that asks for the app
	if c := driver.CanvasForObject(o); c != nil {
		do(c)
	}
}

// Focus calls do, on the screen's thread, with what has the focus on a canvas, each time that
// it is something else, until ctx ends. Fyne tells nobody: it is looked at once in every.
func Focus(ctx context.Context, post Post, c fyne.Canvas, every time.Duration, do func(fyne.Focusable)) error {
	var last fyne.Focusable
	for {
		done := make(chan struct{})
		post(func() {
			defer close(done)
			now := c.Focused()
			if now != last && now != nil && ctx.Err() == nil {
				do(now)
			}
			last = now
		})
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := rest(ctx, every); err != nil {
			return err
		}
	}
}
