// Package flow carries items through stages, and carries on after a crash.
//
// A [Line] is the stages of one kind of item. How an item stands is written to the
// session before the next stage starts, so a station that lost power goes on where
// it was: a stage may therefore run twice and must leave the same behind.
package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/job"
)

// State is how an item stands at a stage.
type State string

// The states.
const (
	Waiting State = ""        // not begun, or to be tried again
	Running State = "running" // now
	Passed  State = "passed"
	Skipped State = "skipped" // there is nothing to do here
	Failed  State = "failed"  // waits for a person to retry
	Yours   State = "yours"   // a gate that waits for a person
)

// Stage is one step of a line.
type Stage struct {
	Name  string
	After []string // stages before it in the line that must be behind; none: may start at once
	// Gate stages wait for a person: Run is called once someone has passed it with
	// [Runner.Pass], and finds what they said in it.Out of this stage. A gate behind a stage
	// that was skipped is skipped.
	Gate bool
	// Alone stages work on one item at a time.
	Alone bool
	// Run does the work; what it returns is kept as JSON for later stages.
	Run func(ctx context.Context, it Item, p *job.Progress) (out any, err error)
	// Batch does it in place of Run, where many items cost little more than one.
	Batch *Batch
}

// Batch is the work of a stage on many items at once. All of it but Run is called while the
// runner is locked: it must be quick, and must not call the runner.
type Batch struct {
	// Run does the work for the first of the items, or for more of them in their order, and
	// returns what each of those leaves behind. An error is about the next. A single item's
	// is its own; of many, that one is tried by itself next and then tells. [Skip] is about
	// all. What is not done waits on.
	Run  func(ctx context.Context, all []Item, p *job.Progress) (outs []any, err error)
	Most int // items that Run is given
	// Kin names the items that may go together; one of the empty name goes by itself. nil:
	// all may.
	Kin func(Item) string
	// Fill returns what is asked of each further item, the oldest first, whether it goes
	// along with the first one, too; the first no ends the asking. nil: as many as Most.
	Fill func(first Item) func(Item) bool
	// Rest is until when it is better to wait while items are still at the stages before.
	// nil: it never is.
	Rest func() time.Time
}

// Line is the stages of one kind of item.
type Line struct {
	Name   string
	Stages []Stage
}

func (l Line) stage(name string) (Stage, bool) {
	i := slices.IndexFunc(l.Stages, func(s Stage) bool { return s.Name == name })
	if i < 0 {
		return Stage{}, false
	}
	return l.Stages[i], true
}

// Item is one thing on its way: a value that shows one moment.
type Item struct {
	ID, Line, Title string
	Data            []byte // the line's own words about it, JSON
	Created         time.Time
	Passes          map[string]Pass // never altered once shown: see clone
}

// Pass is how an item stands at a stage.
type Pass struct {
	State     State
	Tries     int
	Next      time.Time // when it is tried again by itself; zero: not
	Say, Hint string    // why it waits or failed
	Out       []byte    // what the stage left behind, JSON
	At        time.Time // when this became so
}

// Read decodes the item's own words into v.
func (it Item) Read(v any) error {
	if err := json.Unmarshal(it.Data, v); err != nil {
		return fmt.Errorf("item %s: %w", it.ID, err)
	}
	return nil
}

// Out decodes what stage left behind into v; false if it left nothing.
func (it Item) Out(stage string, v any) bool {
	b := it.Passes[stage].Out
	return len(b) > 0 && json.Unmarshal(b, v) == nil
}

// Behind reports whether the item has stage behind it.
func (it Item) Behind(stage string) bool {
	s := it.Passes[stage].State
	return s == Passed || s == Skipped
}

func (it Item) clone() Item {
	m := make(map[string]Pass, len(it.Passes))
	maps.Copy(m, it.Passes)
	it.Passes = m
	return it
}

type skip struct{ why string }

func (s skip) Error() string { return s.why }

// Skip returns the error of a stage that has nothing to do, and why.
func Skip(why string) error { return skip{why} }

func skipped(err error) (why string, ok bool) {
	s, ok := errors.AsType[skip](err)
	return s.why, ok
}
