package dataset

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// Flaw is an object that is not where it should be, or not what it should be.
type Flaw struct {
	Name string // of a file that has it, for people
	MD5  string
	What string // FlawMissing, FlawDamaged, FlawHere
}

// What may be wrong with an object.
const (
	FlawMissing = "missing"
	FlawDamaged = "damaged"
	FlawHere    = "damaged here" // of an audit: the remote's is right, the cache's was not, and was set aside
)

// Check is what [Repository.Verify] or [Repository.Audit] found.
type Check struct {
	Objects int   // that were looked at
	Bytes   int64 // of the objects that are right
	Flaws   []Flaw
	Mended  int // of the flaws; those are not in Flaws any more
	Unknown int // objects of a remote that no version here names
}

// Scope says of which versions.
type Scope bool

// The scopes of verify, audit and garbage collection.
const (
	WorkTree   Scope = false // what the work tree's .dvc files name
	AllCommits Scope = true  // also what any commit names
)

// damagedDir holds objects that were found to be wrong, so that nothing is lost.
const damagedDir = "damaged"

// Verify reads every object of the cache that the versions name and compares it with its
// hash. DVC trusts a cache file that is marked read-only; this does not. A damaged object
// is moved to .dvc/tmp/damaged, so that the next fetch brings a good one. Missing is what
// outputs of the work tree need, and of the .dvc files of older versions. Objects of DVC 2
// are not looked at: see [Repository.HoldsLegacy].
func (r *Repository) Verify(ctx context.Context, s Scope, p *job.Progress) (Check, error) {
	all, err := r.subjects(ctx, s, nil, func(oid string) bool {
		st, err := os.Stat(r.cache.path(oid))
		if err == nil {
			p.Grow(st.Size())
		}
		return !errors.Is(err, fs.ErrNotExist)
	})
	if err != nil {
		return Check{}, fmt.Errorf("verify: %w", err)
	}
	c := checker{Check: Check{Objects: len(all)}}
	err = c.each(ctx, all, runtime.NumCPU(), p, func(ctx context.Context, oid, name string) error {
		p.Step(name)
		f, err := os.Open(r.cache.path(oid))
		if errors.Is(err, fs.ErrNotExist) {
			c.flaw(Flaw{name, oid, FlawMissing})
			return nil
		}
		if err != nil {
			return err
		}
		got, n, err := copyHashed(ctx, nil, f, p)
		if err := errors.Join(err, f.Close()); err != nil {
			return err
		}
		if got == strings.TrimSuffix(oid, dirSuffix) {
			c.good(n)
			return nil
		}
		c.flaw(Flaw{name, oid, FlawDamaged})
		return r.setAside(ctx, oid)
	})
	if err != nil {
		return c.result(), fmt.Errorf("verify: %w", err)
	}
	return c.result(), nil
}

// subjects returns the named objects that must be at a place, a remote or this machine, and
// those that are.
func (r *Repository) subjects(ctx context.Context, s Scope, at remote.Remote, there func(oid string) bool) (map[string]string, error) {
	all, err := r.named(ctx, bool(s))
	if err != nil {
		return nil, err
	}
	must, err := r.kept(ctx, bool(s), at)
	maps.DeleteFunc(all, func(oid, _ string) bool {
		_, needed := must[oid]
		return !there(oid) && !needed
	})
	return all, err
}

// setAside takes a damaged object out of the cache.
func (r *Repository) setAside(ctx context.Context, oid string) error {
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	dir := filepath.Join(r.cache.tmp(), damagedDir) // of the same disk
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a lab shares it
		return err
	}
	return os.Rename(r.cache.path(oid), filepath.Join(dir, oid))
}

// AuditOptions say how far an audit goes.
type AuditOptions struct {
	Scope Scope
	Deep  bool // read every object back and compare its hash, not its size alone
	Mend  bool // bring what is missing from this machine's cache
}

// Audit lists what a remote holds and compares it with what the versions name: DVC takes
// a folder's list on the remote as a proof of its files and never puts one there again.
// What is missing and what is left out is as with [Repository.Verify]; an output with
// push: false or a remote of its own is not missing elsewhere.
// With Mend, a missing object is put there, a folder's list after its files. A damaged
// one is replaced only if the cache's was read and is right.
func (r *Repository) Audit(ctx context.Context, at remote.Remote, o AuditOptions, p *job.Progress) (Check, error) {
	seen, err := listed(ctx, at)
	if err != nil {
		return Check{}, fmt.Errorf("audit %s: %w", at.Name(), err)
	}
	all, err := r.subjects(ctx, o.Scope, at, func(oid string) bool { _, ok := seen[oid]; return ok })
	if err != nil {
		return Check{}, fmt.Errorf("audit %s: %w", at.Name(), err)
	}
	c := checker{Check: Check{Objects: len(all)}}
	for oid := range seen {
		if _, ok := all[oid]; !ok {
			c.Unknown++
		} else if o.Deep {
			p.Grow(seen[oid])
		}
	}
	err = c.each(ctx, all, min(max(1, at.Caps().Parallel), mostAtOnce), p, func(ctx context.Context, oid, name string) error {
		p.Step(name)
		size, ok := seen[oid]
		if !ok {
			c.flaw(Flaw{name, oid, FlawMissing})
			return nil
		}
		what, err := r.compare(ctx, at, oid, size, o.Deep, p)
		if err != nil {
			return err
		}
		if what != FlawDamaged {
			c.good(size)
		}
		if what != "" {
			c.flaw(Flaw{name, oid, what})
		}
		return nil
	})
	if len(c.Flaws) > 0 {
		r.forgetSeen(at) // the next push looks at everything
	}
	if err == nil && o.Mend {
		err = r.mend(ctx, at, &c.Check, p)
	}
	if err != nil {
		return c.result(), fmt.Errorf("audit %s: %w", at.Name(), err)
	}
	return c.result(), nil
}

