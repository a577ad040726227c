package flow

import (
	"context"
	"slices"
)

// Turns are the places of the items that could start at a stage and wait for their turn: 1 is
// the next. Those that are tried again later have none.
func (r *Runner) Turns(line, stage string) map[string]int {
	var all []spot
	r.mu.Lock()
	for _, l := range r.lanes[line] {
		if l.stage.Name == stage {
			for id := range l.in {
				all = append(all, spot{id: id, age: r.items[id].age})
			}
		}
	}
	r.mu.Unlock()
	slices.SortFunc(all, func(a, b spot) int { return a.age - b.age }) // of many thousands: nobody waits for it
	out := make(map[string]int, len(all))
	for i, s := range all {
		out[s.id] = i + 1
	}
	return out
}

// Due reports whether an item could start at a stage and waits: for its turn, or to be tried there again.
func (r *Runner) Due(it Item) bool {
	return slices.ContainsFunc(r.lines[it.Line].Stages, func(s Stage) bool {
		p := it.Passes[s.Name]
		return p.State == Waiting && (!s.Gate || p.Tries > 0) && ready(it, s)
	})
}

// First has an item go before all others wherever it waits for its turn: someone looks at it.
func (r *Runner) First(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.items[id]
	if h == nil || h.age == r.first && r.first < 0 {
		return
	}
	r.first--
	h.age = r.first
	for _, l := range r.lanes[h.Line] {
		if name, ok := l.in[id]; ok {
			l.kin[name].ready.add(spot{id: id, age: h.age}) // its old spot is passed over
		}
	}
}

// Hold keeps items from starting at a stage, or lets them go on; what is at work there goes
// on to its end.
func (r *Runner) Hold(line, stage string, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lanes[line] {
		if l.stage.Name == stage {
			l.held = yes
		}
	}
	r.Wake()
}

// Restore puts back how an item stood at stages before they were to be done again, at all of
// them or none.
func (r *Runner) Restore(ctx context.Context, id string, ps map[string]Pass) error {
	return r.set(ctx, id, ps)
}
