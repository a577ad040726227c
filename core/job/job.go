// Package job runs long work with progress, a stop button and a history.
package job

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
)

// State is where a job stands.
type State int

// The states of a job; the last three are ends.
const (
	Queued State = iota
	Running
	Stopping
	Done
	Stopped
	Failed
)

func (s State) String() string {
	return [...]string{"queued", "running", "stopping", "done", "stopped", "failed"}[s]
}

// Job is a job as it stood at one moment: a value to show, not a handle.
type Job struct {
	ID, Kind, Title, Step string
	State                 State
	Done, Total           int64 // Total 0: nobody knows yet
	Files, AllFiles       int64 // of a transfer, whose Done and Total are bytes; else 0
	Started, Ended        time.Time
	Say, Hint             string // why it failed, and what to do
}

// Progress is how running work reports. Its methods cost an atomic add, may be
// called from any goroutine, and do nothing on a nil Progress.
type Progress struct {
	done, total     atomic.Int64
	files, allFiles atomic.Int64
	step            atomic.Pointer[string]
}

// Add says that n more units are done.
func (p *Progress) Add(n int64) {
	if p != nil {
		p.done.Add(n)
	}
}

// Grow says that n more units are to be done.
func (p *Progress) Grow(n int64) {
	if p != nil {
		p.total.Add(n)
	}
}

// File says that n more files are done. Work that counts files counts its units in bytes.
func (p *Progress) File(n int64) {
	if p != nil {
		p.files.Add(n)
	}
}

// Expect says that n more files are to be done.
func (p *Progress) Expect(n int64) {
	if p != nil {
		p.allFiles.Add(n)
	}
}

// Step says in a few words what is being done now.
func (p *Progress) Step(s string) {
	if p != nil {
		p.step.Store(&s)
	}
}

// Func is the work of a job; it ends when ctx ends.
type Func func(ctx context.Context, p *Progress) error

// keep is how many ended jobs stay on the list.
const keep = 100

// Runner runs jobs and shows them in Jobs. Its zero value is ready.
type Runner struct {
	Jobs event.Feed[string, Job]

	mu    sync.Mutex // guards all below
	last  int
	stops map[string]context.CancelFunc
	ended []string
}

// Do runs fn as a job on this goroutine and returns what fn returned. While it
// runs, [Runner.Stop] ends its context.
func (r *Runner) Do(ctx context.Context, kind, title string, fn Func) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	j := Job{ID: r.enter(cancel), Kind: kind, Title: title, State: Running, Started: time.Now()}
	var p Progress
	sampled := make(chan struct{})
	over := make(chan struct{})
	go func() { // waited for below
		defer close(sampled)
		r.sample(ctx, j, &p, over)
	}()
	err := fn(ctx, &p)
	close(over)
	<-sampled
	r.leave(j.at(&p), err)
	return err
}

// Stop asks the job to end; it is Stopping until its work has returned.
func (r *Runner) Stop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if cancel, ok := r.stops[id]; ok {
		cancel()
	}
}

func (r *Runner) enter(cancel context.CancelFunc) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	id := strconv.Itoa(r.last)
	if r.stops == nil {
		r.stops = map[string]context.CancelFunc{}
	}
	r.stops[id] = cancel
	return id
}

// sample puts the job into the feed ten times a second, so that work never waits
// for a screen.
func (r *Runner) sample(ctx context.Context, j Job, p *Progress, over <-chan struct{}) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	done := ctx.Done()
	for {
		r.Jobs.Put(j.ID, j.at(p))
		select {
		case <-over:
			return
		case <-done:
			j.State, done = Stopping, nil
		case <-tick.C:
		}
	}
}

func (j Job) at(p *Progress) Job {
	j.Done, j.Total = p.done.Load(), p.total.Load()
	j.Files, j.AllFiles = p.files.Load(), p.allFiles.Load()
	if s := p.step.Load(); s != nil {
		j.Step = *s
	}
	return j
}

func (r *Runner) leave(j Job, err error) {
	j.Ended, j.State = time.Now(), Done
	switch {
	case err == nil:
	case errors.Is(err, context.Canceled):
		j.State = Stopped
	default:
		j.State = Failed
		j.Say, j.Hint = fault.Explain(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.stops, j.ID)
	r.Jobs.Put(j.ID, j)
	r.ended = append(r.ended, j.ID)
	if len(r.ended) > keep {
		r.Jobs.Drop(r.ended[0])
		r.ended = r.ended[1:]
	}
}
