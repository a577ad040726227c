package ui

import (
	"context"
	"strings"
	"sync/atomic"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/viewer"
)

func counted(all []infer.Frame) []viewer.Count {
	out := make([]viewer.Count, len(all))
	for i, f := range all {
		out[i] = viewer.Count(f)
	}
	return out
}

// countFrames counts the open capture's objects over time, and draws the course as it grows.
func (w *window) countFrames() {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok || w.counting[it.ID] {
		return
	}
	w.counting[it.ID] = true
	var last atomic.Pointer[station.Frames]
	var posted atomic.Bool // the screen is sent nothing more until it is done
	show := func() {
		posted.Store(false)
		if f := last.Load(); f != nil && w.desk.id == it.ID {
			w.desk.frames = *f
			w.fillViewer()
		}
	}
	w.longs.do(func(ctx context.Context) error {
		defer bind.Screen(func() {
			delete(w.counting, it.ID)
			show()
			if w.desk.id == it.ID {
				w.followFilm()
			}
		})
		return w.station.CountFrames(ctx, it, func(f station.Frames) {
			last.Store(&f)
			if !posted.Swap(true) {
				bind.Screen(show)
			}
		})
	})
	w.fillViewer()
}

// copyCounts puts the counts onto the clipboard, as a table.
func (w *window) copyCounts() {
	var b strings.Builder
	if err := infer.WriteFrames(&b, w.desk.frames.Frames); err == nil {
		w.app.Clipboard().SetContent(b.String())
	}
}
