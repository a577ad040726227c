package gateway

import (
	"context"
	"crypto/rand"
	"math"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// jobs are images that are looked at when there is time.
type jobs struct {
	more    chan struct{} // wakes a worker for each new one; a worker has one wake-up at most
	most    int           // that are kept, those under way too
	objects int           // that all finished ones may have

	mu    sync.Mutex // guards all below
	queue []*task    // the oldest first
	of    map[string]*task
	done  []string       // finished ones, the oldest first
	kept  int            // objects of these
	rota  rota           // of those in the queue
	last  map[*task]bool // at the end: those whose outcome nobody has heard yet
	heard chan struct{}  // closed when there are none of these any more
}

// The states of a job; the last three are ends.
const (
	queued  = "queued"
	running = "running"
	done    = "done"
	stopped = "stopped"
	failed  = "failed"
)

// progress counts steps.
type progress struct{ done, all atomic.Int64 }

func (p *progress) Add(n int64)  { p.done.Add(n) }
func (p *progress) Grow(n int64) { p.all.Add(n) }
func (p *progress) Step(string)  {}

// again begins anew.
func (p *progress) again() {
	p.done.Store(0)
	p.all.Store(0)
}

// task is one job. The mutex of jobs guards its state.
type task struct {
	id, owner string
	upload    upload
	query     query
	progress  progress
	quit      chan struct{} // closed when nobody wants the answer any more

	state     string
	made      time.Time
	answer    answer
	say, hint string
	ended     time.Time // of its own accord
	heard     bool      // a client knows how
	later     later
}

// submit takes an image and promises an answer.
func (g *Gateway) submit(w http.ResponseWriter, r *http.Request) error {
	if err := g.open(); err != nil {
		return err
	}
	q, err := readQuery(r, asked()...)
	if err != nil {
		return err
	}
	if _, err := g.chosen(q); err != nil {
		return err
	}
	u, err := g.receive(w, r)
	if err != nil {
		return err
	}
	t := &task{id: rand.Text(), owner: u.owner, upload: u, query: q, made: time.Now(), state: queued, quit: make(chan struct{})}
	g.jobs.mu.Lock()
	defer g.jobs.mu.Unlock()
	if err := g.open(); err != nil { // now that nobody ends the queue
		g.drop(u)
		return err
	}
	if err := g.room(t.owner); err != nil {
		g.drop(u)
		return err
	}
	g.jobs.of[t.id] = t
	g.jobs.queue = append(g.jobs.queue, t)
	g.jobs.wake()
	w.Header().Set("Location", "/v1/jobs/"+t.id)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	return reply(w, r, t.view())
}

// room tells whether there is room for a job more of a client and its result. The caller holds the
// mutex of jobs.
func (g *Gateway) room(owner string) error {
	j, now := &g.jobs, time.Now()
	waiting, held, objects := shares{}, shares{}, shares{}
	for _, t := range j.queue {
		waiting[t.owner]++
	}
	if !waiting.turn(owner, int64(g.opt.Jobs)) {
		return yours("Too many jobs of this client are waiting.", "Try again when some are done, or delete some.")
	}
	for _, t := range j.of {
		if !t.spent(now) {
			held[t.owner]++
			objects[t.owner] += int64(len(t.answer.layer.Objects))
		}
	}
	if !held.room(owner, int64(j.most-1)) || !objects.room(owner, int64(j.objects/2)) { // what is under way needs room as well
		return yours("Too many results of jobs wait to be fetched.", "Fetch those of finished jobs, or delete the jobs; then try again.")
	}
	return nil
}

// wake tells a worker that the queue has changed.
func (j *jobs) wake() {
	select {
	case j.more <- struct{}{}:
	default: // all workers look at the queue before they wait again
	}
}

// worker does jobs until ctx ends.
func (g *Gateway) worker(ctx context.Context) {
	for ctx.Err() == nil {
		t, wait := g.jobs.next()
		if t != nil {
			g.do(ctx, t)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-g.jobs.more:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// next takes a job whose time has come, and whose turn it is, out of the queue; if there is none it
// says how long to wait for one.
func (j *jobs) next() (t *task, wait time.Duration) {
	j.mu.Lock()
	defer j.mu.Unlock()
	wait = math.MaxInt64
	first := j.rota.next(len(j.queue), func(i int) (string, bool) {
		t := j.queue[i]
		d := time.Until(t.later.at)
		if d > 0 {
			wait = min(wait, d)
		}
		return t.owner, d <= 0
	})
	if first < 0 {
		return nil, wait
	}
	t = j.queue[first]
	j.queue = slices.Delete(j.queue, first, first+1)
	j.rota.took(t.owner, len(j.queue))
	return t, 0
}

func (j *jobs) waiting() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.queue)
}

func (g *Gateway) do(ctx context.Context, t *task) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-t.quit:
			cancel()
		case <-ctx.Done():
		}
	})
	leave, err := g.place(ctx, t.owner) // however many uploads wait: the job was promised
	var a answer
	if err == nil {
		g.jobs.begin(t)
		a, err = g.look(ctx, t.upload, t.query, math.MaxInt64, &t.progress, g.keep(t))
		leave()
	}
	gone := ctx.Err() != nil
	cancel()
	wg.Wait()
	if !gone && fault.Again(err) && g.postpone(t, err) {
		return
	}
	g.drop(t.upload)
	g.forgetAnswers(t)
	g.jobs.finish(t, a, err, gone)
}

