package triton

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// pace is how many bytes of networks are on their way to a server in a second at least, or it
// takes too long.
const pace = 1 << 20

// Load sends b to the server beside the other versions of its model that this engine
// has loaded, and waits until it answers. What the server has already is not sent, nor what is
// no whole network.
func (e *Engine) Load(ctx context.Context, b infer.Bundle) error {
	if !whole(b.ONNX) {
		return fault.New(fault.Corrupt, "The file of the model "+b.String()+" is no whole ONNX network.",
			"Fetch it again from the registry, or ask whoever made it for another one.", nil)
	}
	e.mu.Lock()
	limit := slow + time.Duration(e.shelf[b.Model].size()+len(b.ONNX))*time.Second/pace
	e.mu.Unlock()
	return e.ask(ctx, limit, b.Ref, func(ctx context.Context) error {
		if b.Model == "" {
			return fault.New(fault.Invalid, "The model has no name.", "Give it one in the registry.", nil)
		}
		done, err := e.oneAtATime(ctx)
		if err != nil {
			return err
		}
		defer done()
		e.mu.Lock()
		was := e.shelf[b.Model].clone()
		e.mu.Unlock()
		next := was.with(b)
		if err := e.place(ctx, b.Model, next); err != nil {
			return e.loadFault(err, b.Ref)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.shelf[b.Model] = next
		return nil
	})
}

// place makes the server have just what is on s.
func (e *Engine) place(ctx context.Context, name string, s *shelf) error {
	if err := e.bury(ctx, name); err != nil {
		return err
	}
	has, err := e.has(ctx, name, s)
	if has || err != nil {
		return err
	}
	sent := rand.Text()
	config, err := s.config(name, e.backend, sent)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := e.wire.load(ctx, name, config, s.files(e.backend)); err != nil {
		return err
	}
	e.found(name, sent)
	err = e.settle(ctx, func(list []entry) (bool, error) { return s.standsIn(name, list) })
	e.log.DebugContext(ctx, "model sent to server",
		slog.String("engine", e.name), slog.String("model", name), slog.String("version", s.latest),
		slog.Duration("took", time.Since(begun)), slog.Any("error", err))
	return err
}

// bury takes a model whose process has died from the server: what it calls ready already it would
// not start anew. One that somebody else has sent since lives.
func (e *Engine) bury(ctx context.Context, name string) error {
	e.mu.Lock()
	dead := e.dead[name]
	sent, known := e.sent[name]
	e.mu.Unlock()
	if !dead {
		return nil
	}
	has, err := e.wire.parameters(ctx, name)
	switch {
	case err == nil && known && has[sentKey] != sent:
	case err != nil && !missing(err):
		return err
	default:
		if err := e.wire.unload(ctx, name); err != nil && !missing(err) {
			return err
		}
		if err := e.settle(ctx, func(list []entry) (bool, error) { return goneFrom(name, list) }); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.dead, name)
	return nil
}

// found notes which sending of a model the server has.
func (e *Engine) found(name, sent string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sent[name] = sent
}

// has tells whether the server serves just what is on s.
func (e *Engine) has(ctx context.Context, name string, s *shelf) (bool, error) {
	list, err := e.wire.index(ctx)
	if err != nil {
		return false, err
	}
	if ok, err := s.standsIn(name, list); !ok || err != nil {
		return false, nil //nolint:nilerr // a version that failed to load earlier is no fault now
	}
	has, err := e.wire.parameters(ctx, name)
	if missing(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for k, v := range s.parameters() {
		if has[k] != v {
			return false, nil
		}
	}
	e.found(name, has[sentKey])
	return true, nil
}

// merge adds to the index of the repositories what else is ready: Triton's index leaves
// out the models that came over the wire, its statistics have them.
func merge(known, ready []entry) []entry {
	for _, r := range ready {
		if !slices.ContainsFunc(known, func(k entry) bool { return k.Name == r.Name && k.Version == r.Version }) {
			known = append(known, entry{Name: r.Name, Version: r.Version, State: stateReady})
		}
	}
	return known
}

// standsIn tells whether all versions are ready; a version that never will be is an error.
func (s *shelf) standsIn(name string, list []entry) (bool, error) {
	ready := 0
	for _, v := range list {
		if v.Name != name {
			continue
		}
		for _, b := range s.bundles {
			switch {
			case v.Version != number(b.Version):
			case v.State == stateReady:
				ready++
			case v.State == stateUnavailable && v.Reason != "unloaded":
				return false, &refusal{text: v.Reason}
			}
		}
	}
	return ready == len(s.bundles), nil
}

// LoadStored loads a model that lies in the server's repository, as its configuration there
// has it; what this engine had sent of that name is forgotten.
func (e *Engine) LoadStored(ctx context.Context, name string) error {
	m := infer.Ref{Model: name}
	return e.ask(ctx, slow, m, func(ctx context.Context) error {
		done, err := e.oneAtATime(ctx)
		if err != nil {
			return err
		}
		defer done()
		if err := e.bury(ctx, name); err != nil {
			return err
		}
		if err := e.wire.load(ctx, name, "", nil); err != nil {
			return e.storedFault(err, m)
		}
		e.forget(name)
		return nil
	})
}

// Unload takes all versions of name from the server and waits until they are gone.
func (e *Engine) Unload(ctx context.Context, name string) error {
	m := infer.Ref{Model: name}
	return e.ask(ctx, slow, m, func(ctx context.Context) error {
		done, err := e.oneAtATime(ctx)
		if err != nil {
			return err
		}
		defer done()
		list, err := e.wire.index(ctx)
		if err != nil {
			return err
		}
		if gone, _ := goneFrom(name, list); gone {
			e.forget(name)
			return e.unknown(m, nil)
		}
		if err := e.wire.unload(ctx, name); err != nil {
			return err
		}
		e.forget(name)
		return e.settle(ctx, func(list []entry) (bool, error) { return goneFrom(name, list) })
	})
}

// forget takes a model off the shelf. One that the server may still have must stay there: the
// next version would be sent without those beside it.
func (e *Engine) forget(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.shelf, name)
	delete(e.dead, name)
	delete(e.sent, name)
}

func goneFrom(name string, list []entry) (bool, error) {
	for _, v := range list {
		if v.Name == name && (v.State == stateReady || v.State == stateLoading || v.State == stateUnloading) {
			return false, nil
		}
	}
	return true, nil
}

// settle asks for the index until it is as wanted.
func (e *Engine) settle(ctx context.Context, wanted func([]entry) (bool, error)) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		list, err := e.wire.index(ctx)
		if err != nil {
			return err
		}
		if ok, err := wanted(list); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// oneAtATime waits until nobody else changes the server's models through this engine.
func (e *Engine) oneAtATime(ctx context.Context) (done func(), err error) {
	select {
	case <-e.loading:
		return func() { e.loading <- struct{}{} }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
