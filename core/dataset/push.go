package dataset

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// Transfer says what a push or a fetch did.
type Transfer struct {
	Moved, Present int   // objects
	Bytes          int64 // moved
	Legacy         int   // outputs of DVC 2, which Coverslip leaves alone
}

// listFrom is how many objects make one listing of the remote cheaper than asking for each.
const listFrom = 200

// Push brings every object to the remote that the work tree's .dvc files name, or a
// commit that the git server does not have yet. Files go first; the .dir object of a
// folder follows once all its files were seen there, since everyone takes it as a proof
// of them. Nothing is taken for granted: a file lost from the remote is put there again.
func (r *Repository) Push(ctx context.Context, to remote.Remote, p *job.Progress) (Transfer, error) {
	w, err := r.wanted(ctx)
	if err != nil {
		return Transfer{}, err
	}
	u := upload{repo: r, to: to, progress: p}
	u.done.Legacy = w.legacy
	if u.seen, err = present(ctx, to, w.oids()); err != nil {
		return u.done, fmt.Errorf("push to %s: %w", to.Name(), err)
	}
	err = u.all(ctx, slices.Sorted(maps.Keys(w.files)), w)
	if stop(err) {
		return u.done, fmt.Errorf("push to %s: %w", to.Name(), err)
	}
	errs := []error{err}
	var whole []string
	for _, dir := range slices.Sorted(maps.Keys(w.dirs)) {
		lost := slices.IndexFunc(w.dirs[dir], func(e entry) bool { _, ok := u.seen[e.MD5]; return !ok })
		if lost < 0 {
			whole = append(whole, dir)
		}
	}
	errs = append(errs, u.all(ctx, whole, w))
	if err := errors.Join(errs...); err != nil {
		return u.done, fmt.Errorf("push to %s: %w", to.Name(), err)
	}
	return u.done, nil
}

// stop reports whether the rest of the objects would fare no better.
func stop(err error) bool {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Corrupt, fault.Exists:
		return false
	case fault.Internal, fault.Canceled, fault.Offline, fault.Busy, fault.Denied, fault.Invalid, fault.Full:
	}
	return err != nil
}

type upload struct {
	repo     *Repository
	to       remote.Remote
	progress *job.Progress

	mu   sync.Mutex // guards below
	seen map[string]int64
	done Transfer
	errs []error
}

// all puts the objects that the remote does not have; one that is lost or damaged here
// does not hold up the others.
func (u *upload) all(ctx context.Context, oids []string, w *wanted) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, u.to.Caps().Parallel))
	u.errs = nil
	for _, oid := range oids {
		g.Go(func() error {
			err := u.one(ctx, oid, w)
			if err == nil || stop(err) {
				return err
			}
			u.mu.Lock()
			defer u.mu.Unlock()
			u.errs = append(u.errs, err)
			return nil
		})
	}
	err := g.Wait()
	return errors.Join(err, errors.Join(u.errs...))
}

func (u *upload) one(ctx context.Context, oid string, w *wanted) error {
	size, here, err := u.repo.cache.has(ctx, oid)
	if err != nil {
		return err
	}
	u.mu.Lock()
	there, ok := u.seen[oid]
	u.mu.Unlock()
	switch {
	case ok && (!here || there == size):
		u.mu.Lock()
		u.done.Present++
		u.mu.Unlock()
		return nil
	case !here && w.old[oid]:
		return nil // an older version that was never on this machine
	case !here:
		return missing(w.names[oid])
	}
	u.progress.Grow(size)
	u.progress.Step(w.names[oid])
	f, err := os.Open(u.repo.cache.path(oid))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := u.to.Put(ctx, key(oid), f, size); err != nil {
		return err
	}
	info, err := u.to.Stat(ctx, key(oid)) // seen is more than sent
	if err == nil && info.Size != size {
		err = fault.New(fault.Corrupt, "A file arrived at "+u.to.Name()+" with another size.", "Check that remote's disk.",
			fmt.Errorf("%s: %d bytes, not %d", oid, info.Size, size))
	}
	if err != nil {
		return err
	}
	u.progress.Add(size)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.seen[oid] = size
	u.done.Moved++
	u.done.Bytes += size
	return nil
}

// present returns the sizes of those objects that the remote has.
func present(ctx context.Context, in remote.Remote, oids []string) (map[string]int64, error) {
	seen := map[string]int64{}
	if len(oids) >= listFrom {
		for info, err := range in.List(ctx, "files/md5/") {
			if err != nil {
				return nil, err
			}
			seen[strings.ReplaceAll(strings.TrimPrefix(info.Key, "files/md5/"), "/", "")] = info.Size
		}
		return seen, nil
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, in.Caps().Parallel))
	for _, oid := range oids {
		g.Go(func() error {
			info, err := in.Stat(ctx, key(oid))
			if fault.KindOf(err) == fault.NotFound {
				return nil
			}
			mu.Lock()
			defer mu.Unlock()
			seen[oid] = info.Size
			return err
		})
	}
	return seen, g.Wait()
}
