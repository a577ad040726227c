package pipeline

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
)

// State says whether a stage would run now, and why.
type State struct {
	Stage   string
	Reasons []Reason // none: nothing has changed
}

// Clean reports whether nothing has changed.
func (s State) Clean() bool { return len(s.Reasons) == 0 }

// Reason is why a stage is not clean, in DVC's words.
type Reason struct {
	Kind  string // one of the kinds below
	Path  string // of what has changed; empty for commands
	Key   string // of a parameter file; empty if the file is meant
	State string // in words, such as modified
}

// The kinds of a [Reason].
const (
	ChangedDeps    = "changed deps"
	ChangedOuts    = "changed outs"
	ChangedCommand = "changed command"
	AlwaysChanged  = "always changed"
)

// The states of a [Reason] that [dataset.Change] has not.
const (
	New = "new"
	// Coverslip can't tell of these, and does not run such stages.
	Outside    = "outside of the dataset"
	Unreadable = "neither YAML nor JSON"
)

func (r Reason) String() string {
	switch {
	case r.Path == "":
		return r.Kind
	case r.Key != "":
		return r.Kind + ": " + r.Path + ": " + r.Key + " " + r.State
	}
	return r.Kind + ": " + r.Path + " " + r.State
}

// Status returns the state of each stage of the graph, in its order.
func (g *Graph) Status(ctx context.Context) ([]State, error) {
	locks, err := g.locks(nil)
	if err != nil {
		return nil, err
	}
	v, err := g.view(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]State, 0, len(g.Stages))
	for i := range g.Stages {
		s := &g.Stages[i]
		st, err := v.state(ctx, s, locks)
		if err != nil {
			return nil, stageError(s, err)
		}
		all = append(all, st)
	}
	return all, nil
}

// view is the work tree as it is now; what was hashed once is remembered until forget.
type view struct {
	repo    *dataset.Repository
	sources map[string]string // states of the outputs of .dvc files
	objects map[string]dataset.Object
	params  map[string]*object
	read    func(rel string) ([]byte, error)
}

