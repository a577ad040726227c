package ui

import (
	"context"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/ui/viewer"
)

// rest is how long the threshold must rest before objects are made for it.
const rest = 120 * time.Millisecond

// moving is a threshold on its way.
type moving struct {
	at  float64 // 0: it rests
	say string
}

// moveThreshold makes the open capture's objects anew of what the model has answered. A move
// ends the one before, so that only the newest is shown.
func (w *window) moveThreshold(at float64) {
	it, ok := w.station.Items().Row(w.desk.id)
	src, own := w.desk.src, w.desk.edits
	if !ok || src == nil {
		return
	}
	w.desk.moving = moving{at: at}
	w.fillViewer()
	w.thresholds.do(func(ctx context.Context) error {
		o, err := w.atThreshold(ctx, it, opened{src: src}, at)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // there is a newer one
		}
		w.work.post(func() {
			d := &w.desk
			if d.src != src || d.moving.at != at {
				return
			}
			d.moving = moving{}
			switch {
			case err != nil:
				say, hint := fault.Explain(err)
				d.moving.say = say + " " + hint
			case d.edits != own: // a person has corrected meanwhile
				w.reread()
			default:
				w.take(o)
			}
			w.fillViewer()
		})
		return nil
	})
}

func (w *window) atThreshold(ctx context.Context, it flow.Item, o opened, at float64) (opened, error) {
	t := time.NewTimer(rest)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return o, ctx.Err()
	case <-t.C:
	}
	if err := w.station.SetThreshold(ctx, it, at); err != nil {
		return o, err
	}
	return w.read(ctx, it, o.src)
}

// limit is what the viewer shows of the threshold.
func (d *desk) limit() viewer.Threshold {
	t := viewer.Threshold{At: d.threshold, Say: d.moving.say}
	if d.moving.at > 0 {
		t.At, t.Making = d.moving.at, true
	}
	return t
}
