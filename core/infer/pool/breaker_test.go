package pool

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// TestBreaker walks through all states: it opens after failures in a row, rests longer after
// each trial that fails, lets one question at a time through on trial, and closes after one
// that does not fail.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		var b breaker
		b.bad(gone)
		b.bad(gone)
		b.good() // not in a row
		for range patience {
			if !b.would() || b.now() != Closed {
				t.Fatal("opened too early")
			}
			b.bad(gone)
		}
		for _, rest := range []time.Duration{firstRest, 2 * firstRest, 4 * firstRest} {
			if _, err := b.admit(); fault.KindOf(err) != fault.Offline || b.would() || b.now() != Open {
				t.Fatalf("open: %v, state %d", err, b.now())
			}
			b.bad(gone) // of a question from before: changes nothing
			time.Sleep(rest - time.Nanosecond)
			if b.would() {
				t.Fatalf("rested less than %v", rest)
			}
			time.Sleep(time.Nanosecond)
			if !b.would() {
				t.Fatalf("rests longer than %v", rest)
			}
			if trial, err := b.admit(); !trial || err != nil || b.now() != HalfOpen {
				t.Fatalf("no trial: %v", err)
			}
			if _, err := b.admit(); err == nil || b.would() {
				t.Fatal("two on trial")
			}
			b.bad(gone)
		}
		time.Sleep(longestRest)
		if trial, err := b.admit(); !trial || err != nil {
			t.Fatal(err)
		}
		b.undecided() // the next one decides
		if trial, err := b.admit(); !trial || err != nil {
			t.Fatal(err)
		}
		b.good()
		if trial, err := b.admit(); trial || err != nil || b.now() != Closed {
			t.Fatalf("not closed: %v", err)
		}
		for range 20 * patience {
			b.bad(gone)
			time.Sleep(longestRest)
			if b.now() == Open {
				if trial, err := b.admit(); !trial || err != nil {
					t.Fatalf("rests longer than %v: %v", longestRest, err)
				}
			}
		}
	})
}

// TestSayingWhyIsNoTrial: an engine whose rest ends while somebody is told why it is not asked
// can be asked on trial afterwards.
func TestSayingWhyIsNoTrial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		m := NewMember(nil, nil)
		for range patience {
			m.breaker.bad(gone)
		}
		time.Sleep(firstRest)
		p := &Pool{members: func() []*Member { return []*Member{m} }}
		if err := p.resting(); fault.KindOf(err) != fault.Offline || !m.breaker.would() {
			t.Errorf("%v, state %d", err, m.State())
		}
	})
}
