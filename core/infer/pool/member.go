package pool

import (
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
	for {
		if err := m.window.enter(ctx); err != nil {
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
		switch kind := fault.KindOf(err); {
		case ctx.Err() != nil && err != nil:
			m.breaker.undecided()
			m.window.leave()
			return ctx.Err()
		case err != nil && kind == fault.Offline:
			m.breaker.bad(err)
			m.window.leave()
			m.tell(err)
			return err
		case err != nil && kind == fault.Busy:
			m.breaker.good()
			if m.window.refused() {
				continue // fewer at a time may do
			}
			return err
		}
		m.breaker.good()
		if err != nil {
			m.window.leave()
			m.tell(err)
		} else {
			m.window.answered(begun)
		}
		return err
	}
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
