package station

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/health"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/pool"
)

// Server is how an inference engine stands.
type Server struct {
	Name     string // of the engine
	Address  string // empty: the built-in engine
	Ready    bool
	Answers  bool   // it is there, ready or not
	Say      string // why not ready
	Hint     string
	Latency  time.Duration // of the last questions to models, or where nobody asked of late of the readiness check
	OfModels bool          // Latency is of those questions
	Models   []infer.Status
	Checked  time.Time
	Takeover bool                     // the built-in engine works now because no server answers
	Tested   map[string]infer.Verdict // self-tests, by model@version
	Usual    time.Duration            // the median of such latencies at the checks before; 0 while there are few
	Load     *infer.Load              // nil where the engine does not tell
	Untold   string                   // why it does not tell
	Left     time.Duration            // until what waits there is answered at the pace of now; 0 while unknown
	Past     []Moment                 // how it did at the last checks, the oldest first; none where it does not tell
	Mine     int                      // requests of this program that it works on
	Control  bool                     // models can be loaded and unloaded, as far as the server has not refused
	Off      []string                 // models for captures that a person took off
}

// engines are the inference servers and the built-in engine. Work goes to the servers that
// are ready and have the model, each question to the one with least to do; to the built-in
// engine if there is no server, or none is ready and the operator allowed it.
type engines struct {
	servers event.Feed[string, Server]

	board  *health.Board
	log    *slog.Logger
	back   func() // a server has come back, or has a model
	tested *verdicts
	gauges gauges

	mu       sync.Mutex // guards all below
	own      infer.Engine
	remote   []remoteEngine
	takeover bool
	wanted   map[string]wanted // by model, what is in force and must be loaded everywhere
	loadedOn map[slot]infer.Ref
	broken   map[slot]setback // it could not be loaded there
	off      map[slot]bool    // a person took it off: it is not loaded there again
	doubted  map[string]bool  // servers that may have lost what was loaded
	locked   map[string]bool  // servers that let nobody load models
}

// wanted is a version in force, and the name of the registry that it came from, with what tells it
// from another of that number there.
type wanted struct {
	infer.Bundle

	from string
}

// slot is the place of a model on an engine.
type slot struct{ address, model string }

type remoteEngine struct {
	address string
	infer.Engine
	by     dialling // what it was made of
	up     bool
	member *pool.Member // of the pool that answers questions
}

const ownKey = "" // of the built-in engine in the feed

func newEngines(own infer.Engine, board *health.Board, tested *verdicts, log *slog.Logger) *engines {
	return &engines{own: own, board: board, tested: tested, log: log, back: func() {}, wanted: map[string]wanted{}, loadedOn: map[slot]infer.Ref{}, broken: map[slot]setback{}, off: map[slot]bool{}, doubted: map[string]bool{}, locked: map[string]bool{}}
}

// use replaces the servers; those that are no longer there are closed.
func (e *engines) use(list []remoteEngine, takeover bool) error {
	e.mu.Lock()
	old := e.replaced(list)
	e.remote, e.takeover = list, takeover
	for _, o := range old {
		e.forget(o.address)
		e.forgive(o.address)
		maps.DeleteFunc(e.off, func(s slot, _ bool) bool { return s.address == o.address })
		delete(e.doubted, o.address)
		delete(e.locked, o.address)
		e.servers.Drop(o.address)
		e.board.Clear(trouble(o))
	}
	e.mu.Unlock()
	var errs []error
	for _, o := range old {
		errs = append(errs, o.Close())
	}
	return errors.Join(errs...)
}

// trouble is the code on the board of what is wrong with a server.
func trouble(r remoteEngine) string { return "server/" + r.address }

// uses reports whether r is there, and was not replaced since. e.mu is held.
func (e *engines) uses(r remoteEngine) bool {
	return r.address == ownKey || slices.ContainsFunc(e.remote, func(o remoteEngine) bool { return o.Engine == r.Engine })
}

func (e *engines) close() error {
	err := e.use(nil, false)
	return errors.Join(err, e.own.Close())
}

