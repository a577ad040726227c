package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// young is how old an object must be to be garbage: a capture's object lies in the cache
// a moment before the .dvc file that names it.
const young = time.Hour

// Garbage are the objects of the cache that could be removed.
type Garbage struct {
	Objects  []string // MD5
	Bytes    int64
	Kept     int // objects that stay
	OnlyHere int // of those that stay: old versions that no remote is known to have
}

// Garbage returns what could be removed from the cache, and removes nothing. With
// [AllCommits] that is what no version names at all. With [WorkTree] it is also what only
// older versions name, if at has it; at may be nil otherwise. Objects younger than an
// hour stay, and remotes are never touched. A cache outside of the dataset, which others may
// share, is refused. Where the list of some version's folder is not here, nobody can tell what
// no version names: then only what at has goes, and without it nothing.
func (r *Repository) Garbage(ctx context.Context, s Scope, at remote.Remote, p *job.Progress) (Garbage, error) {
	g, err := r.garbage(ctx, s, at, p)
	if err != nil {
		return Garbage{}, fmt.Errorf("look for what can be removed: %w", err)
	}
	return g, nil
}

func (r *Repository) garbage(ctx context.Context, s Scope, at remote.Remote, p *job.Progress) (Garbage, error) {
	if s == WorkTree && at == nil {
		return Garbage{}, fault.New(fault.Invalid, "Older versions can only be removed here if a remote has them.",
			"Name a remote, or remove only what no version names.", nil)
	}
	if !r.ownCache() {
		return Garbage{}, fault.New(fault.Invalid,
			"The cache lies outside of this dataset, in "+r.cache.dir+": other datasets may have their data there, too.",
			"Clean it up with dvc gc and its option --projects, which is told of the others.", nil)
	}
	ever, err := r.named(ctx, true)
	if err != nil {
		return Garbage{}, err
	}
	unread, err := r.unread(ctx)
	if err != nil {
		return Garbage{}, err
	}
	if unread != "" && at == nil {
		return Garbage{}, fault.New(fault.Invalid, "The list of a version of "+unread+" is not on this machine: nobody can tell which files it needs.",
			"Pull that version, or remove with a remote's name what that remote has.", nil)
	}
	var now map[string]string
	var there map[string]int64
	if s == WorkTree {
		if now, err = r.named(ctx, false); err != nil {
			return Garbage{}, err
		}
		if there, err = listed(ctx, at); err != nil {
			return Garbage{}, err
		}
	}
	w := sieve{r: r, scope: s, ever: ever, now: now, there: there, unread: unread != ""}
	var g Garbage
	err = r.cache.each(ctx, func(oid string, st fs.FileInfo) error {
		p.Step(oid)
		switch stays, onlyHere := w.stays(ctx, oid, st); {
		case onlyHere:
			g.OnlyHere++
			g.Kept++
		case stays:
			g.Kept++
		default:
			g.Objects = append(g.Objects, oid)
			g.Bytes += st.Size()
		}
		return nil
	})
	return g, err
}

// sieve tells which objects of the cache may be removed.
type sieve struct {
	r         *Repository
	scope     Scope
	ever, now map[string]string // what versions name, and what the work tree does
	there     map[string]int64  // sizes of what a remote has
	unread    bool              // some version's list is not here, so that ever is not all
}

func (w sieve) stays(ctx context.Context, oid string, st fs.FileInfo) (stays, onlyHere bool) {
	_, named := w.ever[oid]
	_, isNow := w.now[oid]
	if time.Since(st.ModTime()) < young || isNow || named && w.scope == AllCommits {
		return true, false
	}
	only := !w.has(oid, st.Size()) && (named || w.unread) || named && !w.listed(ctx, oid)
	return only, only
}

// has reports whether the remote has an object, whole.
func (w sieve) has(oid string, size int64) bool {
	n, ok := w.there[oid]
	return ok && n == size
}

// listed reports whether the remote has all files of a folder's list that are here: without the
// list nobody knows them.
func (w sieve) listed(ctx context.Context, oid string) bool {
	if !strings.HasSuffix(oid, dirSuffix) {
		return true
	}
	entries, err := w.r.cache.tree(oid)
	return err == nil && !slices.ContainsFunc(entries, func(e entry) bool {
		size, here, err := w.r.cache.has(ctx, e.MD5)
		return err != nil || here && !w.has(e.MD5, size)
	})
}

// unread returns a name of a folder whose list, in some version, is not in the cache; "" where
// there is none.
func (r *Repository) unread(ctx context.Context) (string, error) {
	must, err := r.kept(ctx, true, nil) // neither DVC 2's nor what git holds
	if err != nil {
		return "", err
	}
	for oid, name := range must {
		if strings.HasSuffix(oid, dirSuffix) {
			if _, bad := r.cache.tree(oid); bad != nil {
				return name, ctx.Err()
			}
		}
	}
	return "", nil
}

// ownCache reports whether the cache lies in the dataset, where no other uses it; links are
// followed.
func (r *Repository) ownCache() bool {
	dir, top := r.cache.dir, r.dir
	if at, err := filepath.EvalSymlinks(dir); err == nil {
		dir = at
	}
	if at, err := filepath.EvalSymlinks(top); err == nil {
		top = at
	}
	rel, err := filepath.Rel(top, dir)
	return err == nil && filepath.IsLocal(rel)
}

// Collect removes what [Repository.Garbage] found with the same scope and remote, except
// for what a version has come to name meanwhile. It returns what was removed.
func (r *Repository) Collect(ctx context.Context, s Scope, at remote.Remote, g Garbage, p *job.Progress) (Garbage, error) {
	unlock, err := r.lock(ctx)
	if err != nil {
		return Garbage{}, err
	}
	defer unlock()
	again, err := r.garbage(ctx, s, at, nil)
	if err != nil {
		return Garbage{}, fmt.Errorf("remove what is not needed: %w", err)
	}
	still := map[string]bool{}
	for _, oid := range again.Objects {
		still[oid] = true
	}
	done := Garbage{Kept: again.Kept, OnlyHere: again.OnlyHere}
	p.Grow(int64(len(g.Objects)))
	// Lists of folders first: a list without its files would be taken for a proof of them.
	lists := slices.SortedFunc(slices.Values(g.Objects), func(a, b string) int { return len(b) - len(a) })
	for _, oid := range lists {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		p.Add(1)
		st, err := os.Stat(r.cache.path(oid))
		if !still[oid] || errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.Remove(r.cache.path(oid))
		}
		if err != nil {
			return done, fmt.Errorf("remove what is not needed: %w", err)
		}
		done.Objects = append(done.Objects, oid)
		done.Bytes += st.Size()
	}
	return done, nil
}

// each calls do for every object of the cache.
func (c cache) each(ctx context.Context, do func(oid string, st fs.FileInfo) error) error {
	top := filepath.Join(c.dir, "files", "md5")
	err := filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		oid := filepath.Base(filepath.Dir(name)) + d.Name()
		st, err := d.Info()
		if err != nil || !oidForm.MatchString(oid) {
			return err
		}
		return do(strings.Clone(oid), st)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
