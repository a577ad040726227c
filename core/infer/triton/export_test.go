package triton

import (
	"context"

	"coverslip.dev/coverslip/core/infer"
)

// LoadRaw sends a model to the server as it is, for tests of what Load never sends.
func (e *Engine) LoadRaw(ctx context.Context, model, config string, files map[string][]byte) error {
	return e.wire.load(ctx, model, config, files)
}

// Sends is what Load would send of a model that it has sent nothing of yet.
func (e *Engine) Sends(b infer.Bundle) (config string, files map[string][]byte, err error) {
	s := (*shelf)(nil).with(b)
	config, err = s.config(b.Model, e.backend, "")
	return config, s.files(e.backend), err
}

// ReadLoad is for a test without a server that has a GPU.
var ReadLoad = readLoad
