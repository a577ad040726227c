package foreign

import (
	"errors"
	"testing"
	"time"
)

// TestWhoGetsNowhereIsEnded: who does nothing for the time of the patience, and who computes for many times that
// and writes nothing, also where what it computes can't be told.
func TestWhoGetsNowhereIsEnded(t *testing.T) {
	const last = 100 * time.Minute
	for name, c := range map[string]struct {
		written, computed func(minute int64) int64
		untold            bool
		ends              time.Duration // 0: never
		why               error
	}{
		"writes":           {written: func(m int64) int64 { return m }},
		"computes, writes": {written: func(m int64) int64 { return m / 80 }, computed: func(m int64) int64 { return m }},
		"rests":            {computed: func(m int64) int64 { return m / 4 }, ends: 90 * time.Minute, why: errVain},
		"only computes":    {computed: func(m int64) int64 { return m }, ends: 90 * time.Minute, why: errVain},
		"can't be told":    {untold: true, ends: 90 * time.Minute, why: errVain},
		"has stopped":      {written: func(m int64) int64 { return min(m, 20) }, ends: 25 * time.Minute, why: errIdle},
		"does nothing":     {ends: 5 * time.Minute, why: errIdle},
	} {
		begun := time.Unix(0, 0)
		v, none := vigil{wrote: begun, worked: begun}, func(int64) int64 { return 0 }
		if c.written == nil {
			c.written = none
		}
		if c.computed == nil {
			c.computed = none
		}
		var err error
		after := time.Minute
		for ; after < last; after += time.Minute {
			m := int64(after / time.Minute)
			if err = v.look(begun.Add(after), c.written(m), c.computed(m), !c.untold, 5*time.Minute); err != nil {
				break
			}
		}
		if !errors.Is(err, c.why) || c.why != nil && after != c.ends {
			t.Errorf("%s: %v after %v, want %v after %v", name, err, after, c.why, c.ends)
		}
	}
}