func (j *jobs) begin(t *task) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t.state, t.say, t.hint = running, "", ""
	t.progress.again()
}

// closeJobs ends the jobs that wait. It returns a channel that is closed when those at work have
// ended, and their clients have heard how, as have those of jobs that ended a short time ago.
func (g *Gateway) closeJobs() <-chan struct{} {
	j := &g.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, t := range j.queue {
		g.drop(t.upload)
		t.state, t.say, t.hint = stopped, "The gateway was ended before it was the job's turn.", "Send the image again when it is back."
		j.done = append(j.done, t.id)
	}
	j.queue = nil
	j.last, j.heard = map[*task]bool{}, make(chan struct{})
	for _, t := range j.of {
		if t.state == queued || t.state == running || !t.heard && time.Since(t.ended) < g.opt.Grace {
			j.last[t] = true
		}
	}
	if len(j.last) == 0 {
		close(j.heard)
	}
	return j.heard
}

// hear notes that a client knows how its job has ended. The caller holds the mutex.
func (j *jobs) hear(t *task) {
	t.heard = true
	if !j.last[t] {
		return
	}
	if delete(j.last, t); len(j.last) == 0 {
		close(j.heard)
	}
}

// finish keeps the outcome.
func (j *jobs) finish(t *task, a answer, err error, gone bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	t.answer, t.state, t.ended = a, done, time.Now()
	if err != nil {
		t.state = failed
		t.say, t.hint = fault.Once(err)
	}
	if gone && err != nil {
		t.state, t.say, t.hint = stopped, "", ""
	}
	if j.of[t.id] == nil {
		return // removed meanwhile
	}
	j.done = append(j.done, t.id)
	j.kept += len(a.layer.Objects)
	j.tidy(t.ended)
}

// unheard is how long the outcome of a job is kept that nobody asks for.
const unheard = 3 * time.Hour

// spent tells whether a finished job may be forgotten. The caller holds the mutex.
func (t *task) spent(now time.Time) bool {
	return t.heard || !t.ended.IsZero() && now.Sub(t.ended) > unheard
}

// tidy forgets the oldest of too many jobs, or of those with too many objects together, that may be
// forgotten. Where all are still to be fetched, the client that has most of them loses its oldest
// one, or what that has found, and is told so; the last job never. The caller holds the mutex.
func (j *jobs) tidy(now time.Time) {
	for len(j.of) > j.most || j.kept > j.objects {
		i := slices.IndexFunc(j.done, func(id string) bool { return j.of[id].spent(now) })
		if i < 0 {
			break
		}
		j.forget(j.done[i])
	}
	for len(j.of) > j.most {
		t := j.heaviest(func(*task) int { return 1 })
		if t == nil {
			break
		}
		j.forget(t.id)
	}
	for j.kept > j.objects {
		t := j.heaviest(func(t *task) int { return len(t.answer.layer.Objects) })
		if t == nil {
			break
		}
		j.kept -= len(t.answer.layer.Objects)
		t.answer, t.state = answer{}, failed
		t.say, t.hint = "The result was dropped, as those of other jobs needed the room and nobody had fetched it.", "Send the image again, and fetch the result when the job is done."
	}
}