func (g *Graph) view(ctx context.Context) (*view, error) {
	v := &view{repo: g.repo, read: g.read, sources: map[string]string{}}
	v.forget()
	if !slices.ContainsFunc(g.Stages, func(s Stage) bool { return s.source() }) {
		return v, nil
	}
	st, err := g.repo.Status(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range st.Changed {
		v.sources[c.Path] = c.State
	}
	return v, nil
}

func (v *view) forget() {
	v.objects, v.params = map[string]dataset.Object{}, map[string]*object{}
}

// object describes a file or folder of the work tree.
func (v *view) object(ctx context.Context, rel string) (dataset.Object, error) {
	if o, ok := v.objects[rel]; ok {
		return o, nil
	}
	o, err := v.repo.Describe(ctx, rel, false, nil)
	if err == nil {
		v.objects[rel] = o
	}
	return o, err
}

func (v *view) state(ctx context.Context, s *Stage, locks map[string]*lockFile) (State, error) {
	st := State{Stage: s.Name}
	if s.source() {
		for _, o := range s.Outs {
			if how := v.sources[o.Path]; how != "" {
				st.Reasons = append(st.Reasons, Reason{ChangedOuts, o.Path, "", how})
			}
		}
		return st, nil
	}
	rec := locks[s.File].records[s.key]
	if !s.Frozen {
		deps, err := v.depReasons(ctx, s, rec)
		if err != nil {
			return st, err
		}
		st.Reasons = deps
	}
	outs, err := v.outReasons(ctx, s, rec)
	if err != nil {
		return st, err
	}
	st.Reasons = append(st.Reasons, outs...)
	if s.callback() || s.Always {
		st.Reasons = append(st.Reasons, Reason{Kind: AlwaysChanged})
	}
	if rec != nil && !equal(rec.cmd, s.cmd) {
		st.Reasons = append(st.Reasons, Reason{Kind: ChangedCommand})
	}
	return st, nil
}

func (v *view) depReasons(ctx context.Context, s *Stage, rec *record) ([]Reason, error) {
	var all []Reason
	for _, d := range s.Deps {
		if d.Outside {
			all = append(all, Reason{ChangedDeps, d.as, "", Outside})
			continue
		}
		var was item
		if rec != nil {
			was = rec.deps[d.as]
		}
		how, err := v.differs(ctx, d.Path, was)
		if err != nil {
			return nil, err
		}
		if how != "" {
			all = append(all, Reason{ChangedDeps, d.Path, "", how})
		}
	}
	for _, p := range s.Params {
		var was *object
		if rec != nil {
			was = rec.params[p.as]
		}
		more, err := v.paramReasons(p, was)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// differs compares a file or folder with what was recorded.
func (v *view) differs(ctx context.Context, rel string, was item) (string, error) {
	same := false
	var err error
	if was.legacy {
		same, err = v.repo.SameAsLegacy(ctx, rel, was.MD5)
	} else {
		var now dataset.Object
		now, err = v.object(ctx, rel)
		same = now.MD5 == was.MD5
	}
	switch {
	case errors.Is(err, fs.ErrNotExist) && !v.exists(rel):
		return dataset.Deleted, nil
	case err != nil:
		return "", err
	case !same:
		return dataset.Modified, nil
	}
	return "", nil
}

func (v *view) holds(ctx context.Context, it item) (bool, error) {
	if it.legacy {
		return v.repo.HoldsLegacy(it.MD5)
	}
	return v.repo.Holds(ctx, it.MD5)
}

func (v *view) exists(rel string) bool {
	_, err := os.Stat(filepath.Join(v.repo.Dir(), filepath.FromSlash(rel)))
	return err == nil
}

func (v *view) outReasons(ctx context.Context, s *Stage, rec *record) ([]Reason, error) {
	var all []Reason
	for _, o := range s.Outs {
		var was item
		if rec != nil {
			was = rec.outs[o.as]
		}
		if o.Cached && was.MD5 != "" {
			held, err := v.holds(ctx, was)
			if err != nil {
				return nil, err
			}
			if !held {
				all = append(all, Reason{ChangedOuts, o.Path, "", dataset.NotInCache})
				continue
			}
		}
		how, err := v.differs(ctx, o.Path, was)
		if err != nil {
			return nil, err
		}
		if how != "" {
			all = append(all, Reason{ChangedOuts, o.Path, "", how})
		}
	}
	return all, nil
}

// values returns a parameter file's values.
func (v *view) values(rel string) (*object, error) {
	if o, ok := v.params[rel]; ok {
		return o, nil
	}
	text, err := v.read(rel)
	if err != nil {
		return nil, err
	}
	o, err := parseParams(rel, text)
	if err == nil {
		v.params[rel] = o
	}
	return o, err
}

// paramReasons compares the parameters of one file with what was recorded; nil: nothing.
func (v *view) paramReasons(p Params, was *object) ([]Reason, error) {
	file, err := v.values(p.Path)
	switch {
	case fault.KindOf(err) == fault.Invalid:
		return []Reason{{ChangedDeps, p.Path, "", Unreadable}}, nil
	case errors.Is(err, fs.ErrNotExist):
		return []Reason{{ChangedDeps, p.Path, "", dataset.Deleted}}, nil
	case err != nil:
		return nil, err
	case was == nil:
		return []Reason{{ChangedDeps, p.Path, "", New}}, nil
	}
	now, _ := picked(file, p.Keys)
	keys := p.Keys
	if len(keys) == 0 {
		keys = slices.Clone(now.keys)
		for _, k := range was.keys {
			if _, ok := now.get(k); !ok {
				keys = append(keys, k)
			}
		}
	}
	var all []Reason
	for _, k := range keys {
		a, isNow := now.get(k)
		b, wasThen := was.get(k)
		switch {
		case !isNow:
			all = append(all, Reason{ChangedDeps, p.Path, k, dataset.Deleted})
		case !wasThen:
			all = append(all, Reason{ChangedDeps, p.Path, k, New})
		case !equal(a, b):
			all = append(all, Reason{ChangedDeps, p.Path, k, dataset.Modified})
		}
	}
	return all, nil
}
