package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/session"
)

// Run works until ctx ends, then waits for what it started.
func (r *Runner) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		tasks, again := r.take(ctx, time.Now())
		for _, t := range tasks {
			wg.Go(func() { //nolint:contextcheck // a task has its own
				r.work(t)
				r.Wake()
			})
		}
		timer.Reset(max(time.Until(again), 10*time.Millisecond))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// stoppedFor is how long what a person has stopped waits.
const stoppedFor = 5 * time.Minute

// task is a run of a stage, on one item or, of a batch, on several.
type task struct {
	ctx   context.Context //nolint:containedctx // lives as long as the task
	stop  context.CancelFunc
	lane  *lane
	kin   string
	items []Item // as they are at work
	was   []Pass // how they stood before
	begun time.Time

	halted bool // a person stopped it, neither was the item withdrawn nor does the program end
}

// take begins what can start now, the oldest items of each stage first, and returns when to
// look again at the latest. It writes the gates that have opened before anybody can pass them.
func (r *Runner) take(ctx context.Context, now time.Time) (tasks []task, again time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.later) > 0 && !r.later[0].at.After(now) {
		h := r.items[r.later[0].id]
		if r.later.drop(); h != nil {
			r.place(h)
		}
	}
	again = now.Add(time.Minute)
	if len(r.later) > 0 {
		again = sooner(again, r.later[0].at)
	}
	for _, lanes := range r.lanes {
		for _, l := range lanes {
			for {
				name, ok, wait := l.next(now)
				again = sooner(again, wait)
				if !ok {
					break
				}
				tasks = append(tasks, r.begin(ctx, l, name, now))
			}
		}
	}
	r.keep(context.WithoutCancel(ctx), r.gates)
	r.gates = nil
	return tasks, again
}

// begin marks a stage running for the oldest of a kin, and for those that go along. r.mu is
// held.
func (r *Runner) begin(ctx context.Context, l *lane, name string, now time.Time) task {
	t := task{lane: l, kin: name, begun: now}
	t.ctx, t.stop = context.WithCancel(ctx)
	most := 1
	if b := l.stage.Batch; b != nil && name != "" {
		most = b.Most
	}
	var fill func(Item) bool
	for len(t.items) < most {
		s, ok := l.head(name)
		if !ok || fill != nil && !fill(r.items[s.id].Item) {
			break
		}
		h := r.items[s.id]
		if len(t.items) == 0 && most > 1 && l.stage.Batch.Fill != nil {
			fill = l.stage.Batch.Fill(h.Item)
		}
		p := h.Passes[l.stage.Name]
		t.was = append(t.was, p)
		h.stops[l.stage.Name] = t.stop
		p.State, p.At, p.Tries = Running, now, p.Tries+1
		r.show(h, map[string]Pass{l.stage.Name: p}) // memory only: after a crash it waits again
		t.items = append(t.items, h.Item)
	}
	l.runs++
	l.busy += len(t.items)
	l.kin[name].works = most > 1
	return t
}

func ready(it Item, s Stage) bool {
	for _, a := range s.After {
		if !it.Behind(a) {
			return false
		}
	}
	return true
}

// retryLater has an item placed again when its time has come. r.mu is held.
func (r *Runner) retryLater(h *held, at time.Time) {
	r.later.add(spot{id: h.ID, age: h.age, at: at})
}

func (t task) title() string {
	title := t.items[0].Title
	if n := len(t.items) - 1; n > 0 {
		title = fmt.Sprintf("%s and %d more", title, n)
	}
	return title + " · " + t.lane.stage.Name
}

// work runs a task and keeps what comes of it.
func (r *Runner) work(t task) {
	defer t.stop()
	var outs []any
	var failed error
	stopped := r.jobs.Do(t.ctx, t.lane.line, t.title(), func(ctx context.Context, p *job.Progress) error {
		outs, failed = t.run(ctx, p)
		t.halted = failed != nil && ctx.Err() != nil && t.ctx.Err() == nil
		if _, ok := skipped(failed); ok {
			return nil
		}
		return failed
	})
	if failed == nil {
		failed = stopped
	}
	now := time.Now()
	ps := t.passes(outs, failed, now)
	var rows []session.Step
	for i, p := range ps {
		if p.changed {
			rows = append(rows, step(t.items[i].ID, t.lane.stage.Name, p.Pass))
		}
	}
	r.keep(context.WithoutCancel(t.ctx), rows)
	if _, ok := skipped(failed); failed != nil && !ok {
		it := t.items[min(len(outs), len(t.items)-1)]
		r.log.Warn("stage did not pass", slog.String("item", it.ID), slog.String("stage", t.lane.stage.Name),
			slog.String("title", it.Title), slog.Int("of", len(t.items)), slog.Any("error", failed))
	}
	r.end(t, ps, outside(failed), now)
}

