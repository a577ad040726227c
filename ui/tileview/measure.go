package tileview

import (
	"cmp"
	"context"
	"errors"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Measure finds what the samples of the plane that is shown span, and tells it by Measured.
func (v *View) Measure() {
	z, tm := v.plane()
	v.work.ask(tileKey{z: z, t: tm})
}

// measure finds what the samples of every channel span, from the coarsest level of a plane, and tells
// the screen. What a server that is away did not give out when the image was opened is measured later.
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

const mostSamples = 1 << 17 // enough for a percentile, and sorted in 10 ms

// rangeOf is of a plane, and of what its samples are stored in. Where that are 16 bits of wide
// samples, what lies far beside the range is lost: when an image is opened, the ends of the stack and
// of time are looked at, too. So they are where nothing of the plane can be read.
func (w *work) rangeOf(ctx context.Context, t task, c int) (Range, span, error) {
	all, err := w.samplesOf(ctx, t, c, t.key)
	var more []float64
	var others []Range
	if !t.asked && (len(all) == 0 || wide(t.info.Type)) {
		mid, last := t.key.z, t.info.T-1
		for _, k := range []tileKey{{}, {z: t.info.Z - 1}, {z: mid, t: last / 2}, {z: mid, t: last}} {
			if s, _ := w.samplesOf(ctx, t, c, k); len(s) > 0 { // the first error is told
				more, others = append(more, s...), append(others, NewRange(s))
			}
		}
	}
	if len(all) == 0 {
		all = more
	}
	r := NewRange(all)
	if t.info.Colored() && t.info.Type == imageio.Uint8 {
		r.span(all, 0, 255) // as it is shown
	}
	s := spanOf(t.info.Type, append(others, r)...)
	if t.asked && t.spans[c].serves(r) {
		s = t.spans[c] // with which tiles are in memory
	}
	if r.Least, r.Most = s.ends(); !s.wide {
		r.Least, r.Most = reach(t.info.Type)
	}
	return r, s, err
}

// samplesOf reads some samples of the coarsest level of the plane of k; what can't be read, and what
// stands for nothing, is left out, and err is the first reason.
func (w *work) samplesOf(ctx context.Context, t task, c int, k tileKey) (all []float64, err error) {
	l := len(t.info.Levels) - 1
	size, ts := t.info.Levels[l].Size, t.info.TileSize
	step := max(1, size.X*size.Y/mostSamples)
	for row := 0; row*ts.Y < size.Y; row++ {
		for col := 0; col*ts.X < size.X; col++ {
			t.key = tileKey{l, col, row, k.z, k.t}
			some, e := w.everyOf(ctx, t, c, step)
			all = append(all, some...)
			if err = cmp.Or(err, e); ctx.Err() != nil {
				return all, err
			}
		}
	}
	return all, err
}

// everyOf reads every step-th sample of a tile.
func (w *work) everyOf(ctx context.Context, t task, c, step int) (some []float64, err error) {
	plane, px, err := w.readPlane(ctx, t, c)
	if err != nil {
		return nil, err
	}
	for i := 0; i < px.Size.X*px.Size.Y; i += step {
		v := px.Sample(i)
		if t.key.z < 0 {
			v = t.spans[c].value(plane[i])
		}
		if !t.info.Type.None(v) {
			some = append(some, v)
		}
	}
	return some, nil
}
