package station

import (
	"context"
	"sync/atomic"

	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/triton"
)

// counted is a server that knows how many requests of this program it works on: a server's
// own count is of everybody's.
type counted struct {
	*triton.Engine

	now atomic.Int64
}

// Infer implements [infer.Engine].
func (c *counted) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	c.now.Add(1)
	defer c.now.Add(-1)
	return c.Engine.Infer(ctx, m, in)
}