// able are the servers that m may be asked on now.
func (e *engines) able(m infer.Ref) []*pool.Member {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []*pool.Member
	for _, r := range e.remote {
		if r.up && e.loadedOn[slot{r.address, m.Model}] == m {
			out = append(out, r.member)
		}
	}
	return out
}

// pick returns what m should be asked on now: all servers that have it, as one engine, or
// the built-in one. Servers that come and go meanwhile are asked or left out.
func (e *engines) pick(m infer.Ref) (infer.Engine, error) {
	able := func() []*pool.Member { return e.able(m) }
	if len(able()) > 0 {
		return pool.New(able), nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	loading, up, off := false, false, ""
	for _, r := range e.remote {
		at := slot{r.address, m.Model}
		switch _, broken := e.broken[at]; {
		case r.up && e.off[at]:
			off = r.Name()
		case broken:
			up = up || r.up
		default:
			loading = loading || r.up
		}
	}
	if !loading && (len(e.remote) == 0 || e.takeover) {
		own := slot{ownKey, m.Model}
		if e.loadedOn[own] == m {
			return e.own, nil
		}
		_, broken := e.broken[own]
		loading, up = !broken, up || broken
	}
	if loading {
		return nil, fault.New(fault.Busy, "The model "+m.String()+" is being loaded.", "The capture is predicted as soon as it is there.", nil)
	}
	switch {
	case up && off == "":
		return nil, fault.New(fault.Busy, "The model "+m.String()+" can't be loaded anywhere.", "The Servers screen says why.", nil)
	case off != "":
		return nil, fault.New(fault.Busy, "The model "+m.Model+" was unloaded from "+off+".", "Load it again on the Servers screen; captures are kept safe meanwhile.", nil)
	}
	return nil, fault.New(fault.Offline, "No inference server answers.",
		"Captures are kept safe and are predicted when a server is back. Settings, Servers can allow this computer to take over.", nil)
}

// watch checks every engine until ctx ends. One that is slow, as it loads a model or hangs,
// keeps no other waiting.
func (e *engines) watch(ctx context.Context, every time.Duration) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	var busy sync.Map // engines whose last check goes on
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		for _, r := range e.all() {
			if _, is := busy.LoadOrStore(r.Engine, true); is {
				continue
			}
			wg.Go(func() {
				defer busy.Delete(r.Engine)
				e.checkOne(ctx, r)
			})
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// all are the built-in engine and the servers.
func (e *engines) all() []remoteEngine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]remoteEngine{{address: ownKey, Engine: e.own}}, e.remote...)
}

// soon is how long a check waits for an answer.
const soon = 4 * time.Second

// check asks every engine once, loads what is in force where it is missing, also what could not be
// loaded a moment ago, and tells.
func (e *engines) check(ctx context.Context) {
	var wg sync.WaitGroup
	for _, r := range e.all() {
		e.mu.Lock()
		e.forgive(r.address)
		e.mu.Unlock()
		wg.Go(func() { e.checkOne(ctx, r) })
	}
	wg.Wait()
}

func (e *engines) checkOne(ctx context.Context, r remoteEngine) {
	short, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	s := Server{Name: r.Name(), Address: r.address, Checked: time.Now()}
	err := answers(ctx, r)
	s.Latency = time.Since(s.Checked)
	s.Answers = err == nil || fault.KindOf(err) != fault.Offline
	if err == nil {
		e.gauges.read(short, r, &s)
		s.Ready, err = e.ensure(ctx, r)
		if lerr := e.list(ctx, r, &s); lerr != nil {
			s.Ready, err = false, cmp.Or(err, lerr)
		}
	}
	if s.Past == nil {
		s.Past = e.gauges.lost(r.address, s.Checked)
	}
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		s.Say, s.Hint = fault.Explain(err)
		e.log.Debug("engine not ready", slog.String("engine", r.Name()), slog.Any("error", err))
	}
	if e.mark(r, s) {
		e.back()
	}
}

// answers returns why an engine is not ready, if only as it says nothing for a while.
func answers(ctx context.Context, en infer.Engine) error { return pool.Answers(ctx, en, soon) }

// list reads which models are there, also where the one in force is not.
func (e *engines) list(ctx context.Context, r remoteEngine, s *Server) (err error) {
	short, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	s.Models, err = r.Models(short)
	s.Tested = e.tested.of(r.Name())
	return err
}