func (t task) run(ctx context.Context, p *job.Progress) ([]any, error) {
	if b := t.lane.stage.Batch; b != nil {
		return b.Run(ctx, t.items, p)
	}
	out, err := t.lane.stage.Run(ctx, t.items[0], p)
	if err != nil {
		return nil, err
	}
	return []any{out}, nil
}

// outside reports whether an error is about the other side, or the disk, and so about every
// item alike.
func outside(err error) bool {
	k := fault.KindOf(err)
	return k == fault.Offline || k == fault.Full
}

// passed is how an item stands after a run.
type passed struct {
	Pass

	changed bool // if not, it waits as before
	single  bool // and is to be tried by itself
}

// passes tells of each item of a task how it stands now.
func (t task) passes(outs []any, err error, now time.Time) []passed {
	out := make([]passed, len(t.items))
	if len(outs) == 0 && err == nil {
		err = errors.New("the stage did nothing")
	}
	_, skips := skipped(err)
	stopped := errors.Is(err, context.Canceled)
	for i, it := range t.items {
		at := it.Passes[t.lane.stage.Name]
		switch next := i == len(outs); {
		case i < len(outs):
			out[i] = passed{Pass: settle(at, outs[i], nil, now), changed: true}
		case t.halted && !skips:
			out[i] = passed{changed: true, Pass: Pass{
				State: Waiting, Tries: at.Tries, Out: at.Out, At: now, Next: now.Add(stoppedFor),
				Say: "Someone stopped it.", Hint: "It goes on by itself in a few minutes, or at once with Try again.",
			}}
		case skips || next && err != nil && !stopped && (len(t.items) == 1 || outside(err)):
			out[i] = passed{Pass: settle(at, nil, err, now), changed: true}
		default:
			out[i] = passed{Pass: t.was[i], single: next && err != nil && !stopped}
		}
	}
	return out
}

// end takes a task's items off its stage and shows how they stand.
func (r *Runner) end(t task, ps []passed, fails bool, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	l, name := t.lane, t.lane.stage.Name
	l.runs--
	l.busy -= len(t.items)
	l.kin[t.kin].works = false
	l.kin[t.kin].told(!fails, t.begun, now)
	if t.halted && l.stage.Batch != nil { // or the next of them do the same work
		l.kin[t.kin].until = now.Add(stoppedFor)
	}
	for i, p := range ps {
		h := r.items[t.items[i].ID]
		if h == nil {
			continue // withdrawn meanwhile
		}
		delete(h.stops, name)
		delete(h.single, name)
		if p.single {
			h.single[name] = true
		}
		r.show(h, map[string]Pass{name: p.Pass})
	}
}

// settle turns what a stage returned into how the item stands.
func settle(was Pass, out any, err error, now time.Time) Pass {
	p := Pass{State: Passed, Tries: was.Tries, Out: was.Out, At: now}
	if out != nil && err == nil {
		b, jerr := json.Marshal(out)
		if jerr != nil {
			err = jerr
		}
		p.Out = b
	}
	if err == nil {
		return p
	}
	if why, ok := skipped(err); ok {
		p.State, p.Say = Skipped, why
		return p
	}
	p.Say, p.Hint = fault.Explain(err)
	p.State = Failed
	if fault.Again(err) || fault.KindOf(err) == fault.Full {
		p.State, p.Next = Waiting, p.At.Add(backoff(p.Tries))
	}
	return p
}

// backoff is how long to wait after n tries: 1 s, doubling to a minute.
func backoff(n int) time.Duration {
	return min(time.Second<<min(max(n-1, 0), 6), time.Minute)
}

// keep writes how items stand. If the disk is full the station goes on from memory, and a
// restart runs the stages again, which leaves the same behind.
func (r *Runner) keep(ctx context.Context, rows []session.Step) {
	if len(rows) == 0 {
		return
	}
	if err := r.store.PutSteps(ctx, rows...); err != nil {
		r.log.Error("steps not kept", slog.String("first", rows[0].Item), slog.String("stage", rows[0].Stage),
			slog.Int("all", len(rows)), slog.Any("error", err))
	}
}
