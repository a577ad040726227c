// Package health says what is wrong with the station now and what to do about it.
package health

import (
	"time"

	"coverslip.dev/coverslip/core/event"
)

// Severity is how loudly a trouble is shown.
type Severity int

// The severities.
const (
	Note    Severity = iota // a line in the panel
	Warning                 // the light turns amber
	Stop                    // work can't go on: the light turns red
)

// Trouble is one thing that is wrong now.
type Trouble struct {
	Code      string // stays the same while the trouble lasts: "server/gpu-1", "folder/…"
	Title     string // one line
	Say, Hint string
	Severity  Severity
	Since     time.Time
}

// Board is what is wrong now, by code. Its zero value is ready.
type Board struct {
	Troubles event.Feed[string, Trouble]
}

// Raise puts t on the board; one that is there already keeps its Since.
func (b *Board) Raise(t Trouble) {
	t.Since = time.Now()
	if was, ok := b.Troubles.Row(t.Code); ok {
		t.Since = was.Since
		if was == t {
			return
		}
	}
	b.Troubles.Put(t.Code, t)
}

// Clear takes the trouble off the board.
func (b *Board) Clear(code string) { b.Troubles.Drop(code) }