// mark keeps what a check found of an engine, if that is still there, and returns whether a server
// came back.
func (e *engines) mark(r remoteEngine, s Server) (came bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.uses(r) {
		return false
	}
	for i := range e.remote {
		if e.remote[i].Engine == r.Engine {
			came = s.Ready && !e.remote[i].up
			e.remote[i].up = s.Ready
		}
	}
	if !s.Ready && r.address != ownKey {
		e.forget(r.address) // it may come back without its models
	}
	for at := range e.off {
		if at.address == r.address {
			s.Off = append(s.Off, at.model)
		}
	}
	slices.Sort(s.Off)
	if !s.Answers {
		delete(e.locked, r.address) // it may come back with other rules
		e.forgive(r.address)
	}
	_, s.Control = r.Engine.(infer.Repository)
	s.Control = s.Control && !e.locked[r.address]
	if s.Say != "" {
		e.board.Raise(health.Trouble{Code: trouble(r), Title: s.Name, Say: s.Say, Hint: s.Hint, Severity: health.Warning})
	} else {
		e.board.Clear(trouble(r))
	}
	if r.address == ownKey {
		was, _ := e.servers.Row(ownKey)
		s.Takeover = was.Takeover
	}
	e.servers.Put(r.address, s)
	e.tellTakeover()
	return came
}

// doubt has the next check look whether the server still has what was loaded.
func (e *engines) doubt(address string, err error) {
	e.log.Warn("server did not answer a question", slog.String("address", address), slog.Any("error", err))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.doubted[address] = true
}

// down tells that an engine failed in the middle of work, before the next check. Of a pool
// all servers have failed.
func (e *engines) down(en infer.Engine) {
	_, all := en.(*pool.Pool)
	e.mu.Lock()
	defer e.mu.Unlock()
	for i := range e.remote {
		if all || e.remote[i].Engine == en {
			e.remote[i].up = false
			e.forget(e.remote[i].address)
			e.forgive(e.remote[i].address)
		}
	}
}

// tellTakeover shows whether the built-in engine works in place of the servers, of which all
// have been heard. e.mu is held.
func (e *engines) tellTakeover() {
	active := e.takeover && len(e.remote) > 0
	for _, r := range e.remote {
		_, heard := e.servers.Row(r.address)
		active = active && heard && !r.up
	}
	s, ok := e.servers.Row(ownKey)
	if ok && s.Takeover != active {
		s.Takeover = active
		e.servers.Put(ownKey, s)
	}
}

// forget drops what is loaded on an engine. e.mu is held.
func (e *engines) forget(address string) {
	maps.DeleteFunc(e.loadedOn, func(s slot, _ infer.Ref) bool { return s.address == address })
}

// forgive has the next check load again what could not be loaded on an engine. e.mu is held.
func (e *engines) forgive(address string) {
	maps.DeleteFunc(e.broken, func(s slot, _ setback) bool { return s.address == address })
}

// want says what is in force of a model, and in which registry; the next check loads it
// where it is missing. Versions of two registries may have the same number.
func (e *engines) want(b infer.Bundle, from string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if was, ok := e.wanted[b.Model]; ok && was.from != from {
		maps.DeleteFunc(e.loadedOn, func(s slot, _ infer.Ref) bool { return s.model == b.Model })
		maps.DeleteFunc(e.broken, func(s slot, _ setback) bool { return s.model == b.Model })
	}
	e.wanted[b.Model] = wanted{b, from}
}

// wants reports whether m of that registry is in force.
func (e *engines) wants(m infer.Ref, from string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	w, ok := e.wanted[m.Model]
	return ok && w.Ref == m && w.from == from
}

// wantedBundle returns what is in force of a model.
func (e *engines) wantedBundle(model string) (infer.Bundle, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	w, ok := e.wanted[model]
	return w.Bundle, ok
}

// names are the models in use and those that were asked for since, each once.
func (e *engines) names(inUse []string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(e.wanted)) {
		if !slices.Contains(inUse, name) {
			inUse = append(inUse, name)
		}
	}
	return inUse
}