// heaviest is the oldest job with any weight of the client whose finished ones weigh most together;
// nil where that is the last one. The caller holds the mutex.
func (j *jobs) heaviest(weight func(*task) int) *task {
	of, most := shares{}, int64(1)
	for _, id := range j.done {
		t := j.of[id]
		of[t.owner] += int64(weight(t))
		most = max(most, of[t.owner])
	}
	for _, id := range j.done[:max(0, len(j.done)-1)] {
		if t := j.of[id]; weight(t) > 0 && of[t.owner] == most {
			return t
		}
	}
	return nil
}

// forget drops a job. The caller holds the mutex.
func (j *jobs) forget(id string) {
	if i := slices.Index(j.done, id); i >= 0 {
		j.done = slices.Delete(j.done, i, i+1)
		j.kept -= len(j.of[id].answer.layer.Objects)
	}
	j.hear(j.of[id])
	delete(j.of, id)
}

// view is what a client sees of a job. The caller holds the mutex.
func (t *task) view() map[string]any {
	now := map[string]any{"id": t.id, "state": t.state, "made": t.made.UTC()}
	if all := t.progress.all.Load(); all > 0 {
		now["done"], now["total"] = t.progress.done.Load(), all
	}
	if t.say != "" {
		now["detail"], now["hint"] = t.say, t.hint
	}
	if t.state == done {
		now["objects"] = t.answer.objects()
	}
	return now
}

// find returns a job of the client's own; those of others are not there for it.
func (g *Gateway) find(r *http.Request) (*task, error) {
	t := g.jobs.of[r.PathValue("id")]
	if t == nil || t.owner != g.client(r) {
		return nil, fault.New(fault.NotFound, "There is no such job.", "It may have been finished long ago, or the gateway was started again.", nil)
	}
	return t, nil
}

func (g *Gateway) job(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	g.jobs.mu.Lock()
	defer g.jobs.mu.Unlock()
	t, err := g.find(r)
	if err != nil {
		return err
	}
	if (t.state == failed || t.state == stopped) && r.Method != http.MethodHead { // which tells nothing of it
		defer g.jobs.hear(t)
	}
	return reply(w, r, t.view())
}

// remove stops a job, if it is not finished, and forgets it.
func (g *Gateway) remove(w http.ResponseWriter, r *http.Request) error {
	if _, err := readQuery(r); err != nil {
		return err
	}
	g.jobs.mu.Lock()
	defer g.jobs.mu.Unlock()
	t, err := g.find(r)
	if err != nil {
		return err
	}
	if i := slices.Index(g.jobs.queue, t); i >= 0 {
		g.jobs.queue = slices.Delete(g.jobs.queue, i, i+1)
		g.drop(t.upload)
		g.forgetAnswers(t)
	}
	close(t.quit)
	g.jobs.forget(t.id)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (g *Gateway) result(w http.ResponseWriter, r *http.Request) error {
	q, err := readQuery(r, "format")
	if err != nil {
		return err
	}
	g.jobs.mu.Lock()
	t, err := g.find(r)
	var state, why string
	var a answer
	head := r.Method == http.MethodHead // whoever asks so has not got it
	if err == nil {
		if state, a, why = t.state, t.answer, t.say; !head && (state == failed || state == stopped) {
			g.jobs.hear(t)
		}
	}
	g.jobs.mu.Unlock()
	if err != nil {
		return err
	}
	if state != done {
		is := map[string]string{queued: "waits", running: "is under way", failed: "failed", stopped: "was stopped"}[state]
		return fault.New(fault.Exists, "The job has no result: it "+is+".", why, nil)
	}
	p, err := g.page(r.Context(), a, q.format)
	if err != nil {
		return err
	}
	defer p.close()
	if err := p.send(w); err != nil || head {
		return err
	}
	g.jobs.mu.Lock()
	defer g.jobs.mu.Unlock()
	g.jobs.hear(t)
	return nil
}
