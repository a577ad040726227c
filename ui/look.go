package ui

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/viewer"
)

// lookAt opens any image file in the viewer: it is looked at, not captured. Its objects follow.
func (w *window) lookAt(path string) { w.lookAtFrom(w.shell.Page(), path, nil) }

// lookAtFrom looks at what a dialog asked for, if a is not nil.
func (w *window) lookAtFrom(from, path string, a *asking) {
	var src imageio.Source
	w.opens(fileName(path))
	w.bring(from, func() { w.lookAtFrom(from, path, nil) }, func(ctx context.Context) (desk, error) {
		found, err := w.station.OpenFile(ctx, path)
		if err = a.heard(err); err != nil {
			return desk{}, err
		}
		src = found
		return desk{file: path, src: src, home: src.Info().Image}, nil
	})
	w.work.do(func(context.Context) error { // after that
		if src == nil || isAddress(path) {
			return nil
		}
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
	w.reading.end()
	w.measuring.end()
	w.desk = d
	w.followFilm()
	w.measure()
	w.fillViewer()
	w.prepared(w.station.Jobs().Jobs.All())
	if it, ok := w.station.Items().Row(d.id); ok {
		w.desk.anew(w, it) // it may have been predicted since it was read
	}
	if old != nil {
		w.close(old)
	}
}

// close closes an image soon: it may hold much memory, but may also wait for a server.
func (w *window) close(src imageio.Source) {
	w.closing.do(func(context.Context) error { return src.Close() })
}

// lookAtImage opens the n-th image of the file that is open, which holds several. Only the one
// that models see can be corrected.
func (w *window) lookAtImage(n int) {
	d := w.desk
	it, captured := w.station.Items().Row(cmp.Or(d.id, d.other))
	switch {
	case n == d.home && captured:
		w.open(it.ID)
		return
	case n == d.home:
		w.lookAt(d.file)
		return
	}
	w.bring(w.shell.Page(), func() { w.lookAtImage(n) }, func(ctx context.Context) (desk, error) {
		var src imageio.Source
		var err error
		if captured {
			src, err = w.station.OpenNth(ctx, it, n)
		} else {
			src, err = w.station.OpenFileNth(ctx, d.file, n)
		}
		return desk{file: d.file, other: it.ID, src: src, home: d.home}, err
	})
}

// onlyLooked is what the viewer shows of an image that is only looked at.
func (w *window) onlyLooked() viewer.Values {
	d := &w.desk
	v := viewer.Values{
		Title: fileName(d.file), Place: "not captured", Source: d.src, Objects: d.objects, Presets: w.presets(),
	}
	v.Z, v.T = station.Lying(flow.Item{}, d.src.Info()) // as if it were captured
	if it, ok := w.station.Items().Row(d.other); ok {
		v.Title, v.Place = it.Title, w.place(it.ID)
	}
	if info := d.src.Info(); info.Image != d.home && d.home < len(info.Images) {
		v.Say = "This image is only looked at."
		v.Hint = "Models see “" + info.Images[d.home] + "” of this file, and objects are corrected there."
	}
	return v
}

// place says where a capture stands among those that the inbox shows.
func (w *window) place(id string) string {
	shown := w.inbox.Shown()
	all := slices.DeleteFunc(w.captures(), func(o flow.Item) bool { return !shown[o.ID] })
	at := slices.IndexFunc(all, func(o flow.Item) bool { return o.ID == id })
	if at < 0 {
		return fmt.Sprintf("not among the %d shown", len(all))
	}
	return fmt.Sprintf("%d of %d", at+1, len(all))
}

// move opens the next capture that the inbox shows, or with -1 the one before.
func (w *window) move(by int) {
	if id := w.beside(by); id != "" {
		w.open(id)
	}
}

// beside is the capture to move to, "" for none: from the place of the open one, also where the filter does not
// leave that any more, as when its review is done.
func (w *window) beside(by int) string {
	all, shown := w.captures(), w.inbox.Shown()
	at := slices.IndexFunc(all, func(o flow.Item) bool { return o.ID == cmp.Or(w.desk.id, w.desk.other) })
	if at < 0 {
		return ""
	}
	for at += by; at >= 0 && at < len(all); at += by {
		if shown[all[at].ID] {
			return all[at].ID
		}
	}
	return ""
}

// focused brings what has the focus into sight.
func (w *window) focused(f fyne.Focusable) {
	if o, ok := f.(fyne.CanvasObject); ok {
		kit.Reveal(w.win.Content(), o)
	}
}

// keys has the viewer's keys work also while nothing has the focus, as after a click on a button.
func (w *window) keys(c fyne.Canvas) {
	looking := func() bool { return c.Overlays().Top() == nil && w.shell.Page() == "viewer" }
	c.SetOnTypedRune(func(r rune) {
		if looking() {
			w.viewer.Keys().TypedRune(r)
		}
	})
	for _, s := range []fyne.Shortcut{
		&fyne.ShortcutUndo{}, &fyne.ShortcutRedo{}, &fyne.ShortcutCopy{},
		&desktop.CustomShortcut{KeyName: fyne.KeyZ, Modifier: fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift},
	} {
		c.AddShortcut(s, func(s fyne.Shortcut) {
			if o, ok := w.viewer.Keys().(fyne.Shortcutable); ok && looking() {
				o.TypedShortcut(s)
			}
		})
	}
	finish := &desktop.CustomShortcut{KeyName: fyne.KeyReturn, Modifier: fyne.KeyModifierShortcutDefault}
	c.AddShortcut(finish, func(fyne.Shortcut) {
		if looking() {
			w.viewer.Finish()
		}
	})
	before := c.OnTypedKey()
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch {
		case c.Overlays().Top() != nil: // the keys are for that
			if e.Name == fyne.KeyEscape {
				kit.Dismiss(c)
			}
		case w.shell.Page() == "viewer" && e.Name != fyne.KeyF1:
			w.viewer.Keys().TypedKey(e)
		case before != nil:
			before(e)
		}
	})
}
