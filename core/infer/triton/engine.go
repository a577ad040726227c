package triton

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// Ready asks the server. Triton calls itself not ready while any one model comes or
// goes; here the server is ready as soon as it can answer for some model, or has none.
func (e *Engine) Ready(ctx context.Context) error {
	return e.ask(ctx, quick, infer.Ref{}, func(ctx context.Context) error {
		if ok, err := e.wire.ready(ctx); ok || err != nil {
			return err
		}
		list, err := e.wire.index(ctx)
		if err != nil {
			return err
		}
		loading := false
		for _, v := range list {
			if v.State == stateReady {
				return nil
			}
			loading = loading || v.State == stateLoading
		}
		if loading {
			return fault.New(fault.Busy, "The inference server "+e.name+" is still loading its models.", "The work goes on by itself.", nil)
		}
		return nil
	})
}

// Allowed tells whether this program may ask models, as far as keys decide it: nil if so.
// Ready does not, since a server's health is for everybody.
func (e *Engine) Allowed(ctx context.Context) error {
	nobody := infer.Ref{Model: "coverslip-asks-whether-it-may"}
	err := e.ask(ctx, quick, nobody, func(ctx context.Context) error {
		_, err := e.wire.ask(ctx, &question{model: nobody.Model})
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// Models lists what the server has loaded, is loading or could not load. Models that
// merely lie in its repository count as not loaded; those that were unloaded are left out.
func (e *Engine) Models(ctx context.Context) ([]infer.Status, error) {
	var out []infer.Status
	err := e.ask(ctx, quick, infer.Ref{}, func(ctx context.Context) error {
		list, err := e.wire.index(ctx)
		if err != nil {
			return err
		}
		known, err := e.names(ctx, list)
		if err != nil {
			return err
		}
		for _, v := range list {
			if s, ok := standing(v, known[v.Name]); ok {
				out = append(out, s)
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b infer.Status) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Version, b.Version))
	})
	return out, err
}

// names returns the parameters of each model in list that is ready.
func (e *Engine) names(ctx context.Context, list []entry) (map[string]map[string]string, error) {
	known := map[string]map[string]string{}
	for _, v := range list {
		if v.State != stateReady || known[v.Name] != nil {
			continue
		}
		p, err := e.wire.parameters(ctx, v.Name)
		if err != nil && !missing(err) { // it may just have been unloaded
			return nil, err
		}
		known[v.Name] = p
	}
	return known, nil
}

// standing is how v stands, unless it was unloaded.
func standing(v entry, parameters map[string]string) (s infer.Status, ok bool) {
	s = infer.Status{Ref: infer.Ref{Model: v.Name, Version: nameOf(v.Version, parameters)}, Ready: v.State == stateReady}
	if !s.Ready {
		s.Why = cmp.Or(v.Reason, v.State, "not loaded")
		s.Loading = v.State == stateLoading
		s.Failed = v.State == stateUnavailable && v.Reason != ""
	}
	gone := v.State == stateUnavailable && v.Reason == "unloaded" || v.State == stateUnloading
	return s, !gone
}

// Describe returns what goes into m and what comes out.
func (e *Engine) Describe(ctx context.Context, m infer.Ref) (infer.Spec, error) {
	var s infer.Spec
	err := e.ask(ctx, quick, m, func(ctx context.Context) (err error) {
		s, err = e.wire.describe(ctx, m.Model, e.number(m))
		return err
	})
	return s, err
}

// ask puts a question about m, if about any, within a limit, and makes a fault of what
// goes wrong.
func (e *Engine) ask(ctx context.Context, limit time.Duration, m infer.Ref, question func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := e.open(); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := question(short)
	if err == nil {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err // whoever asked ended it
	}
	if err := e.open(); err != nil {
		return err
	}
	if r := asRefusal(err); r != nil && r.dead() {
		e.mu.Lock()
		e.dead[m.Model] = true
		e.mu.Unlock()
	}
	said := e.explain(err, m)
	if k := fault.KindOf(said); k == fault.Internal || k == fault.Corrupt { // whose hints promise the server's own words
		e.log.WarnContext(ctx, "inference server failed", slog.String("engine", e.name), slog.String("model", m.String()), slog.Any("error", err))
	}
	return said
}

// number is Triton's number of the version of m; empty: the server's own choice.
func (e *Engine) number(m infer.Ref) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.shelf[m.Model]
	if m.Version == "" {
		if s == nil {
			return ""
		}
		m.Version = s.latest
	}
	if s != nil {
		s.touch(m.Version)
	}
	return number(m.Version)
}

// loaded tells whether this engine has loaded m and not unloaded it.
func (e *Engine) loaded(m infer.Ref) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.shelf[m.Model]
	return s != nil && (m.Version == "" || s.index(m.Version) >= 0)
}
