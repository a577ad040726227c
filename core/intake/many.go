package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"slices"

	"coverslip.dev/coverslip/core/flow"
)

// Instruments write files by the thousand, and a sync, a lock or a commit costs the same
// for one as for many. So the stage of one item also does the work of others that wait for
// it, and keeps what comes of it until their own turn.
const (
	manyFiles = 256      // captured together
	manyBytes = 64 << 20 // of them
	smallFile = 8 << 20  // larger ones are captured side by side instead
	// manyPaths bounds the names in a commit: Windows takes commands of 32 kB.
	manyPaths = 24 << 10
)

// many is the work that a stage has done ahead, by items.
type many[T any] struct {
	turn  chan struct{}   // holds one: who has taken it owns the rest
	ready map[string]T    // of items whose own turn is to come
	aside map[string]bool // failed in company: they wait for their own turn
}

// free tells whether the work for an item is still to be done, in company.
type free func(id string) bool

func newMany[T any]() *many[T] {
	m := &many[T]{turn: make(chan struct{}, 1), ready: map[string]T{}, aside: map[string]bool{}}
	m.turn <- struct{}{}
	return m
}

// do returns what came of own's work, now or in another's turn. others are the items that
// wait for the same; work does it for the first of those it is given, in order, and returns
// an error that is about the next.
func (m *many[T]) do(ctx context.Context, own Finished, others func(free) []Finished, work func([]Finished) ([]T, error)) (T, error) {
	var none T
	select {
	case <-ctx.Done():
		return none, ctx.Err()
	case <-m.turn:
	}
	defer func() { m.turn <- struct{}{} }()
	id := own.ID()
	if v, ok := m.ready[id]; ok {
		delete(m.ready, id)
		return v, nil
	}
	delete(m.aside, id)
	all := append([]Finished{own}, others(func(o string) bool {
		_, done := m.ready[o]
		return o != id && !done && !m.aside[o]
	})...)
	out, err := work(all)
	if len(out) == 0 && len(all) > 1 && ctx.Err() == nil { // whose fault it is, is not said
		all = all[:1]
		out, err = work(all)
	}
	if len(out) == 0 {
		return none, err
	}
	for i, v := range out[1:] {
		m.ready[all[i+1].ID()] = v
	}
	if err != nil && len(out) < len(all) && ctx.Err() == nil {
		m.aside[all[len(out)].ID()] = true
	}
	return out[0], nil
}

// waiting are the items, the oldest first, that could go through stage now.
func (l line) waiting(ok free, stage string, after ...string) iter.Seq[Finished] {
	var items []flow.Item
	for id, it := range l.items() {
		p := it.Passes[stage]
		ok := it.Line == LineName && p.State == flow.Waiting && p.Next.IsZero() && ok(id)
		for _, a := range after {
			ok = ok && it.Behind(a)
		}
		if ok {
			items = append(items, it)
		}
	}
	slices.SortFunc(items, func(a, b flow.Item) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return func(yield func(Finished) bool) {
		for _, it := range items {
			var f Finished
			if it.Read(&f.Capture) != nil {
				continue // its own turn tells
			}
			if b := it.Passes["capture"].Out; len(b) > 0 && json.Unmarshal(b, &f.Stored) != nil {
				continue
			}
			if !yield(f) {
				return
			}
		}
	}
}

// small are those of the captures that are worth storing together with own.
func small(own Capture, all iter.Seq[Finished]) []Finished {
	files, bytes := 1, own.Size
	var out []Finished
	for f := range all {
		if !together(f.Capture) {
			continue
		}
		if files, bytes = files+1, bytes+f.Size; files > manyFiles || bytes > manyBytes {
			break
		}
		out = append(out, f)
	}
	return out
}

// together reports whether a capture is stored in company.
func together(c Capture) bool { return c.Count == 0 && c.Size <= smallFile }

// same are those of the captures that go into one commit with own.
func same(own Capture, all iter.Seq[Finished]) []Finished {
	room := manyPaths - len(own.Rel)
	var out []Finished
	for f := range all {
		if f.Instrument != own.Instrument {
			continue
		}
		const ending = 6 // .dvc, and what parts arguments
		if room -= len(f.Rel) + ending; room < 0 {
			break
		}
		out = append(out, f)
	}
	return out
}
