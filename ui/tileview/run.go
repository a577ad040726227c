package tileview

import (
	"cmp"
	"context"
	"errors"
	"math"
	"runtime"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// Run reads and colours tiles and draws overlays until ctx ends, with one worker
// a core but for the screen's. It calls back on the screen's thread only.
func (v *View) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for range max(1, runtime.NumCPU()-1) {
		wg.Go(func() { v.readTiles(ctx) })
	}
	wg.Go(func() { v.drawLayer(ctx, v.lay) })
	wg.Go(func() { v.drawLayer(ctx, v.lens.lay) })
	wg.Go(func() { v.runPlayer(ctx) })
	wg.Go(func() { v.runRest(ctx) })
	wg.Wait()
	return ctx.Err()
}

func (v *View) readTiles(ctx context.Context) {
	for {
		t, ok := v.work.next()
		if !ok {
			select {
			case <-ctx.Done():
				return
			case <-v.work.more:
			}
			continue
		}
		if ctx.Err() != nil {
			return
		}
		if t.measure {
			v.measure(ctx, t)
			continue
		}
		made, err := v.work.makeTile(ctx, t)
		awaited, tell := v.work.done(t, made, err)
		if tell {
			v.trouble(t, err)
		}
		if awaited {
			v.wake()
		}
	}
}

// makeTile reads a tile and colours it.
func (w *work) makeTile(ctx context.Context, t task) (*tile, error) {
	n := &tile{key: t.key, gen: t.colors.gen}
	for c := range t.info.Channels {
		plane, size, err := w.readPlane(ctx, t, c)
		if err != nil {
			return nil, err
		}
		n.size, n.planes = size, append(n.planes, plane)
	}
	n.pix = make([]uint32, n.size.X*n.size.Y)
	t.colors.compose(n.pix, n.planes)
	return n, nil
}

// measure finds what the samples of every channel span, from the coarsest level
// of the middle plane, and tells the screen. What a server that is away did not give out is measured
// later.
func (v *View) measure(ctx context.Context, t task) {
	var ranges []Range
	var spans []span
	gone := false
	for c := range t.info.Channels {
		r, err := rangeOf(ctx, t, c)
		if fault.Again(err) && r.None() { // nothing is known: it is no range of samples
			if v.work.unmeasured(t.opened) {
				v.trouble(t, err)
			}
			return
		}
		if err != nil && !errors.Is(err, context.Canceled) && c == 0 {
			v.trouble(t, err)
			gone = fault.Again(err)
		}
		ranges = append(ranges, r)
		spans = append(spans, spanOf(t.info.Type, r.Min, r.Max))
	}
	if v.work.measured(t.opened, spans, gone) {
		v.post(func() {
			if v.src == t.src && v.act.Ranged != nil {
				v.act.Ranged(ranges)
			}
			v.redraw()
		})
	}
}

// trouble tells of an error, nil for the end of what may pass, unless another image is open by then:
// the one before is closed while it is still read.
func (v *View) trouble(t task, err error) {
	tell := v.act.Trouble
	if err == nil || fault.Again(err) {
		tell = v.act.Away
	}
	v.post(func() {
		if v.src == t.src && tell != nil {
			tell(err)
		}
	})
}

const mostSamples = 1 << 17 // enough for a percentile, and sorted in 10 ms

// rangeOf is of the middle plane. Where wide samples are stored as 16 bits, what lies beside
// the range is lost: the ends of the stack and of time are looked at, too. So they are where
// nothing of the middle plane can be read.
func rangeOf(ctx context.Context, t task, c int) (Range, error) {
	z, last := t.info.Z/2, t.info.T-1
	all, err := samplesOf(ctx, t, c, z, 0)
	var more []float64
	if len(all) == 0 || spanOf(t.info.Type, 0, 1) != spanOf(t.info.Type, 0, 2) {
		for _, at := range [][2]int{{0, 0}, {t.info.Z - 1, 0}, {z, last / 2}, {z, last}} {
			s, _ := samplesOf(ctx, t, c, at[0], at[1]) // the first error is told
			more = append(more, s...)
		}
	}
	if len(all) == 0 {
		all = more
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for _, v := range more {
		lo, hi = min(lo, v), max(hi, v)
	}
	r := NewRange(all)
	if len(more) > 0 {
		r.Min, r.Max = min(r.Min, lo), max(r.Max, hi)
	}
	if t.info.Colored() && t.info.Type == imageio.Uint8 {
		r.span(all, 0, 255) // as it is shown
	}
	return r, err
}

// samplesOf reads some samples of the coarsest level of a plane; what can't be read is left
// out, and err is the first reason.
func samplesOf(ctx context.Context, t task, c, z, tm int) (all []float64, err error) {
	l := len(t.info.Levels) - 1
	size, ts := t.info.Levels[l].Size, t.info.TileSize
	step := max(1, size.X*size.Y/mostSamples)
	for row := 0; row*ts.Y < size.Y; row++ {
		for col := 0; col*ts.X < size.X; col++ {
			p, e := t.src.ReadTile(ctx, imageio.Tile{Level: l, Col: col, Row: row, C: c, Z: z, T: tm})
			if e != nil {
				if err = cmp.Or(err, e); ctx.Err() != nil {
					return all, err
				}
				continue
			}
			for i := 0; i < p.Size.X*p.Size.Y; i += step {
				all = append(all, number(p.Sample(i)))
			}
		}
	}
	return all, err
}
