package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// Options of [Graph.Repro]; the zero value works.
type Options struct {
	Force bool   // run what has not changed, too, and don't restore earlier results
	Shell string // program that runs the commands; empty: /bin/sh, or cmd.exe on Windows

	// Log gets what the commands write, line by line as it comes; Step gets what becomes of
	// each stage. Both are called one at a time, Log from goroutines of its own.
	Log  func(stage, line string)
	Step func(stage string, what Step)
}

func (o Options) say(stage, line string) {
	if o.Log != nil {
		o.Log(stage, line)
	}
}

// Step is what becomes of a stage.
type Step string

// The steps: a stage is Unchanged, Restored, or Running and then Done. A .dvc file whose
// data has changed is Done when it names the data as it is now.
const (
	Unchanged Step = "unchanged"
	Running   Step = "running"
	Restored  Step = "restored"
	Done      Step = "done"
)

// Outcome is what [Graph.Repro] has done.
type Outcome struct {
	Ran, Restored, Unchanged []string // stages, in order
	Changed                  []string // paths that a commit needs
}

// Repro brings the stages (by the names that [Graph.Stage] takes; none: all) and what they
// need up to date: those that have changed are restored from an earlier run that read the
// same, or run. It ends at the first that goes wrong; what was done before that stays
// done. It works without the dataset's lock while commands run.
func (g *Graph) Repro(ctx context.Context, targets []string, o Options, p *job.Progress) (Outcome, error) {
	var wanted []int
	for _, t := range targets {
		s, ok := g.Stage(t)
		if !ok {
			return Outcome{}, fault.New(fault.NotFound, "The pipeline has no stage "+t+".", "Choose one of its stages.", nil)
		}
		wanted = append(wanted, g.byID[s.Name])
	}
	v, err := g.view(ctx)
	if err != nil {
		return Outcome{}, err
	}
	r := &runner{graph: g, view: v, options: o}
	order := g.plan(wanted)
	for _, i := range order {
		if !g.Stages[i].source() {
			p.Grow(1)
		}
	}
	for _, i := range order {
		s := &g.Stages[i]
		if !s.source() {
			p.Step(s.Name)
		}
		if err := r.stage(ctx, s); err != nil {
			return r.done, stageError(s, err)
		}
		if !s.source() {
			p.Add(1)
		}
	}
	return r.done, nil
}

func stageError(s *Stage, err error) error { return fmt.Errorf("stage %s: %w", s.Name, err) }

// runner is one call of Repro.
type runner struct {
	graph   *Graph
	view    *view
	options Options
	locks   map[string]*lockFile // as read last
	done    Outcome
}

func (r *runner) step(s *Stage, what Step) {
	if r.options.Step != nil {
		r.options.Step(s.Name, what)
	}
}

// stage brings one stage up to date.
func (r *runner) stage(ctx context.Context, s *Stage) error {
	if st, _, err := r.state(ctx, s); err != nil || st.Clean() {
		return r.unchanged(s, err)
	}
	if s.source() {
		return r.source(ctx, s)
	}
	who := fmt.Sprintf("coverslip repro %s #%x", s.Name, time.Now().UnixNano()) // two of this process differ, too
	release, err := r.graph.repo.Claim(ctx, who, s.reads(), s.writes())
	if err != nil {
		return err
	}
	return errors.Join(r.reserved(ctx, s), release())
}

// state is that of the stage as this run sees it.
func (r *runner) state(ctx context.Context, s *Stage) (State, *record, error) {
	locks, err := r.graph.locks(r.locks)
	if err != nil {
		return State{}, nil, err
	}
	r.locks = locks
	st, err := r.view.state(ctx, s, locks)
	if s.Frozen {
		st.Reasons = slices.DeleteFunc(st.Reasons, func(w Reason) bool { return w.Kind == AlwaysChanged })
	}
	if st.Clean() && r.options.Force && !s.source() {
		st.Reasons = []Reason{{Kind: AlwaysChanged}}
	}
	if s.source() {
		return st, nil, err
	}
	return st, locks[s.File].records[s.key], err
}

func (r *runner) unchanged(s *Stage, err error) error {
	if err == nil {
		r.done.Unchanged = append(r.done.Unchanged, s.Name)
		r.step(s, Unchanged)
	}
	return err
}

// reserved brings a stage up to date that no other program runs now, though one may have
// done so a moment ago.
func (r *runner) reserved(ctx context.Context, s *Stage) error {
	r.view.forget()
	st, rec, err := r.state(ctx, s)
	if err != nil || st.Clean() {
		return r.unchanged(s, err)
	}
	restored := false
	if !s.Frozen { // else what is there is taken as it is
		if restored, err = r.restore(ctx, s, st, rec); err != nil {
			return err
		}
		if !restored {
			if err := r.run(ctx, s); err != nil {
				return err
			}
		}
	}
	if err := r.save(ctx, s); err != nil {
		return err
	}
	if restored {
		r.done.Restored = append(r.done.Restored, s.Name)
		r.step(s, Restored)
		return nil
	}
	r.done.Ran = append(r.done.Ran, s.Name)
	r.step(s, Done)
	return nil
}

