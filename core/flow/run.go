package flow

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// Run works until ctx ends, then waits for what it started.
func (r *Runner) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		for _, t := range r.take(ctx) {
			wg.Go(func() {
				r.work(t.ctx, t)
				r.Wake()
			})
		}
		timer.Reset(r.rest())
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// task is one stage of one item that is to run now.
type task struct {
	ctx   context.Context //nolint:containedctx // lives as long as the task
	stop  context.CancelFunc
	item  Item
	stage Stage
}

// take picks what can start now, the oldest items first, and marks it running.
func (r *Runner) take(ctx context.Context) []task {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []task
	now := time.Now()
	for _, id := range r.order {
		for _, s := range r.lines[r.items[id].Line].Stages {
			it := r.items[id]
			p := it.Passes[s.Name]
			if p.State != Waiting || p.Next.After(now) || !ready(it, s) {
				continue
			}
			if s.Gate && p.Tries == 0 {
				p = Pass{State: Yours, Out: p.Out, At: now}
				r.keepOrLog(ctx, id, s.Name, p)
				r.show(it, s.Name, p)
				continue
			}
			if len(r.stops) >= atOnce || s.Alone && r.alone[it.Line+"/"+s.Name] {
				continue
			}
			out = append(out, r.begin(ctx, it, s, p))
		}
	}
	return out
}

// begin marks a stage running. r.mu is held.
func (r *Runner) begin(ctx context.Context, it Item, s Stage, p Pass) task {
	t := task{stage: s}
	t.ctx, t.stop = context.WithCancel(ctx)
	r.stops[it.ID+"/"+s.Name] = t.stop
	if s.Alone {
		r.alone[it.Line+"/"+s.Name] = true
	}
	p.State, p.At, p.Tries = Running, time.Now(), p.Tries+1
	r.show(it, s.Name, p) // memory only: after a crash it waits again
	t.item = r.items[it.ID]
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

// rest is how long until something is to be tried again.
func (r *Runner) rest() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	d := time.Minute
	for _, it := range r.items {
		for _, p := range it.Passes {
			if p.State == Waiting && !p.Next.IsZero() {
				d = min(d, time.Until(p.Next))
			}
		}
	}
	return max(d, 10*time.Millisecond)
}

func (r *Runner) work(ctx context.Context, t task) {
	defer t.stop()
	var out any
	err := r.jobs.Do(ctx, t.item.Line, t.item.Title+" · "+t.stage.Name, func(ctx context.Context, p *job.Progress) error {
		var err error
		out, err = t.stage.Run(ctx, t.item, p)
		if _, ok := skipped(err); ok {
			return nil
		}
		return err
	})
	was := t.item.Passes[t.stage.Name]
	p := settle(was, out, err)
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stops, t.item.ID+"/"+t.stage.Name)
	delete(r.alone, t.item.Line+"/"+t.stage.Name)
	it, ok := r.items[t.item.ID]
	if !ok {
		return // withdrawn meanwhile
	}
	if err != nil {
		r.log.Warn("stage did not pass", slog.String("item", it.ID), slog.String("stage", t.stage.Name),
			slog.String("title", it.Title), slog.Any("error", err))
	}
	r.keepOrLog(context.WithoutCancel(ctx), it.ID, t.stage.Name, p)
	r.show(it, t.stage.Name, p)
}

// settle turns what a stage returned into how the item stands.
func settle(was Pass, out any, err error) Pass {
	p := Pass{State: Passed, Tries: was.Tries, Out: was.Out, At: time.Now()}
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
	if errors.Is(err, context.Canceled) {
		p.State, p.Tries = Waiting, max(was.Tries-1, 0)
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

// keepOrLog writes a pass. If the disk is full the station goes on from memory, and a
// restart runs the stage again, which leaves the same behind.
func (r *Runner) keepOrLog(ctx context.Context, id, stage string, p Pass) {
	if err := r.keep(ctx, id, stage, p); err != nil {
		r.log.Error("pass not kept", slog.String("item", id), slog.String("stage", stage), slog.Any("error", err))
	}
}
