package pool

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// hung is an engine on a server that takes connections and says nothing.
type hung struct {
	infer.Engine
	asked atomic.Int64 // how often it was waited for, also by several at once
}

const limit = 10 * time.Second // of the engine's own

func (h *hung) wait(ctx context.Context) error {
	h.asked.Add(1)
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	<-short.Done()
	if err := ctx.Err(); err != nil {
		return err
	}
	return fault.New(fault.Offline, "It did not answer in time.", "", short.Err())
}

func (h *hung) Name() string                                   { return "hung" }
func (h *hung) Ready(ctx context.Context) error                { return h.wait(ctx) }
func (h *hung) Load(ctx context.Context, _ infer.Bundle) error { return h.wait(ctx) }
func (h *hung) Unload(context.Context, string) error           { return nil }
func (h *hung) Describe(ctx context.Context, _ infer.Ref) (infer.Spec, error) {
	return infer.Spec{}, h.wait(ctx)
}

func (h *hung) Infer(ctx context.Context, _ infer.Ref, _ []infer.Tensor) ([]infer.Tensor, error) {
	return nil, h.wait(ctx)
}

// well is an engine that has one model, and takes no other unless it is told to.
type well struct {
	infer.Engine
	model string
	takes bool
}

func (w *well) Name() string                         { return "well" }
func (w *well) Ready(context.Context) error          { return nil }
func (w *well) Unload(context.Context, string) error { return nil }

func (w *well) has(m infer.Ref) error {
	if m.Model != w.model {
		return fault.New(fault.NotFound, "It is not there.", "", nil)
	}
	return nil
}

func (w *well) Load(_ context.Context, b infer.Bundle) error {
	if !w.takes {
		return fault.New(fault.Corrupt, "It can't be loaded.", "", nil)
	}
	w.model = b.Model
	return nil
}

func (w *well) Describe(_ context.Context, m infer.Ref) (infer.Spec, error) {
	return infer.Spec{}, w.has(m)
}

func (w *well) Infer(_ context.Context, m infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	return in, w.has(m)
}

func of(members ...*Member) *Pool { return New(func() []*Member { return members }) }

// TestHungOnTrial: a question that finds out that a server still hangs is answered by the other
// one, soon, each time.
func TestHungOnTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewMember(&hung{}, nil)
		p := of(h, NewMember(&well{model: "m"}, nil))
		for range patience {
			h.breaker.bad(errors.New("gone"))
		}
		for range 10 {
			time.Sleep(longestRest)
			begun := time.Now()
			if _, err := p.Infer(t.Context(), infer.Ref{Model: "m"}, nil); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took > knocking || h.State() != Open {
				t.Errorf("after %v, state %v", took, h.State())
			}
		}
	})
}

// TestHungWhenDescribed: what a model is like is known at once from the other server, as soon as
// it has turned out that one hangs.
func TestHungWhenDescribed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		en := &hung{}
		p := of(NewMember(en, nil), NewMember(&well{model: "m"}, nil))
		describe := func() (took time.Duration) {
			t.Helper()
			begun := time.Now()
			if _, err := p.Describe(t.Context(), infer.Ref{Model: "m"}); err != nil {
				t.Fatal(err)
			}
			return time.Since(begun)
		}
		for range patience {
			describe()
		}
		for range 20 {
			if took := describe(); took != 0 {
				t.Fatalf("after %v", took)
			}
		}
		time.Sleep(longestRest)
		if took := describe(); took > knocking || en.asked.Load() != patience+1 {
			t.Errorf("on trial after %v, waited for %d times", took, en.asked.Load())
		}
	})
}

// TestOneHasIt: a model is there if one server has it, whatever the others say.
func TestOneHasIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mine := infer.Ref{Model: "mine"}
		bundle := infer.Bundle{Ref: mine}
		first, second := &well{model: "other"}, &well{model: "mine"}
		p := of(NewMember(first, nil), NewMember(second, nil))
		if _, err := p.Describe(t.Context(), mine); err != nil {
			t.Errorf("the second has it: %v", err)
		}
		if err := p.Load(t.Context(), bundle); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("neither takes it: %v", err)
		}
		second.takes, second.model = true, ""
		p = of(NewMember(&hung{}, nil), NewMember(first, nil), NewMember(second, nil))
		if err := p.Load(t.Context(), bundle); err != nil {
			t.Errorf("one takes it: %v", err)
		}
		if _, err := p.Describe(t.Context(), infer.Ref{Model: "nobody's"}); fault.KindOf(err) != fault.Offline {
			t.Errorf("the one that hangs may have it: %v", err)
		}
		if _, err := of(NewMember(first, nil), NewMember(second, nil)).Describe(t.Context(), infer.Ref{Model: "nobody's"}); fault.KindOf(err) != fault.NotFound {
			t.Errorf("nobody has it: %v", err)
		}
	})
}
