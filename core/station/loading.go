package station

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// setback is a version that could not be loaded: it is let alone for a while, which doubles each
// time, as all of it goes over the network for nothing.
type setback struct {
	infer.Ref

	err   error
	rest  time.Duration
	until time.Time
}

const firstRest, longestRest = 5 * time.Second, 10 * time.Minute

// again is the setback after another one, of the same version or not.
func (s setback) again(m infer.Ref, err error) setback {
	if s.Ref != m {
		s.rest = 0
	}
	rest := min(max(2*s.rest, firstRest), longestRest)
	return setback{m, err, rest, time.Now().Add(rest)}
}

// holds tells whether m is let alone now.
func (s setback) holds(m infer.Ref) bool { return s.Ref == m && time.Now().Before(s.until) }

// ensure loads what is in force into an engine that does not have it; able is whether it
// then has any of it, or nothing is wanted.
func (e *engines) ensure(ctx context.Context, r remoteEngine) (able bool, err error) {
	e.mu.Lock()
	doubted := e.doubted[r.address]
	delete(e.doubted, r.address)
	var missing []infer.Bundle
	var errs []error
	able = len(e.wanted) == 0
	for _, name := range slices.Sorted(maps.Keys(e.wanted)) {
		at, want := slot{r.address, name}, e.wanted[name]
		switch broken := e.broken[at]; {
		case e.loadedOn[at] == want.Ref && !doubted || e.off[at]:
			able = true
		case broken.holds(want.Ref):
			errs = append(errs, broken.err)
		default:
			missing = append(missing, want.Bundle)
		}
	}
	e.mu.Unlock()
	for _, want := range missing {
		lerr := load(ctx, r.Engine, want)
		if lerr == nil {
			e.tested.test(ctx, r.Engine, want)
			able = true
		}
		errs = append(errs, lerr)
		e.mu.Lock()
		if e.uses(r) {
			if fault.KindOf(lerr) == fault.Denied {
				e.locked[r.address] = true
			}
			at := slot{r.address, want.Model}
			if lerr != nil {
				delete(e.loadedOn, at)
				e.broken[at] = e.broken[at].again(want.Ref, lerr)
			} else {
				delete(e.broken, at)
				e.loadedOn[at] = want.Ref
			}
		}
		e.mu.Unlock()
		if lerr == nil {
			e.back() // it was waited for
		}
	}
	return able, errors.Join(errs...)
}

// load brings b into an engine; one whose models are not under our control must have it, as
// any must that is to have a model of which there is only the description. Engines have limits
// of their own for how long that takes.
func load(ctx context.Context, en infer.Engine, b infer.Bundle) error {
	if l, ok := en.(infer.Loader); ok && len(b.ONNX) > 0 {
		return l.Load(ctx, b)
	}
	_, err := en.Describe(ctx, b.Ref)
	if fault.KindOf(err) == fault.NotFound && len(b.ONNX) == 0 {
		return fault.New(fault.NotFound, "The model "+b.Model+" comes without a network in ONNX, and "+en.Name()+" doesn't have it.",
			"Put ONNX weights beside its description, or load it on the server under this name.", err)
	}
	return err
}

// loadAll brings b into every engine. All servers that are there must take it, and one must be
// there; the others get it by a check when they are back and it is in force.
func (e *engines) loadAll(ctx context.Context, b infer.Bundle) error {
	list := e.all()
	var errs, away []error
	taken := false
	for i, r := range list {
		own := i == 0 && len(list) > 1 // servers do the work
		var err error
		if !own {
			err = answers(ctx, r)
		}
		if fault.KindOf(err) != fault.Offline {
			err = load(ctx, r.Engine, b)
		}
		switch {
		case err == nil:
			e.tested.test(ctx, r.Engine, b)
			taken = taken || !own
		case own:
			e.log.Warn("built-in engine did not load", slog.Any("error", err))
		case fault.KindOf(err) == fault.Offline && ctx.Err() == nil:
			e.log.Warn("server is away: it gets the model later", slog.String("engine", r.Name()), slog.String("model", b.String()), slog.Any("error", err))
			away = append(away, err)
		default:
			errs = append(errs, err)
		}
	}
	if !taken {
		errs = append(errs, away...)
	}
	return errors.Join(errs...)
}

// serving returns the engine that versions prove themselves on: the first server that is there
// and has all of them, or is there, as who asks loads what is missing; where no servers are set
// up, the built-in engine.
func (e *engines) serving(ctx context.Context, versions ...infer.Ref) (infer.Engine, error) {
	list := e.all()
	if len(list) > 1 {
		list = list[1:]
	}
	var there infer.Engine
	var errs []error
	for _, r := range list {
		if err := answers(ctx, r); err != nil {
			errs = append(errs, err)
			continue
		}
		if !slices.ContainsFunc(versions, func(m infer.Ref) bool { _, err := r.Describe(ctx, m); return err != nil }) {
			return r.Engine, nil
		}
		if there == nil {
			there = r.Engine
		}
	}
	if there != nil {
		return there, nil
	}
	return nil, errors.Join(errs...)
}
