package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// Checkout makes the work tree what its .dvc files say, from the cache. A file whose
// content is not in the cache is never overwritten or removed: that is an error, and the
// other outputs are still made.
func (r *Repository) Checkout(ctx context.Context, p *job.Progress) error {
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	outs, err := r.Outputs(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range outs {
		if o.MD5 == "" || o.out.legacy {
			continue
		}
		p.Step(o.Path)
		err := r.checkout(ctx, o)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("check out %s: %w", o.Path, err))
		}
	}
	return errors.Join(errs...)
}

func (r *Repository) checkout(ctx context.Context, o Output) error {
	_, ok, err := r.cache.has(ctx, o.MD5)
	switch {
	case err != nil:
		return err
	case !ok:
		return missing(o.Path)
	case !o.out.isDir():
		return r.place(ctx, o.Path, o.MD5, o.out.exec)
	}
	entries, err := r.cache.tree(o.MD5)
	if err != nil {
		return err
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder handle
	if err := root.MkdirAll(path.Clean(o.Path), 0o755); err != nil {
		return err
	}
	want := map[string]bool{}
	for _, e := range entries {
		want[e.Path] = true
		if _, ok, err := r.cache.has(ctx, e.MD5); err != nil || !ok {
			return errors.Join(missing(o.Path+"/"+e.Path), err)
		}
	}
	have, err := r.walk(ctx, o.Path)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(f string) bool { return want[f] })
	if err := r.removeCached(ctx, root, o.Path, have); err != nil {
		return err
	}
	for _, e := range entries {
		if err := r.place(ctx, path.Join(o.Path, e.Path), e.MD5, false); err != nil {
			return err
		}
	}
	return nil
}

// removeCached removes files of a folder that this version lacks, if the cache has them.
func (r *Repository) removeCached(ctx context.Context, root *os.Root, dir string, files []string) error {
	for _, f := range files {
		rel := path.Join(dir, f)
		oid, _, err := r.hash(ctx, rel, nothing{})
		if err != nil {
			return err
		}
		if _, ok, err := r.cache.has(ctx, oid); err != nil || !ok {
			return errors.Join(fault.New(fault.Exists, "The file "+rel+" is not versioned, so that this version can't take its place.",
				"Add the folder or move the file away.", nil), err)
		}
		if err := root.Remove(rel); err != nil {
			return err
		}
	}
	return nil
}
