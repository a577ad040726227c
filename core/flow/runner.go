package flow

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/session"
)

// atOnce is how many stages run at the same time.
const atOnce = 4

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
	items map[string]Item
	order []string                      // oldest first
	stops map[string]context.CancelFunc // of running stages, by item/stage
	alone map[string]bool               // stages that are taken, by line/stage
}

// New returns a runner of lines with the items that store remembers. A stage that was
// running when the power went waits again.
func New(ctx context.Context, store *session.Store, jobs *job.Runner, log *slog.Logger, lines ...Line) (*Runner, error) {
	r := &Runner{
		store: store, jobs: jobs, log: log, lines: map[string]Line{}, wake: make(chan struct{}, 1),
		items: map[string]Item{}, stops: map[string]context.CancelFunc{}, alone: map[string]bool{},
	}
	for _, l := range lines {
		r.lines[l.Name] = l
	}
	rows, err := store.Items(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		it := Item{ID: row.ID, Line: row.Line, Title: row.Title, Data: row.Data, Created: row.Created, Passes: map[string]Pass{}}
		for stage, p := range row.Passes {
			it.Passes[stage] = Pass{State(p.State), p.Tries, p.Next, p.Say, p.Hint, p.Out, p.At}
		}
		r.put(it)
	}
	return r, nil
}

// Add puts a new item at the start of its line. An item that is there already stays
// as it is; added tells.
func (r *Runner) Add(ctx context.Context, id, line, title string, data any) (added bool, err error) {
	b, err := json.Marshal(data)
	if err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.items[id]; ok {
		return false, nil
	}
	it := Item{ID: id, Line: line, Title: title, Data: b, Created: time.Now(), Passes: map[string]Pass{}}
	err = r.store.PutItem(ctx, session.Item{ID: id, Line: line, Title: title, Data: b, Created: it.Created})
	if err != nil {
		return false, err
	}
	r.put(it)
	r.Wake()
	return true, nil
}

// Pass opens a gate for an item: out is what the person said.
func (r *Runner) Pass(ctx context.Context, id, stage string, out any) error {
	b, err := json.Marshal(out)
	if err != nil {
		return err
	}
	return r.set(ctx, id, stage, Pass{State: Waiting, Tries: 1, Out: b, At: time.Now()})
}

// Retry tries again at once what failed or waits.
func (r *Runner) Retry(ctx context.Context, id string) error {
	it, ok := r.Items.Row(id)
	if !ok {
		return nil
	}
	for stage, p := range it.Passes {
		if p.State == Failed || p.State == Waiting && !p.Next.IsZero() {
			if err := r.set(ctx, id, stage, Pass{Out: p.Out, At: time.Now()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// Redo runs a stage of an item again that it has behind it; out, if not nil, is what the
// stage finds as its own earlier words.
func (r *Runner) Redo(ctx context.Context, id, stage string, out any) error {
	p := Pass{At: time.Now()}
	if out != nil {
		b, err := json.Marshal(out)
		if err != nil {
			return err
		}
		p.Out = b
	}
	return r.set(ctx, id, stage, p)
}

// Withdraw takes an item off its line and forgets it; a running stage is stopped.
func (r *Runner) Withdraw(ctx context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.store.DropItem(ctx, id); err != nil {
		return err
	}
	for _, s := range r.lines[r.items[id].Line].Stages {
		if stop := r.stops[id+"/"+s.Name]; stop != nil {
			stop()
		}
	}
	delete(r.items, id)
	r.order = slices.DeleteFunc(r.order, func(o string) bool { return o == id })
	r.Items.Drop(id)
	return nil
}

// Nudge tries again at once everything that waits for the outside world.
func (r *Runner) Nudge() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, id := range r.order {
		it := r.items[id].clone()
		for stage, p := range it.Passes {
			if p.State == Waiting && !p.Next.IsZero() {
				p.Next = time.Now()
				it.Passes[stage] = p
			}
		}
		r.items[id] = it
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

// set changes how an item stands and tells. A stage that is running can't be set.
func (r *Runner) set(ctx context.Context, id, stage string, p Pass) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	it, ok := r.items[id]
	if !ok {
		return fault.New(fault.NotFound, "That item is no longer here.", "", nil)
	}
	if _, ok := r.lines[it.Line].stage(stage); !ok || r.stops[id+"/"+stage] != nil {
		return fault.New(fault.Busy, "That step is being worked on.", "Wait a moment, then try again.", nil)
	}
	if err := r.keep(ctx, id, stage, p); err != nil {
		return err
	}
	r.show(it, stage, p)
	r.Wake()
	return nil
}

func (r *Runner) keep(ctx context.Context, id, stage string, p Pass) error {
	return r.store.PutPass(ctx, id, stage, session.Pass{
		State: string(p.State), Tries: p.Tries, Next: p.Next, Say: p.Say, Hint: p.Hint, Out: p.Out, At: p.At,
	})
}

// show replaces the pass in memory and on the feed. r.mu is held.
func (r *Runner) show(it Item, stage string, p Pass) {
	it = it.clone()
	it.Passes[stage] = p
	r.items[it.ID] = it
	r.Items.Put(it.ID, it)
}

// put takes in an item. r.mu is held, or nobody else has r yet.
func (r *Runner) put(it Item) {
	for stage, p := range it.Passes {
		if p.State == Running {
			p.State = Waiting
			it.Passes[stage] = p
		}
	}
	r.items[it.ID] = it
	r.order = append(r.order, it.ID)
	r.Items.Put(it.ID, it)
}
