package tileview

import (
	"context"
	"errors"

	"coverslip.dev/coverslip/core/fault"
)

// Measure finds what the samples of the plane that is shown span, and tells it by Measured.
func (v *View) Measure() {
	z, tm := v.plane()
	v.work.ask(tileKey{z: z, t: tm})
}

// measure finds what the samples of every channel span, from some of a plane, and tells the screen. What a server that is away did not give out when the image was opened is measured later.
func (v *View) measure(ctx context.Context, t task) {
	var ranges []Range
	var spans []span
	gone := false
	for c := range t.info.Channels {
		r, s, err := v.work.rangeOf(ctx, t, c)
		if r.None() && (t.asked && err != nil || fault.Again(err)) { // nothing is known: it is no range of samples
			v.unmeasured(t, err)
			return
		}
		if err != nil && !errors.Is(err, context.Canceled) && c == 0 {
			v.trouble(t, err)
			gone = fault.Again(err)
		}
		ranges, spans = append(ranges, r), append(spans, s)
	}
	if v.work.measured(t.opened, spans, gone) {
		v.post(func() {
			tell := v.act.Ranged
			if t.asked {
				tell = v.act.Measured
			}
			if v.src == t.src && tell != nil {
				tell(ranges)
			}
			v.redraw()
		})
	}
}

// unmeasured tells that nothing could be measured.
func (v *View) unmeasured(t task, err error) {
	if t.asked {
		v.post(func() {
			if v.src == t.src && v.act.Measured != nil {
				v.act.Measured(nil)
			}
		})
		if !errors.Is(err, context.Canceled) {
			v.trouble(t, err)
		}
	} else if v.work.unmeasured(t.opened) {
		v.trouble(t, err)
	}
}
