package dataset

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// part is some files of a versioned folder.
type part struct {
	of      Output
	entries []entry
}

// PullPaths is [Repository.Pull] of some paths alone: each is an output, a folder that
// outputs lie in, or a file or folder inside of one. Of the latter only that part is
// fetched and put in place, and what else is in the work tree stays; the folder as a whole
// then still counts as modified, as with dvc pull. Of a folder of DVC 2 all is fetched.
func (r *Repository) PullPaths(ctx context.Context, from remote.Remote, paths []string, p *job.Progress) (Transfer, error) {
	d := newDownload(r, from, p)
	whole, parts, err := d.chosen(ctx, paths)
	if err != nil {
		return d.done, err
	}
	for _, pt := range parts {
		for _, e := range pt.entries {
			d.want(e.MD5, path.Join(pt.of.Path, e.Path))
		}
	}
	if err := d.outputs(ctx, whole); err != nil {
		return d.done, err
	}
	unlock, err := r.lock(ctx)
	if err != nil {
		return d.done, err
	}
	defer unlock()
	defer r.memory.save()
	var errs []error
	for _, o := range whole {
		if o.MD5 != "" {
			errs = append(errs, r.checkoutFresh(ctx, o, d.fresh, p))
		}
	}
	for _, pt := range parts {
		errs = append(errs, r.checkoutFolder(ctx, pt.of.Path, pt.entries, false, d.fresh, p))
	}
	return d.done, errors.Join(errs...)
}

// chosen returns the outputs that the paths name as a whole, and the parts of others.
func (d *download) chosen(ctx context.Context, paths []string) (whole []Output, parts []part, err error) {
	outs, err := d.repo.all(ctx)
	if err != nil {
		return nil, nil, err
	}
	taken := map[string]bool{}
	for _, want := range paths {
		if err := checkPath(want); err != nil {
			return nil, nil, err
		}
		w, ps, err := d.at(ctx, outs, want)
		if err != nil {
			return nil, nil, err
		}
		for _, o := range w {
			if !taken[o.Path] {
				whole = append(whole, o)
			}
			taken[o.Path] = true
		}
		parts = append(parts, ps...)
	}
	return whole, slices.DeleteFunc(parts, func(pt part) bool { return taken[pt.of.Path] }), nil
}

// at returns the outputs at or below a path, or the part of the one that it lies in.
func (d *download) at(ctx context.Context, outs []Output, want string) (whole []Output, parts []part, err error) {
	for _, o := range outs {
		switch {
		case within(o.Path, want) || o.File == want || within(want, o.Path) && o.out.legacy:
			whole = append(whole, o)
		case within(want, o.Path) && o.out.isDir():
			pt, err := d.part(ctx, o, strings.TrimPrefix(want, o.Path+"/"))
			if err != nil {
				return nil, nil, err
			}
			if len(pt.entries) > 0 {
				parts = append(parts, pt)
			}
		}
	}
	if len(whole)+len(parts) == 0 {
		err = fault.New(fault.NotFound, "The dataset versions nothing at "+want+".", "Take a path from its list of files.", nil)
	}
	return whole, parts, err
}

// part returns the files of an output at or below a path in it. The list of all its files
// does not get into the cache: there it is a proof that they are there, too.
func (d *download) part(ctx context.Context, o Output, want string) (part, error) {
	_, entries, err := d.tree(ctx, o.MD5)
	if err != nil {
		return part{}, fmt.Errorf("fetch from %s: %s: %w", d.from.Name(), o.Path, err)
	}
	return part{o, slices.DeleteFunc(entries, func(e entry) bool { return !within(e.Path, want) })}, nil
}
