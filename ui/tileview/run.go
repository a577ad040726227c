package tileview

import (
	"context"
	"errors"
	"runtime"
	"sync"

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
		if v.work.done(t, made, err) && v.act.Trouble != nil {
			v.post(func() { v.act.Trouble(err) })
		}
		v.wake()
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
// of the middle plane, and tells the screen.
func (v *View) measure(ctx context.Context, t task) {
	var ranges []Range
	var spans []span
	for c := range t.info.Channels {
		r, err := rangeOf(ctx, t, c)
		if err != nil && !errors.Is(err, context.Canceled) && v.act.Trouble != nil && c == 0 {
			v.post(func() { v.act.Trouble(err) })
		}
		ranges = append(ranges, r)
		spans = append(spans, spanOf(t.info.Type, r.Min, r.Max))
	}
	if v.work.measured(t.opened, spans) {
		v.post(func() {
			if v.src == t.src && v.act.Ranged != nil {
				v.act.Ranged(ranges)
			}
			v.redraw()
		})
	}
}

const mostSamples = 1 << 17 // enough for a percentile, and sorted in 10 ms

func rangeOf(ctx context.Context, t task, c int) (Range, error) {
	l := len(t.info.Levels) - 1
	size, ts := t.info.Levels[l].Size, t.info.TileSize
	var all []float64
	step := max(1, size.X*size.Y/mostSamples)
	for row := 0; row*ts.Y < size.Y; row++ {
		for col := 0; col*ts.X < size.X; col++ {
			p, err := t.src.ReadTile(ctx, imageio.Tile{Level: l, Col: col, Row: row, C: c, Z: t.info.Z / 2})
			if err != nil {
				return NewRange(nil), err
			}
			for i := 0; i < p.Size.X*p.Size.Y; i += step {
				all = append(all, number(p.Sample(i)))
			}
		}
	}
	r := NewRange(all)
	if t.info.Colored() && t.info.Type == imageio.Uint8 {
		r.span(all, 0, 255) // as it is shown
	}
	return r, nil
}
