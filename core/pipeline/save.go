package pipeline

import (
	"context"
	"os"
	"slices"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
)

// clear removes what a stage is about to make anew, but for what it wants to go on with.
// Nothing outside of the dataset is removed, whatever links there are.
func (r *runner) clear(ctx context.Context, s *Stage) error {
	root, err := os.OpenRoot(r.graph.repo.Dir())
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder handle
	for _, o := range s.Outs {
		if o.Cached {
			if err := r.graph.repo.Untracked(ctx, o.Path); err != nil {
				return err
			}
		}
		remove := root.RemoveAll
		if o.Persist {
			remove = func(rel string) error { return loosen(root, rel) }
		}
		if err := remove(o.Path); err != nil {
			return err
		}
	}
	r.view.forget()
	return nil
}

// save puts what a stage has made into the cache and writes down what it read and made.
func (r *runner) save(ctx context.Context, s *Stage) error {
	r.view.forget()
	f, err := r.reads(ctx, s)
	if err != nil {
		return err
	}
	memorable := s.memorable(f)
	if f.outs, err = r.makes(ctx, s, memorable); err != nil {
		return err
	}
	unlock, err := r.graph.repo.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, o := range s.Outs {
		if o.Cached {
			if err := r.own(ctx, s, o, f.outs[o.as]); err != nil {
				return err
			}
		}
	}
	if memorable {
		if err := r.view.remember(s, f); err != nil {
			return err
		}
	}
	return r.lock(s, f)
}

// makes describes what a stage has made, and puts it into the cache: what belongs there, or
// all of it.
func (r *runner) makes(ctx context.Context, s *Stage, all bool) (map[string]dataset.Object, error) {
	outs := map[string]dataset.Object{}
	for _, o := range s.Outs {
		made, err := r.graph.repo.Describe(ctx, o.Path, o.Cached || all, nil)
		if err != nil {
			if !r.view.exists(o.Path) {
				err = fault.New(fault.NotFound, "The stage "+s.Name+" has not made "+o.Path+".",
					"Correct its command, or its outs in "+s.File+".", err)
			}
			return nil, err
		}
		outs[o.as] = made
	}
	return outs, nil
}

// own makes sure that the cache has an output and that git leaves it alone.
func (r *runner) own(ctx context.Context, s *Stage, o Out, made dataset.Object) error {
	held, err := r.graph.repo.Holds(ctx, made.MD5)
	if err != nil {
		return err
	}
	if !held {
		return fault.New(fault.Busy, "What the stage "+s.Name+" has made was removed from the cache at once.",
			"Run it again when no dvc gc is running.", nil)
	}
	name, err := r.graph.repo.Ignore(ctx, o.Path)
	if name != "" {
		r.changed(name)
	}
	return err
}

// memorable reports whether the run goes into the record of runs: one whose outputs are
// not all in the cache can't be restored. Metrics and plots in git are kept there, too.
func (s *Stage) memorable(f facts) bool {
	return s.repeatable(f) && !slices.ContainsFunc(s.Outs, func(o Out) bool { return !o.Cached && o.Kind == "out" })
}

// lock writes the stage's entry of dvc.lock.
func (r *runner) lock(s *Stage, f facts) error {
	old, err := r.graph.readLock(lockName(s.File), r.locks[s.File])
	if err != nil {
		return err
	}
	l, err := old.with(s.key, f.entry(s))
	if err != nil || l.text == old.text {
		return err
	}
	r.changed(l.name)
	r.locks[s.File] = l
	return r.graph.repo.Write(l.name, []byte(l.text))
}
