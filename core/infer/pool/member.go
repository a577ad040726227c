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
			err = m.knock(ctx)
		}
		begun := time.Now()
		if err == nil {
			err = question(ctx)
		}
		if again := m.learn(ctx, begun, err); again && terms.Sequence.ID == 0 {
			continue
		}
		if fault.KindOf(err) == fault.Offline && ctx.Err() == nil && m.breaker.now() != Closed {
			return gone(err) // so many have failed that it is not this one's fault
		}
		return err
	}
}

// gone tells what went wrong as that an engine is gone, and not as a deadline: no question is to
// blame for it, and another engine may be asked.
func gone(err error) error {
	say, hint := fault.Explain(err)
	return fault.New(fault.Offline, say, hint, errors.New(err.Error()))
}

// knocking is how long an engine on trial, or one of several, may take to say that it is there.
const knocking = 2 * time.Second

// knock asks whether the engine is there: one that hangs is soon found out.
func (m *Member) knock(ctx context.Context) error {
	err := Answers(ctx, m, knocking)
	if err == nil || ctx.Err() != nil || fault.KindOf(err) == fault.Busy {
		return err
	}
	return gone(err)
}

// Answers returns why an engine is not ready, if only as it says nothing within a time.
func Answers(ctx context.Context, en infer.Engine, within time.Duration) error {
	short, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := en.Ready(short)
	if err == nil || short.Err() == nil || ctx.Err() != nil {
		return err
	}
	return fault.New(fault.Offline, "The inference server "+en.Name()+" did not answer in time.",
		"It may have too much to do, or hang; the work goes on by itself when it answers.", err)
}

// inquire asks what needs no model, at once: also an engine that is let alone, if nobody else is
// there to be asked. The breaker learns from how it ends.
func (m *Member) inquire(ctx context.Context, ask func(context.Context, *Member) error) error {
	var err error
	if trial, _ := m.breaker.admit(); trial {
		err = m.knock(ctx)
	}
	if err == nil {
		err = ask(ctx, m)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		m.breaker.undecided()
	case fault.KindOf(err) == fault.Offline:
		m.breaker.bad(err)
	default:
		m.breaker.heard()
	}
	return err
}

// judge has the breaker learn from how a question ended.
func (m *Member) judge(ctx context.Context, err error) {
	switch {
	case err == nil:
		m.breaker.good()
	case ctx.Err() != nil:
		m.breaker.undecided()
	case fault.KindOf(err) == fault.Offline:
		if m.breaker.bad(err); m.breaker.now() != Closed {
			m.window.forget()
		}
	case fault.KindOf(err) == fault.Internal:
		m.breaker.odd(err)
	default:
		m.breaker.good()
	}
}

// blame has the breaker learn that an engine failed over a question that another one has answered.
func (m *Member) blame(err error) {
	if fault.KindOf(err) == fault.Internal {
		m.breaker.bad(err)
	}
}

// learn draws the conclusions of a question's end and gives its place back. It tells whether
// it may do to ask again, with fewer under way.
func (m *Member) learn(ctx context.Context, begun time.Time, err error) (again bool) {
	m.judge(ctx, err)
	switch {
	case err == nil:
		m.window.answered(begun)
		return false
	case ctx.Err() != nil:
		m.window.leave()
		return false
	case fault.KindOf(err) == fault.Busy:
		return m.window.refused()
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
// question, lacks the model, is gone or can't tell what is wrong. One that does not come to an
// end may be the question's own fault.
func safe(err error) bool {
	k := fault.KindOf(err)
	return (fault.Again(err) || k == fault.NotFound || k == fault.Internal) && !errors.Is(err, context.DeadlineExceeded)
}
