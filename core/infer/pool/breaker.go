package pool

import (
	"sync"
	"time"
)

// How a breaker opens: after so many failures in a row, for a rest that doubles with each
// trial that fails.
const (
	patience    = 3
	firstRest   = time.Second
	longestRest = 30 * time.Second
)

// State is how a breaker stands.
type State int

// The states of a breaker.
const (
	Closed   State = iota // questions go through
	Open                  // none does
	HalfOpen              // one has gone through on trial
)

// breaker keeps questions from an engine that does not answer. The zero value is closed.
type breaker struct {
	mu     sync.Mutex // guards all below
	state  State
	failed int // in a row
	rest   time.Duration
	until  time.Time // the end of the rest
	err    error     // the last failure; no other question is to blame for it
}

// would tells whether a question would be let through now.
func (b *breaker) would() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state == Closed || b.state == Open && !time.Now().Before(b.until)
}

// admit lets a question through, or returns why not. A question on trial decides for all:
// its end must be told.
func (b *breaker) admit() (trial bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.state == Closed:
		return false, nil
	case b.state == Open && !time.Now().Before(b.until):
		b.state = HalfOpen
		return true, nil
	}
	return false, b.err
}

// good tells that the engine has answered a question, if only that it does not like it.
func (b *breaker) good() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.state, b.failed, b.rest, b.err = Closed, 0, 0, nil
}

// heard tells that the engine has answered what needs no model. One whose models hang does so too:
// the next question that fails has it rest again.
func (b *breaker) heard() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state != Closed {
		b.state, b.failed, b.err = Closed, patience-1, nil
	}
}

// odd tells that the engine has failed over a question, which may be the question's own fault:
// that counts only on trial.
func (b *breaker) odd(err error) {
	if b.now() == HalfOpen {
		b.bad(err)
	}
}

// bad tells that the engine did not answer.
func (b *breaker) bad(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.err = gone(err)
	if b.failed++; b.state == Open || b.state == Closed && b.failed < patience {
		return
	}
	b.state = Open
	b.rest = min(max(2*b.rest, firstRest), longestRest)
	b.until = time.Now().Add(b.rest)
}

// undecided tells that whoever asked on trial gave up before there was an answer.
func (b *breaker) undecided() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state == HalfOpen {
		b.state = Open
	}
}

// last is the last failure of an engine that does not answer; nil if it does.
func (b *breaker) last() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err
}

func (b *breaker) now() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}
