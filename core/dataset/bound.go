package dataset

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// bound returns the outputs that may go to a remote: neither those that stay, nor those with
// another remote of their own. Where the settings do not tell which remote that is, the
// error says so, and the others are returned.
func (r *Repository) bound(outs []Output, at remote.Remote) ([]Output, error) {
	if !slices.ContainsFunc(outs, func(o Output) bool { return o.Stays || o.Remote != "" }) {
		return outs, nil
	}
	goes, err := r.route(at)
	if err != nil {
		return nil, err
	}
	var there []Output
	var errs []error
	for _, o := range outs {
		yes, known := goes(o)
		switch {
		case o.Stays:
		case yes:
			there = append(there, o)
		case !known:
			errs = append(errs, fault.New(fault.NotFound, o.Path+" belongs to the remote "+o.Remote+" alone, which the settings do not have.",
				"Add that remote, or take it out of "+o.File+".", nil))
		}
	}
	return there, errors.Join(errs...)
}

// route returns what tells whether an output belongs to a remote, and whether the settings
// know both that remote and the output's own.
func (r *Repository) route(at remote.Remote) (goes func(o Output) (yes, known bool), err error) {
	all, err := r.Remotes()
	is := map[string]bool{} // by the names of the settings: whether it is this remote
	told := false
	for _, c := range all {
		address := strings.TrimRight(c.URL, "/")
		if c.Local {
			address = filepath.Clean(c.URL)
		}
		is[c.Name] = address == at.Name()
		told = told || is[c.Name]
	}
	return func(o Output) (yes, known bool) {
		yes, known = is[strings.ToLower(o.Remote)] // as DVC reads it
		return yes || o.Remote == "", known && told
	}, err
}

// boundOlder is bound for older versions: what stays now, or goes elsewhere, does so with
// all that it ever was, and wherever it lay before.
func (r *Repository) boundOlder(past, now []Output, at remote.Remote) []Output {
	goes, _ := r.bound(now, at) // who brings those of now says it
	held := map[string]bool{}
	for _, o := range now {
		held[o.Path], held[o.MD5] = true, o.MD5 != ""
	}
	for _, o := range goes {
		delete(held, o.Path)
		delete(held, o.MD5)
	}
	there, _ := r.bound(past, at)
	return slices.DeleteFunc(slices.Clone(there), func(o Output) bool { return held[o.Path] || held[o.MD5] })
}

// elsewhere returns an error for an output that only another remote has, if it is not here.
func (r *Repository) elsewhere(ctx context.Context, o Output) error {
	holds := r.Holds
	if o.out.legacy {
		holds = func(_ context.Context, oid string) (bool, error) { return r.HoldsLegacy(oid) }
	}
	if here, err := holds(ctx, o.MD5); err != nil || here || o.MD5 == "" {
		return err
	}
	return fault.New(fault.NotFound, o.Path+" is on the remote "+o.Remote+" alone.", "Pull from that one, too.", nil)
}
