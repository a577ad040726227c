package station

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/pool"
	"coverslip.dev/coverslip/core/infer/triton"
)

// hosts are a lab's servers as one engine: each question goes to the one with least to do.
// Models that are brought there are guests: they get a name that tells their network, so that
// the lab's own of the same name stays as it is.
type hosts struct {
	*pool.Pool
	members []*pool.Member
	names   aliases // of the guests
}

// dialHosts prepares the servers of q.
func dialHosts(ctx context.Context, q Question) (*hosts, error) {
	h := &hosts{}
	h.Pool = pool.New(func() []*pool.Member { return h.members })
	for address := range strings.SplitSeq(q.Engine, ",") {
		en, err := triton.Dial(ctx, triton.Options{
			Address: address, Backend: q.Backend, Files: q.Files, Token: q.Token, TokenHeader: q.TokenHeader, Log: q.Log,
		})
		if err != nil {
			return nil, errors.Join(err, h.Close())
		}
		h.members = append(h.members, pool.NewMember(en, nil))
	}
	h.Pool = pool.New(func() []*pool.Member { return h.members }) // its name has theirs
	return h, nil
}

// guest is b under the name that it has on the servers; without a network it is theirs.
func guest(b infer.Bundle) infer.Bundle {
	if len(b.ONNX) > 0 {
		b.Model = onServer(b.Model) + "-" + digest(string(b.ONNX))[:8]
	}
	return b
}

// Load brings b into every server.
func (h *hosts) Load(ctx context.Context, b infer.Bundle) error {
	g := guest(b)
	h.names.add(b.Model, g.Model)
	return h.Pool.Load(ctx, g)
}

// Unload takes the model out of every server.
func (h *hosts) Unload(ctx context.Context, model string) error {
	return h.Pool.Unload(ctx, h.names.on(infer.Ref{Model: model}).Model)
}

// have reports whether any server has a model of this name, or may have it: one that does not say.
func (h *hosts) have(ctx context.Context, name string) bool {
	for _, m := range h.members {
		list, err := m.Models(ctx)
		if err != nil || slices.ContainsFunc(list, func(s infer.Status) bool { return s.Model == name && (s.Ready || s.Loading) }) {
			return true
		}
	}
	return false
}

// Describe asks the first server that answers.
func (h *hosts) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	return h.Pool.Describe(ctx, h.names.on(m))
}

// Infer asks the server with least to do.
func (h *hosts) Infer(ctx context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	return h.Pool.Infer(ctx, h.names.on(m), in)
}

// keep brings the bundles into each server again that has lost them, until ctx ends: what was
// sent to a server is gone when that is started again. What is there is not sent.
func (h *hosts) keep(ctx context.Context, bundles []infer.Bundle, every time.Duration, log *slog.Logger) {
	guests := make([]infer.Bundle, len(bundles)) // a name tells all of a network: it is made once
	for i, b := range bundles {
		guests[i] = guest(b)
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	for _, m := range h.members { // one that hangs keeps no other waiting
		wg.Go(func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			failed := map[infer.Ref]setback{}
			for whole := true; ; {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
				err := answers(ctx, m)
				if fault.KindOf(err) == fault.Offline {
					clear(failed)
				} else {
					err = bring(ctx, m.Engine, guests, failed)
				}
				if whole && err != nil && ctx.Err() == nil {
					log.Warn("models are not on the server", slog.String("engine", m.Name()), slog.Any("error", err))
				}
				whole = err == nil
			}
		})
	}
}

// bring loads the bundles into a server, but those that it could not load a moment ago.
func bring(ctx context.Context, en infer.Engine, bundles []infer.Bundle, failed map[infer.Ref]setback) error {
	var errs []error
	for _, b := range bundles {
		was := failed[b.Ref]
		if was.holds(b.Ref) {
			errs = append(errs, was.err)
			continue
		}
		err := load(ctx, en, b)
		if delete(failed, b.Ref); err != nil {
			failed[b.Ref] = was.again(b.Ref, err)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