func (r *runner) run(ctx context.Context, s *Stage) error {
	r.step(s, Running)
	if err := r.clear(ctx, s); err != nil {
		return err
	}
	return commands(ctx, s, r.options, r.graph.repo.Dir())
}

// source versions the data of a .dvc file as it is now, as dvc repro does.
func (r *runner) source(ctx context.Context, s *Stage) error {
	for _, o := range s.Outs {
		switch how := r.view.sources[o.Path]; {
		case how == "":
			continue
		case !r.view.exists(o.Path):
			return fault.New(fault.NotFound, "The data of "+o.Path+" is not there.", "Pull it, or check it out, first.", nil)
		case s.Name != o.Path+".dvc":
			return fault.New(fault.Invalid, "The data of "+o.Path+" has changed, but "+s.Name+" was not made by adding it.",
				"Use dvc commit for it.", nil)
		}
		added, err := r.graph.repo.Add(ctx, o.Path, nil, nil)
		if err != nil {
			return err
		}
		r.changed(added.Changed...)
		delete(r.view.sources, o.Path)
	}
	r.view.forget()
	r.done.Ran = append(r.done.Ran, s.Name)
	r.step(s, Done)
	return nil
}

func (r *runner) changed(paths ...string) {
	for _, p := range paths {
		if !slices.Contains(r.done.Changed, p) {
			r.done.Changed = append(r.done.Changed, p)
		}
	}
}

// restore puts in place what an earlier run has made from the same; false if none is known.
func (r *runner) restore(ctx context.Context, s *Stage, st State, rec *record) (bool, error) {
	read, err := r.reads(ctx, s)
	if err != nil || r.options.Force || !s.repeatable(read) {
		return false, err
	}
	var outs map[string]item
	if rec != nil && !slices.ContainsFunc(st.Reasons, func(w Reason) bool { return w.Kind != ChangedOuts }) {
		outs = rec.outs
	}
	if !complete(s, outs) {
		key, err := runKey(s, read)
		if err != nil {
			return false, err
		}
		if outs = r.view.remembered(s, key); !complete(s, outs) {
			return false, nil
		}
	}
	for _, o := range s.Outs {
		if held, err := r.graph.repo.Holds(ctx, outs[o.as].MD5); err != nil || !held {
			return false, err
		}
	}
	if err := r.clear(ctx, s); err != nil {
		return false, err
	}
	unlock, err := r.graph.repo.Lock(ctx)
	if err != nil {
		return false, err
	}
	defer unlock()
	for _, o := range s.Outs {
		if err := r.graph.repo.Place(ctx, o.Path, outs[o.as].Object); err != nil {
			return false, err
		}
	}
	return true, nil
}

// complete reports whether the record has all outputs of the stage.
func complete(s *Stage, outs map[string]item) bool {
	for _, o := range s.Outs {
		if it := outs[o.as]; it.MD5 == "" || it.legacy {
			return false
		}
	}
	return true
}

// reads describes what a stage reads.
func (r *runner) reads(ctx context.Context, s *Stage) (facts, error) {
	f := facts{deps: map[string]dataset.Object{}, params: map[string]*object{}}
	for _, d := range s.Deps {
		if d.Outside {
			return f, outside(d)
		}
		o, err := r.view.object(ctx, d.Path)
		if err != nil {
			if !r.view.exists(d.Path) {
				err = absent(s, d.Path, err)
			}
			return f, err
		}
		f.deps[d.as] = o
	}
	for _, p := range s.Params {
		values, err := r.view.values(p.Path)
		if errors.Is(err, fs.ErrNotExist) {
			err = absent(s, p.Path, err)
		}
		if err != nil {
			return f, err
		}
		got, lacking := picked(values, p.Keys)
		if len(lacking) > 0 {
			return f, fault.New(fault.NotFound, "The stage "+s.Name+" needs the parameter "+lacking[0]+", which "+p.Path+" lacks.",
				"Add it there, or take it out of "+s.File+".", nil)
		}
		f.params[p.as] = got
	}
	return f, nil
}

func absent(s *Stage, rel string, err error) error {
	return fault.New(fault.NotFound, "The stage "+s.Name+" reads "+rel+", which is not there.",
		"Pull it, or correct what the stage reads in "+s.File+".", err)
}

func outside(d Dep) error {
	return fault.New(fault.Invalid, "A stage reads "+d.as+", which is outside of the dataset.",
		"Bring it into the dataset, or run the pipeline with the dvc program.", nil)
}
