package ui

import (
	"context"
	"errors"
	"fmt"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/kit"
)

// await says that an image is being made first, and asks for it again when it is there, unless another was asked
// for by then. It reports whether err is of that.
func (w *window) await(err error, own int64, again func()) bool {
	m, ok := errors.AsType[*imageio.Making](err)
	if !ok {
		return false
	}
	w.work.post(func() {
		if w.asked.Load() != own {
			return
		}
		b := kit.NewBanner()
		say, hint := fault.Explain(m)
		b.Set(kit.Busy, say, hint, "", nil)
		kit.Over(w.win.Canvas(), "One moment", b, fyne.NewSize(520, 140))
		w.making = w.win.Canvas().Overlays().Top()
		w.awaiting.do(func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-m.Done:
			}
			why := m.Why()
			w.awaiting.post(func() {
				if w.asked.Load() != own {
					return
				}
				w.unsay()
				switch {
				case why == nil:
					again()
				case fault.KindOf(why) != fault.Canceled:
					w.fail(fault.Explain(why))
				}
			})
			return nil
		})
	})
	return true
}

// unsay takes back that an image is made first.
func (w *window) unsay() {
	if w.making != nil {
		kit.Close(w.win.Canvas(), w.making)
		w.making = nil
	}
}

// prepared says how far the coarser levels of the open capture are, which appears slowly without them.
func (w *window) prepared(all map[string]job.Job) {
	it, ok := w.station.Items().Row(w.desk.id)
	if !ok || w.desk.src == nil {
		return
	}
	md5, _ := station.Image(it)
	say := ""
	for _, j := range all {
		if j.Kind == station.Coarsening(md5) && j.State == job.Running {
			say = fmt.Sprintf("The coarser levels of this large image are being made: %.0f %%.", 100*float64(j.Done)/float64(max(j.Total, 1)))
		}
	}
	if say != w.desk.preparing {
		w.desk.preparing = say
		w.fillViewer()
	}
}

// converted has small pictures made that could not be before something was converted.
func (w *window) converted(all map[string]job.Job) {
	done, more := map[string]bool{}, false
	for id, j := range all { // of which old ones go as new ones come, and which end in any order
		if j.Kind == station.Converting && j.State == job.Done {
			done[id], more = true, more || !w.conversions[id]
		}
	}
	if w.conversions = done; !more {
		return
	}
	for id, img := range w.thumbs {
		if img == nil {
			delete(w.thumbs, id)
		}
	}
	w.inbox.Pictured()
}
