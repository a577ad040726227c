// Package pool asks several engines as if they were one: always the one with least to do,
// and another one when it does not answer.
package pool

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// attempts bounds how many engines one question meets: it may be what they die of.
const attempts = 3

// Pool is an [infer.Engine] of several that have the same models.
type Pool struct {
	name    string
	members func() []*Member
}

var (
	_ infer.Engine = (*Pool)(nil)
	_ infer.Loader = (*Pool)(nil)
	_ infer.Paced  = (*Pool)(nil)
)

// New makes a pool of what members returns; it is asked anew for each question, from any
// goroutine, so that engines may come and go.
func New(members func() []*Member) *Pool {
	var names []string
	for _, m := range members() {
		names = append(names, m.Name())
	}
	return &Pool{name: strings.Join(names, ", "), members: members}
}

// Name has the names of those that were there when the pool was made.
func (p *Pool) Name() string { return p.name }

// Infer asks the engine with least to do. Where that one is gone, its queue is full or it can't
// tell what is wrong, the next is asked; the answer is then as good, since questions change nothing.
func (p *Pool) Infer(ctx context.Context, ref infer.Ref, in []infer.Tensor) (out []infer.Tensor, err error) {
	err = p.ask(ctx, func(ctx context.Context, m *Member) (err error) {
		out, err = m.Infer(ctx, ref, in)
		return err
	})
	return out, err
}

func (p *Pool) ask(ctx context.Context, question func(context.Context, *Member) error) error {
	if id := infer.TermsOf(ctx).Sequence.ID; id != 0 { // what is remembered is in one place
		all := p.members()
		if len(all) == 0 {
			return p.resting()
		}
		m := all[id%uint64(len(all))]
		return m.ask(ctx, func(ctx context.Context) error { return question(ctx, m) })
	}
	tried := map[*Member]error{} // what they said
	var errs []error
	for len(tried) < attempts {
		m := p.next(tried)
		if m == nil {
			break
		}
		err := m.ask(ctx, func(ctx context.Context) error { return question(ctx, m) })
		if err == nil {
			for m, err := range tried {
				m.blame(err)
			}
		}
		if err == nil || ctx.Err() != nil || !safe(err) {
			return err
		}
		tried[m] = err
		errs = append(errs, err)
	}
	if len(errs) == 0 {
		return p.resting()
	}
	slices.SortStableFunc(errs, func(a, b error) int { return before(fault.Again(a), fault.Again(b)) }) // whoever is away may know the answer
	return errors.Join(errs...)
}

// before orders what has a quality before what has not.
func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// next is the member that would answer first of those not tried yet; nil if there is none.
func (p *Pool) next(tried map[*Member]error) *Member {
	var best *Member
	for _, m := range p.members() {
		if tried[m] == nil && m.breaker.would() && (best == nil || m.window.load() < best.window.load()) {
			best = m
		}
	}
	return best
}

// resting says why no engine is asked.
func (p *Pool) resting() error {
	for _, m := range p.members() {
		if err := m.breaker.last(); err != nil {
			return err
		}
	}
	return fault.New(fault.Offline, "No inference server answers.", "The work goes on by itself when one is back.", nil)
}

// Window is how many questions are good for all of them together.
func (p *Pool) Window() int {
	n := 0
	for _, m := range p.members() {
		if m.breaker.would() {
			n += m.Window()
		}
	}
	return max(n, 1)
}

// Describe asks the first that answers.
func (p *Pool) Describe(ctx context.Context, ref infer.Ref) (s infer.Spec, err error) {
	err = p.first(ctx, func(ctx context.Context, m *Member) error {
		s, err = m.Describe(ctx, ref)
		return err
	})
	return s, err
}

// Models lists those of the first that answers.
func (p *Pool) Models(ctx context.Context) (list []infer.Status, err error) {
	err = p.first(ctx, func(ctx context.Context, m *Member) error {
		list, err = m.Models(ctx)
		return err
	})
	return list, err
}

// Ready returns nil if any is ready.
func (p *Pool) Ready(ctx context.Context) error {
	return p.first(ctx, func(ctx context.Context, m *Member) error { return m.Ready(ctx) })
}

// first calls ask with one member after the other until one answers and has what is asked about;
// those that rest come last.
func (p *Pool) first(ctx context.Context, ask func(context.Context, *Member) error) error {
	members := slices.Clone(p.members())
	slices.SortStableFunc(members, func(a, b *Member) int { return before(a.breaker.would(), b.breaker.would()) })
	var errs, lacking []error
	for _, m := range members {
		err := m.inquire(ctx, ask)
		switch {
		case err == nil, ctx.Err() != nil:
			return err
		case fault.Again(err):
			errs = append(errs, err)
		case fault.KindOf(err) == fault.NotFound: // as long as one is silent nobody knows
			lacking = append(lacking, err)
		default:
			return err
		}
	}
	if errs = append(errs, lacking...); len(errs) == 0 {
		return p.resting()
	}
	return errors.Join(errs...)
}

// Load brings b into all engines at a time; one whose models are not under our control must have
// it. It is there if one engine has it: questions find that one.
func (p *Pool) Load(ctx context.Context, b infer.Bundle) error {
	members := p.members()
	errs := make([]error, len(members))
	var wg sync.WaitGroup
	for i, m := range members {
		wg.Go(func() {
			if len(members) > 1 { // one that hangs does not keep the others
				if errs[i] = m.knock(ctx); fault.KindOf(errs[i]) == fault.Offline {
					return
				}
			}
			if l, ok := m.Engine.(infer.Loader); ok {
				errs[i] = l.Load(ctx, b)
			} else {
				_, errs[i] = m.Describe(ctx, b.Ref)
			}
		})
	}
	wg.Wait()
	if slices.Contains(errs, nil) {
		return nil
	}
	return errors.Join(errs...)
}

// Unload takes the model out of every engine that can do so.
func (p *Pool) Unload(ctx context.Context, model string) error {
	var errs []error
	for _, m := range p.members() {
		if l, ok := m.Engine.(infer.Loader); ok {
			errs = append(errs, l.Unload(ctx, model))
		}
	}
	return errors.Join(errs...)
}

// Close closes all of them.
func (p *Pool) Close() error {
	var errs []error
	for _, m := range p.members() {
		errs = append(errs, m.Close())
	}
	return errors.Join(errs...)
}
