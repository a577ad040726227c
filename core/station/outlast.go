package station

import (
	"context"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
)

// The pause before the next try is twice the one before.
const (
	shortPause = time.Second
	longPause  = 30 * time.Second
)

// detect asks for the objects of a plane, and outlasts an engine that is away.
func (q Question) detect(
	ctx context.Context, en infer.Engine, b infer.Bundle, r *recipe.Model, src imageio.Source, opt infer.Options,
) (layer annotation.Layer, err error) {
	err = q.outlast(ctx, func() error { return load(ctx, en, b) }, func(p infer.Progress) error {
		layer, err = infer.Detect(ctx, en, b.Ref, r, src, opt, p)
		return err
	})
	return layer, err
}

// outlast does what engines are needed for, and again after a trouble that may pass, until it has
// got no further for as long as the question has patience. What a server that was started anew
// has lost is brought before each try.
func (q Question) outlast(ctx context.Context, bring func() error, do func(infer.Progress) error) error {
	var since time.Time
	far, try := int64(-1), 0
	for {
		var p steps
		err := do(&p)
		if n := p.n.Load(); n > far {
			far, since, try = n, time.Now(), 0
		}
		if !fault.Again(err) || ctx.Err() != nil || time.Since(since) >= q.Patience {
			return err
		}
		if try == 0 && q.Waits != nil {
			q.Waits(err)
		}
		timer := time.NewTimer(min(shortPause<<min(try, 10), longPause))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := bring(); err != nil && !fault.Again(err) {
			return err
		}
		try++
	}
}

// steps count how far work has got.
type steps struct{ n atomic.Int64 }

func (s *steps) Add(n int64) { s.n.Add(n) }
func (s *steps) Grow(int64)  {}
func (s *steps) Step(string) {}
