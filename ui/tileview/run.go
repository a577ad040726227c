package tileview

import (
	"context"
	"sync"

	"coverslip.dev/coverslip/core/fault"
)

// Run reads and colours tiles and draws overlays until ctx ends. It calls back on the screen's thread
// only.
func (v *View) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { v.readTiles(ctx) })
	wg.Go(func() { v.drawLayer(ctx, v.lay) })
	wg.Go(func() { v.drawLayer(ctx, v.lens.lay) })
	wg.Go(func() { v.runPlayer(ctx) })
	wg.Go(func() { v.runRest(ctx) })
	wg.Wait()
	return ctx.Err()
}

func (v *View) readTiles(ctx context.Context) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for ctx.Err() == nil {
		v.readImage(ctx, &wg)
	}
}

// readImage gives each task to a worker of its own until another image is opened; then it calls them
// back.
func (v *View) readImage(ctx context.Context, wg *sync.WaitGroup) {
	ctx, back := context.WithCancel(ctx)
	defer back()
	of := v.work.hired()
	for ctx.Err() == nil {
		if t, ok := v.work.next(of); ok {
			wg.Go(func() { v.labour(ctx, t) })
			continue
		}
		if v.work.hired() != of {
			return
		}
		select {
		case <-ctx.Done():
		case <-v.work.more:
		}
	}
}

// labour does one task.
func (v *View) labour(ctx context.Context, t task) {
	defer v.work.free(t)
	if t.measure {
		v.measure(ctx, t)
		return
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

// makeTile reads a tile and colours it.
func (w *work) makeTile(ctx context.Context, t task) (*tile, error) {
	n := &tile{key: t.key, gen: t.colors.gen}
	for c := range t.info.Channels {
		plane, px, err := w.readPlane(ctx, t, c)
		if err != nil {
			return nil, err
		}
		n.size, n.planes = px.Size, append(n.planes, plane)
		if t.key.z >= 0 && wide(px.Type) {
			n.exact = append(n.exact, px)
		}
	}
	n.pix = make([]uint32, n.size.X*n.size.Y)
	n.part = n.whole()
	t.colors.compose(n.pix, n.planes, n.size.X, n.part)
	return n, nil
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
