package gateway

import (
	"context"
	"errors"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// upstream is the engine that is asked for clients. What it refuses for want of a key, a model or
// memory is no mistake of theirs, and what it advises is for whoever runs the gateway.
type upstream struct{ infer.Engine }

// Window is the engine's, or 0 where it knows none: then no more are asked than without.
func (u upstream) Window() int {
	if p, ok := u.Engine.(infer.Paced); ok {
		return p.Window()
	}
	return 0
}

func (u upstream) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	s, err := u.Engine.Describe(ctx, m)
	return s, ours(err)
}

func (u upstream) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	out, err := u.Engine.Infer(ctx, m, in)
	return out, ours(err)
}

// ours makes a trouble of the gateway of what an engine tells whoever asks it.
func ours(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	kind := f.Kind
	switch kind {
	case fault.Denied, fault.NotFound, fault.Offline:
		kind = fault.Offline
	case fault.Full, fault.Busy:
		kind = fault.Busy
	case fault.Internal, fault.Canceled, fault.Exists, fault.Invalid, fault.Corrupt:
		return err
	}
	return fault.New(kind, f.Say, "Try again in a while; whoever runs the gateway can help.", err)
}
