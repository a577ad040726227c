package ui

import (
	"context"
	"path/filepath"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/viewer"
)

// lookAt opens any image file in the viewer: it is looked at, not captured. Its objects follow.
func (w *window) lookAt(path string) {
	w.work.do(func(ctx context.Context) error {
		src, err := w.station.OpenFile(ctx, path)
		if err != nil {
			return err
		}
		w.work.post(func() { w.put(desk{file: path, src: src}) })
		objects, err := station.ObjectsBeside(path)
		if err != nil {
			return err
		}
		w.work.post(func() {
			if w.desk.src == src {
				w.desk.objects = objects
				w.fillViewer()
			}
		})
		return nil
	})
}

// put shows what was opened, and closes what was open before.
func (w *window) put(d desk) {
	old := w.desk.src
	w.desk = d
	w.fillViewer()
	w.shell.Open("viewer")
	if old != nil {
		w.slow.do(func(context.Context) error { return old.Close() })
	}
}

// looked is what the viewer shows of a file that is only looked at.
func (d *desk) looked() viewer.Values {
	return viewer.Values{ID: d.file, Title: filepath.Base(d.file), Place: "not captured", Source: d.src, Objects: d.objects}
}

// keys has the viewer's keys work also while nothing has the focus.
func (w *window) keys(c fyne.Canvas) {
	c.SetOnTypedRune(func(r rune) {
		if w.shell.Page() == "viewer" {
			w.viewer.Keys().TypedRune(r)
		}
	})
	before := c.OnTypedKey()
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		if w.shell.Page() == "viewer" && e.Name != fyne.KeyF1 {
			w.viewer.Keys().TypedKey(e)
		} else if before != nil {
			before(e)
		}
	})
}