func listed(ctx context.Context, at remote.Remote) (map[string]int64, error) {
	seen := map[string]int64{}
	for info, err := range at.List(ctx, "files/md5/") {
		if err != nil {
			return nil, err
		}
		seen[strings.ReplaceAll(strings.TrimPrefix(info.Key, "files/md5/"), "/", "")] = info.Size
	}
	return seen, nil
}

// compare returns what is wrong with the remote's object, if anything. If its size differs
// from that of the cache's object, which one is wrong is told by their hashes; the cache's is
// then set aside, as Verify does it.
func (r *Repository) compare(ctx context.Context, at remote.Remote, oid string, size int64, deep bool, p *job.Progress) (string, error) {
	otherwise := ""
	if !deep {
		here, ok, err := r.cache.has(ctx, oid)
		if err != nil || !ok || here == size {
			return "", err
		}
		f, err := os.Open(r.cache.path(oid))
		if err != nil {
			return "", err
		}
		right, err := sound(ctx, f, oid, nothing{})
		if err := errors.Join(err, f.Close()); err != nil {
			return "", err
		}
		if right {
			return FlawDamaged, nil
		}
		if err := r.setAside(ctx, oid); err != nil {
			return "", err
		}
		otherwise = FlawHere
		p.Grow(size)
	}
	rc, err := at.Open(ctx, key(oid), 0)
	if err != nil {
		return "", err
	}
	right, err := sound(ctx, rc, oid, p)
	if err := errors.Join(err, rc.Close()); err != nil {
		return "", err
	}
	if !right {
		return FlawDamaged, nil
	}
	return otherwise, nil
}

// sound reads an object and reports whether it is what its name says.
func sound(ctx context.Context, from io.Reader, oid string, p progress) (bool, error) {
	got, _, err := copyHashed(ctx, nil, from, p)
	return got == strings.TrimSuffix(oid, dirSuffix), err
}

// mend brings the flawed objects to the remote, lists of folders last and only if all
// their files are there. What is not whole in the cache stays a flaw.
func (r *Repository) mend(ctx context.Context, at remote.Remote, c *Check, p *job.Progress) error {
	left := map[string]bool{}
	for _, f := range c.Flaws {
		if f.What != FlawHere {
			left[f.MD5] = true
		}
	}
	lastTrees := slices.SortedFunc(slices.Values(c.Flaws), func(a, b Flaw) int {
		return strings.Compare(a.MD5[min(len(a.MD5), 32):], b.MD5[min(len(b.MD5), 32):])
	})
	for _, f := range lastTrees {
		if !left[f.MD5] {
			continue
		}
		size, here, err := r.cache.has(ctx, f.MD5)
		if err == nil && here {
			here, err = r.wholeThere(f.MD5, left)
		}
		if err != nil || !here {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			continue
		}
		p.Step(f.Name)
		p.Grow(size)
		if ok, err := r.bring(ctx, at, f, size); err != nil {
			return err
		} else if !ok {
			continue
		}
		p.Add(size)
		delete(left, f.MD5)
		c.Bytes += size
		c.Mended++
	}
	c.Flaws = slices.DeleteFunc(c.Flaws, func(f Flaw) bool { return f.What != FlawHere && !left[f.MD5] })
	return nil
}

// wholeThere reports whether no file of a folder is still missing; other objects have none.
func (r *Repository) wholeThere(oid string, left map[string]bool) (bool, error) {
	if !strings.HasSuffix(oid, dirSuffix) {
		return true, nil
	}
	entries, err := r.cache.tree(oid)
	return !slices.ContainsFunc(entries, func(e entry) bool { return left[e.MD5] }), err
}

// bring puts an object on a remote, in the place of a damaged one, if reading it shows that
// the cache's is right; else the remote's stays, which may be the better one.
func (r *Repository) bring(ctx context.Context, at remote.Remote, o Flaw, size int64) (ok bool, err error) {
	f, err := os.Open(r.cache.path(o.MD5))
	if err != nil {
		return false, err
	}
	defer f.Close() //nolint:errcheck // read only
	if ok, err := sound(ctx, f, o.MD5, nothing{}); err != nil || !ok {
		return false, err
	}
	if o.What == FlawDamaged {
		if err := at.Remove(ctx, key(o.MD5)); err != nil {
			return false, err
		}
	}
	return true, at.Put(ctx, key(o.MD5), f, size)
}

// checker gathers what many goroutines find.
type checker struct {
	mu sync.Mutex // guards below
	Check
}

func (c *checker) good(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Bytes += n
}

func (c *checker) flaw(f Flaw) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Flaws = append(c.Flaws, f)
}

func (c *checker) each(
	ctx context.Context, all map[string]string, parallel int, p *job.Progress, do func(ctx context.Context, oid, name string) error,
) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	p.Expect(int64(len(all)))
	for oid, name := range all {
		g.Go(func() error {
			defer p.File(1)
			return errors.Join(ctx.Err(), do(ctx, oid, name))
		})
	}
	return g.Wait()
}

// result returns the check with its flaws in order.
func (c *checker) result() Check {
	slices.SortFunc(c.Flaws, func(a, b Flaw) int { return strings.Compare(a.Name, b.Name) })
	return c.Check
}

func corruptCache(name string, m *mismatch) error {
	return fault.New(fault.Corrupt, "A file in the dataset's cache is damaged.", "Remove it and pull it again.", fmt.Errorf("%s: %w", name, m))
}
