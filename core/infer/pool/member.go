package pool

import (
	"cmp"
	"context"
	"errors"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// Member is an engine of pools, with what is known of it: how many questions are good for it
// at a time, and whether it is let alone for a while as it does not answer.
type Member struct {
	infer.Engine
	window  *window
	breaker breaker
	failed  func(error)
}

// NewMember makes a member of an engine. failed, if not nil, is told of each question that
// was not answered as the engine is not there, or has lost its model.
func NewMember(en infer.Engine, failed func(error)) *Member {
	return &Member{Engine: en, window: newWindow(), failed: failed}
}

// Window is how many questions are good for the engine at a time, as far as it is known.
func (m *Member) Window() int { return m.window.now() }

// State is how the breaker stands.
func (m *Member) State() State { return m.breaker.now() }

// ask puts a question when it is its turn.
func (m *Member) ask(ctx context.Context, question func(context.Context) error) error {
	terms := infer.TermsOf(ctx)
	for {
		if err := m.window.enter(ctx, cmp.Or(terms.Priority, 2)); err != nil {
			return err
		}
		trial, err := m.breaker.admit() // only now: it may have opened meanwhile
		if err != nil {
			m.window.leave()
			return err
		}
		if trial {
			err = m.Ready(ctx) // a server that hangs is soon found out
		}
		begun := time.Now()
		if err == nil {
			err = question(ctx)
		}
		if again := m.learn(ctx, begun, err); !again || terms.Sequence.ID != 0 {
			return err
		}
	}
}

// learn draws the conclusions of a question's end and gives its place back. It tells whether
// it may do to ask again, with fewer under way.
func (m *Member) learn(ctx context.Context, begun time.Time, err error) (again bool) {
	kind := fault.KindOf(err)
	switch {
	case err == nil:
		m.breaker.good()
		m.window.answered(begun)
		return false
	case ctx.Err() != nil:
		m.breaker.undecided()
		m.window.leave()
		return false
	case kind == fault.Busy:
		m.breaker.good()
		return m.window.refused()
	case kind == fault.Offline:
		m.breaker.bad(err)
	default:
		m.breaker.good()
	}
	m.window.leave()
	m.tell(err)
	return false
}

// tell tells who wants to know that the engine is gone, or its model.
func (m *Member) tell(err error) {
	if k := fault.KindOf(err); m.failed != nil && (k == fault.Offline || k == fault.NotFound) {
		m.failed(err)
	}
}

// safe tells whether another engine may be asked after err: this one has not taken the
// question, lacks the model or is gone. One that does not come to an end may be the
// question's own fault.
func safe(err error) bool {
	return (fault.Again(err) || fault.KindOf(err) == fault.NotFound) && !errors.Is(err, context.DeadlineExceeded)
}
