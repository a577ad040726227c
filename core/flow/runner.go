package flow

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/session"
)

// AtOnce is how many runs of a stage are at work at the same time.
const AtOnce = 4

// Runner carries items along their lines. Its methods may be called from any
// goroutine; work is done only inside Run.
type Runner struct {
	Items event.Feed[string, Item]

	store *session.Store
	jobs  *job.Runner
	log   *slog.Logger
	lines map[string]Line
	wake  chan struct{}

	mu    sync.Mutex // guards all below
	items map[string]*held
	age   int // of the next item
	first int // age of the item that goes before all; 0: none was asked to
	lanes map[string][]*lane
	later spots          // what is to be tried again
	gates []session.Step // that have opened to a person, and are not written yet
}

// held is an item with what the runner needs to know of it.
type held struct {
	Item

	age    int                           // among all; the oldest is the lowest
	stops  map[string]context.CancelFunc // of running stages
	single map[string]bool               // stages that it failed in company
}

// New returns a runner of lines with the items that store remembers. A stage that was
// running when the power went waits again.
func New(ctx context.Context, store *session.Store, jobs *job.Runner, log *slog.Logger, lines ...Line) (*Runner, error) {
	r := &Runner{
		store: store, jobs: jobs, log: log, lines: map[string]Line{}, wake: make(chan struct{}, 1),
		items: map[string]*held{}, lanes: map[string][]*lane{},
	}
	for _, l := range lines {
		r.lines[l.Name], r.lanes[l.Name] = l, lanesOf(l)
	}
	rows, err := store.Items(ctx)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		it := Item{ID: row.ID, Line: row.Line, Title: row.Title, Data: row.Data, Created: row.Created, Passes: map[string]Pass{}}
		for stage, p := range row.Passes {
			it.Passes[stage] = Pass{State(p.State), p.Tries, p.Next, p.Say, p.Hint, p.Out, p.At}
		}
		r.put(it)
	}
	return r, nil
}

// Fresh is an item that is to be put on a line.
type Fresh struct {
	ID, Line, Title string
	Data            any // the line's own words about it, kept as JSON
}

// Add puts new items at the start of their lines. An item that is there already stays as it
// is; added is how many were not.
func (r *Runner) Add(ctx context.Context, all ...Fresh) (added int, err error) {
	rows := make([]session.Item, 0, len(all))
	for _, f := range all {
		b, err := json.Marshal(f.Data)
		if err != nil {
			return 0, err
		}
		if _, ok := r.Items.Row(f.ID); !ok {
			rows = append(rows, session.Item{ID: f.ID, Line: f.Line, Title: f.Title, Data: b, Created: time.Now()})
		}
	}
	if len(rows) == 0 {
		return 0, nil
	}
	if err := r.store.PutItems(ctx, rows...); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, row := range rows {
		if r.items[row.ID] != nil {
			continue
		}
		added++
		r.put(Item{ID: row.ID, Line: row.Line, Title: row.Title, Data: row.Data, Created: row.Created, Passes: map[string]Pass{}})
	}
	r.Wake()
	return added, nil
}

// Pass opens a gate for an item: out is what the person said. The stages named in again, which
// come after it, run again with it, or none of them where one is being worked on.
func (r *Runner) Pass(ctx context.Context, id, stage string, out any, again ...string) error {
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	ps := map[string]Pass{}
	for _, s := range again {
		ps[s] = Pass{At: time.Now()}
	}
	ps[stage] = Pass{State: Waiting, Tries: 1, Out: b, At: time.Now()}
	return r.set(ctx, id, ps)
}

