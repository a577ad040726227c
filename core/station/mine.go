package station

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton"
)

// counted is a server that knows how many requests of this program it works on, and how long
// those that it answered took: a server's own count is of everybody's, where it tells it. It
// takes models of any name.
type counted struct {
	*triton.Engine

	names aliases
	now   atomic.Int64

	mu   sync.Mutex // guards below
	load infer.Load // of this program: what was answered, and the time spent on that
}

// Infer implements [infer.Engine].
func (c *counted) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	c.now.Add(1)
	defer c.now.Add(-1)
	begun := time.Now()
	out, err := c.Engine.Infer(ctx, c.names.on(m), in)
	if err == nil {
		c.mu.Lock()
		c.load.Answered++
		c.load.Spent += time.Since(begun)
		c.mu.Unlock()
	}
	return out, c.names.said(err, m.Model)
}

// Load implements [infer.Loader].
func (c *counted) Load(ctx context.Context, b infer.Bundle) error {
	own := b.Model
	b.Model = onServer(own)
	c.names.add(own, b.Model)
	return c.names.said(c.Engine.Load(ctx, b), own)
}

// Unload implements [infer.Loader].
func (c *counted) Unload(ctx context.Context, model string) error {
	return c.names.said(c.Engine.Unload(ctx, c.names.on(infer.Ref{Model: model}).Model), model)
}

// Describe implements [infer.Engine].
func (c *counted) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	spec, err := c.Engine.Describe(ctx, c.names.on(m))
	return spec, c.names.said(err, m.Model)
}

// Models implements [infer.Engine].
func (c *counted) Models(ctx context.Context) ([]infer.Status, error) {
	all, err := c.Engine.Models(ctx)
	for i := range all {
		all[i].Ref = c.names.of(all[i].Ref)
	}
	return all, err
}

// mine are the requests of this program that were answered.
func (c *counted) mine() infer.Load {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.load
}
