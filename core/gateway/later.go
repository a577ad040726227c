package gateway

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// later is when a job is tried again whose engine did not answer. The mutex of jobs guards it.
type later struct {
	at    time.Time
	tries int
	since time.Time // that long it has got no further
	far   int64     // steps that it had got to
}

// mostAnswers bounds the bytes of models' answers that all jobs together keep until they end.
const mostAnswers = 8 << 30

// The pause before the next try is twice the one before.
const (
	shortPause = time.Second
	longPause  = 30 * time.Second
)

// postpone puts a job into the queue again after a trouble that may pass. It does not where the
// gateway is about to end, nobody wants the answer any more, or the job has got no further for
// too long.
func (g *Gateway) postpone(t *task, err error) bool {
	j := &g.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	now, l := time.Now(), &t.later
	if far := t.progress.done.Load(); l.tries == 0 || far > l.far {
		*l = later{since: now, far: far}
	}
	if j.last != nil || j.of[t.id] == nil || now.Sub(l.since) >= g.opt.Patience {
		return false
	}
	l.at = now.Add(min(shortPause<<min(l.tries, 10), longPause))
	l.tries++
	t.state = queued
	t.say, _ = fault.Once(err)
	t.hint = "The job is tried again by itself for a while, and goes on where it was."
	if m, err := g.chosen(t.query); err != nil || m.Hash == "" {
		t.hint = "The job is tried again by itself for a while."
	}
	g.opt.Log.Warn("job waits", slog.String("job", t.id), slog.Time("until", l.at), slog.Any("error", err))
	at := slices.IndexFunc(j.queue, func(o *task) bool { return o.made.After(t.made) })
	if at < 0 {
		at = len(j.queue)
	}
	j.queue = slices.Insert(j.queue, at, t)
	j.wake()
	return true
}

func (g *Gateway) answers(t *task) string { return filepath.Join(g.folder.path, "answers-"+t.id) }

// keep has what a model answered to a job be kept until that ends: when it is tried again only
// what is missing is asked for.
func (g *Gateway) keep(t *task) infer.Keep {
	m, err := g.chosen(t.query)
	if err != nil || m.Hash == "" { // it may be another one by then
		return infer.Keep{}
	}
	own, left := g.answers(t), int64(mostAnswers)
	if g.folder.stand() != nil {
		return infer.Keep{}
	}
	err = filepath.WalkDir(g.folder.path, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == own || d.IsDir() || filepath.Dir(path) == g.folder.path {
			if path == own {
				return fs.SkipDir
			}
			return nil //nolint:nilerr // one that is gone needs no room
		}
		if st, err := d.Info(); err == nil {
			left -= st.Size()
		}
		return nil
	})
	if err != nil || left <= 0 {
		return infer.Keep{}
	}
	return infer.Keep{Dir: own, Bytes: left, Of: m.Hash, Spare: true}
}

func (g *Gateway) forgetAnswers(t *task) {
	if err := os.RemoveAll(g.answers(t)); err != nil {
		g.opt.Log.Warn("answers not removed", slog.Any("error", err))
	}
}
