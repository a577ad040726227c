package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"

	"coverslip.dev/coverslip/core/job"
)

// Checkout makes the work tree what its .dvc files say, from the cache. A file whose
// content is not in the cache is never overwritten or removed: that is an error, and the
// other outputs are still made.
func (r *Repository) Checkout(ctx context.Context, p *job.Progress) error {
	return r.checkoutAll(ctx, nil, p)
}

// checkoutAll is Checkout after some objects were hashed just now.
func (r *Repository) checkoutAll(ctx context.Context, fresh map[string]bool, p *job.Progress) error {
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	outs, err := r.all(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range outs {
		if o.MD5 == "" {
			continue
		}
		p.Step(o.Path)
		err := r.checkoutFresh(ctx, o, fresh, p)
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
	return r.checkoutFresh(ctx, o, nil, nil)
}

func (r *Repository) checkoutFresh(ctx context.Context, o Output, fresh map[string]bool, p *job.Progress) error {
	defer r.memory.save()
	if err := r.unclaimed(o.Path); err != nil {
		return err
	}
	if o.out.legacy {
		return r.oldCheckout(ctx, o)
	}
	_, ok, err := r.cache.has(ctx, o.MD5)
	switch {
	case err != nil:
		return err
	case !ok:
		return missing(o.Path)
	case !o.out.isDir():
		return r.placeAll(ctx, []placed{{o.Path, o.MD5, o.out.exec}}, fresh, p)
	}
	entries, err := r.cache.tree(o.MD5)
	if err != nil {
		return err
	}
	return r.checkoutFolder(ctx, o.Path, entries, true, fresh, p)
}

// checkoutFolder makes the folder rel hold the entries, and if it is the whole of a
// version, nothing else.
func (r *Repository) checkoutFolder(
	ctx context.Context, rel string, entries []entry, whole bool, fresh map[string]bool, p *job.Progress,
) error {
	sums := make([]digest, len(entries))
	want := make(map[string]int, len(entries))
	for i, e := range entries {
		sums[i], _ = digestOf(e.MD5) // parseTree has looked at it
		want[e.Path] = i
	}
	lost, err := r.cache.lacking(ctx, sums)
	if err != nil {
		return err
	}
	if len(lost) > 0 {
		return missing(rel + "/" + entries[lost[0]].Path)
	}
	root, err := os.OpenRoot(r.dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // a folder handle
	if err := root.MkdirAll(path.Clean(rel), 0o755); err != nil {
		return err
	}
	have, err := r.scan(ctx, rel)
	if err != nil {
		return err
	}
	right := make([]bool, len(entries))
	extra := have[:0]
	for _, f := range have {
		i, ok := want[f.rel]
		if !ok {
			extra = append(extra, f)
			continue
		}
		sum, known := r.memory.recall(path.Join(rel, f.rel), f.meta)
		right[i] = known && sum == sums[i]
	}
	if whole {
		if err := r.removeCached(ctx, root, rel, extra); err != nil {
			return err
		}
	}
	var todo []placed
	for i, e := range entries {
		if !right[i] {
			todo = append(todo, placed{path.Join(rel, e.Path), e.MD5, false})
		}
	}
	p.Expect(int64(len(todo)))
	return r.placeAll(ctx, todo, fresh, p)
}
