package triton

import "context"

// LoadRaw sends a model to the server as it is, for tests of what Load never sends.
func (e *Engine) LoadRaw(ctx context.Context, model, config string, files map[string][]byte) error {
	return e.wire.load(ctx, model, config, files)
}

// ReadLoad is for a test without a server that has a GPU.
var ReadLoad = readLoad