// Retry tries again at once what failed or waits.
func (r *Runner) Retry(ctx context.Context, id string) error {
	it, ok := r.Items.Row(id)
	if !ok {
		return nil
	}
	for stage, p := range it.Passes {
		if p.State == Failed || p.State == Waiting && !p.Next.IsZero() {
			if err := r.set(ctx, id, map[string]Pass{stage: {Out: p.Out, At: time.Now()}}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Redo runs a stage of an item again that it has behind it, and others with it, or none of
// them; out, if not nil, is what the stage finds as its own earlier words.
func (r *Runner) Redo(ctx context.Context, id, stage string, out any, others ...string) error {
	p := Pass{At: time.Now()}
	ps := map[string]Pass{}
	for _, other := range others {
		ps[other] = p
	}
	if out != nil {
		b, err := json.Marshal(out)
		if err != nil {
			return err
		}
		p.Out = b
	}
	ps[stage] = p
	return r.set(ctx, id, ps)
}

// Withdraw takes an item off its line and forgets it; a running stage is stopped.
func (r *Runner) Withdraw(ctx context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.DropItem(ctx, id); err != nil {
		return err
	}
	h := r.items[id]
	if h == nil {
		return nil
	}
	for _, stop := range h.stops {
		stop()
	}
	for _, l := range r.lanes[h.Line] {
		l.leave(id)
	}
	delete(r.items, id)
	r.Items.Drop(id)
	return nil
}

// Nudge tries again at once everything that waits for the outside world.
func (r *Runner) Nudge() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, ls := range r.lanes {
		for _, l := range ls {
			l.resume()
		}
	}
	r.later = nil
	for _, h := range r.items {
		it := h.clone()
		for stage, p := range it.Passes {
			if p.State == Waiting && !p.Next.IsZero() {
				p.Next = time.Now()
				it.Passes[stage] = p
			}
		}
		h.Item = it
		r.place(h)
	}
	r.Wake()
}

// Wake makes Run look again.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// set changes how an item stands at stages, at all of them or none, and tells. A stage that
// is running can't be set.
func (r *Runner) set(ctx context.Context, id string, ps map[string]Pass) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.items[id]
	if h == nil {
		return fault.New(fault.NotFound, "That item is no longer here.", "", nil)
	}
	var rows []session.Step
	for stage, p := range ps {
		if _, ok := r.lines[h.Line].stage(stage); !ok || h.stops[stage] != nil {
			return fault.New(fault.Busy, "That step is being worked on.", "Wait a moment, then try again.", nil)
		}
		rows = append(rows, step(id, stage, p))
	}
	if err := r.store.PutSteps(ctx, rows...); err != nil {
		return err
	}
	r.gates = slices.DeleteFunc(r.gates, func(g session.Step) bool { // they are of before
		_, ok := ps[g.Stage]
		return ok && g.Item == id
	})
	for _, l := range r.lanes[h.Line] {
		if _, ok := ps[l.stage.Name]; ok {
			l.resume()
		}
	}
	r.show(h, ps)
	r.Wake()
	return nil
}

func step(id, stage string, p Pass) session.Step {
	return session.Step{Item: id, Stage: stage, Pass: session.Pass{
		State: string(p.State), Tries: p.Tries, Next: p.Next, Say: p.Say, Hint: p.Hint, Out: p.Out, At: p.At,
	}}
}

// show replaces passes in memory and on the feed. r.mu is held.
func (r *Runner) show(h *held, ps map[string]Pass) {
	h.Item = h.clone()
	maps.Copy(h.Passes, ps)
	r.place(h)
	r.Items.Put(h.ID, h.Item)
}

// put takes in an item. r.mu is held.
func (r *Runner) put(it Item) {
	for stage, p := range it.Passes {
		if p.State == Running {
			p.State = Waiting
			it.Passes[stage] = p
		}
	}
	h := &held{Item: it, age: r.age, stops: map[string]context.CancelFunc{}, single: map[string]bool{}}
	r.age++
	r.items[it.ID] = h
	r.place(h)
	r.Items.Put(it.ID, h.Item)
}

// opening is how an item stands at a gate that it comes to.
func opening(it Item, gate Stage) State {
	if slices.ContainsFunc(gate.After, func(before string) bool { return it.Passes[before].State == Skipped }) {
		return Skipped
	}
	return Yours
}

// place has an item wait at the stages that it could start at, and at no others. r.mu is held.
func (r *Runner) place(h *held) {
	now := time.Now()
	for _, l := range r.lanes[h.Line] {
		name := l.stage.Name
		p := h.Passes[name]
		switch {
		case p.State != Waiting || h.stops[name] != nil || !ready(h.Item, l.stage):
			l.leave(h.ID)
		case l.stage.Gate && p.Tries == 0:
			h.Passes[name] = Pass{State: opening(h.Item, l.stage), Out: p.Out, At: now} // h.Passes is shown after this
			r.gates = append(r.gates, step(h.ID, name, h.Passes[name]))
		case p.Next.After(now):
			l.leave(h.ID)
			r.retryLater(h, p.Next)
		default:
			l.join(h)
		}
	}
}
