package station

import (
	"cmp"
	"context"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/job"
)

// LoadOn loads a model onto a server because a person asked for it: a version of the
// registry or, where m has none, what lies in the server's own repository. A server that
// does not let us says so.
func (s *Station) LoadOn(ctx context.Context, address string, m infer.Ref) error {
	r, err := s.engines.at(address)
	if err != nil {
		return err
	}
	return s.jobs.Do(ctx, "load", "Load "+m.String()+" on "+r.Name(), func(ctx context.Context, _ *job.Progress) error {
		err := s.loadOn(ctx, r, m)
		s.engines.took(r, err)
		if err == nil {
			s.engines.allow(address, m.Model)
		}
		s.engines.checkOne(ctx, r) // which may tell more of what went wrong
		s.flow.Nudge()
		return err
	})
}

func (s *Station) loadOn(ctx context.Context, r remoteEngine, m infer.Ref) error {
	if m.Version == "" {
		en, ok := r.Engine.(infer.Repository)
		if !ok {
			return fault.New(fault.Invalid, r.Name()+" has no models of its own.", "Choose a version of the registry.", nil)
		}
		return en.LoadStored(ctx, m.Model)
	}
	b, err := s.bundle(ctx, s.shelves.platform(), m)
	if err != nil {
		return err
	}
	return load(ctx, r.Engine, b)
}

// UnloadFrom takes a model off a server because a person asked for it. The one that
// captures are predicted with is not loaded there again until someone loads it by hand, or
// another server is set up.
func (s *Station) UnloadFrom(ctx context.Context, address, model string) error {
	r, err := s.engines.at(address)
	if err != nil {
		return err
	}
	l, ok := r.Engine.(infer.Loader)
	if !ok {
		return fault.New(fault.Invalid, r.Name()+" keeps its models.", "", nil)
	}
	return s.jobs.Do(ctx, "unload", "Unload "+model+" from "+r.Name(), func(ctx context.Context, _ *job.Progress) error {
		back := s.engines.forbid(address, model) // before: no check must load it in between
		err := l.Unload(ctx, model)
		s.engines.took(r, err)
		if err != nil {
			back()
		}
		s.engines.checkOne(ctx, r)
		return err
	})
}

// Serving are the versions that captures are predicted with; none while no registry answered.
func (s *Station) Serving() []infer.Ref {
	s.engines.mu.Lock()
	defer s.engines.mu.Unlock()
	var out []infer.Ref
	for _, w := range s.engines.wanted {
		out = append(out, w.Ref)
	}
	slices.SortFunc(out, func(a, b infer.Ref) int { return cmp.Compare(a.Model, b.Model) })
	return out
}

// took notes whether a server lets a person load and unload models, by how it took that.
func (e *engines) took(r remoteEngine, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case !e.uses(r):
	case err == nil:
		delete(e.locked, r.address)
	case fault.KindOf(err) == fault.Denied:
		e.locked[r.address] = true
	}
}

// at returns the engine at an address.
func (e *engines) at(address string) (remoteEngine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, r := range e.remote {
		if r.address == address {
			return r, nil
		}
	}
	return remoteEngine{}, fault.New(fault.NotFound, "That server is no longer set up.", "Look at Settings, Servers.", nil)
}

// forbid keeps a model off a server; back takes that back.
func (e *engines) forbid(address, model string) (back func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, ok := e.wanted[model]; !ok {
		return func() {}
	}
	at := slot{address, model}
	had := e.loadedOn[at]
	e.off[at] = true
	delete(e.loadedOn, at)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.off, at)
		e.loadedOn[at] = had
	}
}

// allow lets a model be loaded on a server again, and has the next check see to what is in force.
func (e *engines) allow(address, model string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.off, slot{address, model})
	delete(e.loadedOn, slot{address, model})
}
