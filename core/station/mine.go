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
// those that it answered took: a server's own count is of everybody's, where it tells it.
type counted struct {
	*triton.Engine

	now atomic.Int64

	mu   sync.Mutex // guards below
	load infer.Load // of this program: what was answered, and the time spent on that
}

// Infer implements [infer.Engine].
func (c *counted) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	c.now.Add(1)
	defer c.now.Add(-1)
	begun := time.Now()
	out, err := c.Engine.Infer(ctx, m, in)
	if err == nil {
		c.mu.Lock()
		c.load.Answered++
		c.load.Spent += time.Since(begun)
		c.mu.Unlock()
	}
	return out, err
}

// mine are the requests of this program that were answered.
func (c *counted) mine() infer.Load {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.load
}
