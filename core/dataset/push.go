package dataset

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// Transfer says what a push or a fetch did.
type Transfer struct {
	Moved, Present int   // objects
	Bytes          int64 // moved
	Legacy         int   // outputs of DVC 2
	Elsewhere      int   // objects of a push that others have versioned, and that neither place has
}

// Push brings every object to the remote that the work tree's .dvc files name, or a
// commit that the git server does not have yet. Files go first; the .dir object of a
// folder follows once all its files were seen there, since everyone takes it as a proof
// of them. A file lost from a folder is put there again; one lost from another store,
// within a day or by [Repository.Audit]: see [seen].
func (r *Repository) Push(ctx context.Context, to remote.Remote, p *job.Progress) (Transfer, error) {
	u := upload{repo: r, to: to, progress: p}
	u.others = sync.OnceValues(func() (map[string]bool, error) { return r.published(ctx) })
	err := u.push(ctx)
	if err != nil {
		err = fmt.Errorf("push to %s: %w", to.Name(), err)
	}
	return u.done, err
}

func (u *upload) push(ctx context.Context) error {
	all, err := u.repo.all(ctx)
	if err != nil {
		return err
	}
	outs, astray := u.repo.bound(all, u.to)
	if stop(astray) {
		return astray
	}
	u.known = u.repo.seenAt(u.to)
	if err := u.known.probe(ctx, u.to, outs); err != nil {
		return err
	}
	w, err := u.repo.wanted(ctx, all, outs, u.to, u.known)
	if err != nil {
		return err
	}
	u.done.Legacy, u.done.Present = len(w.legacy), w.seen
	errs := []error{astray}
	for _, o := range w.legacy {
		err := u.oldPush(ctx, o)
		if stop(err) {
			return err
		}
		errs = append(errs, err)
	}
	looked := time.Now()
	oids := slices.Concat(slices.Collect(maps.Keys(w.files)), slices.Collect(maps.Keys(w.dirs)))
	if u.seen, err = present(ctx, u.to, oids); err != nil {
		return err
	}
	err = u.all(ctx, slices.Sorted(maps.Keys(w.files)), w)
	if stop(err) {
		return err
	}
	errs = append(errs, err)
	var whole []string
	for _, dir := range slices.Sorted(maps.Keys(w.dirs)) {
		if !slices.ContainsFunc(w.dirs[dir], func(e entry) bool { return !u.has(e.MD5) }) {
			whole = append(whole, dir)
		}
	}
	errs = append(errs, u.all(ctx, whole, w))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	u.keep(outs, w, looked)
	return nil
}

// has reports whether the remote has an object.
func (u *upload) has(oid string) bool {
	_, ok := u.seen[oid]
	return ok
}

// keep remembers the outputs that were seen at the remote as a whole.
func (u *upload) keep(outs []Output, w *wanted, looked time.Time) {
	var whole []string
	news := false
	for _, o := range outs {
		switch {
		case o.MD5 == "" || o.out.legacy:
		case u.known.has(o.MD5):
			whole = append(whole, o.MD5)
		case u.has(o.MD5) && (!o.out.isDir() || w.dirs[o.MD5] != nil):
			whole = append(whole, o.MD5)
			news = true
		}
	}
	slices.Sort(whole)
	whole = slices.Compact(whole)
	head := w.head
	if u.skipped {
		head = u.known.head
	}
	if u.known.since.IsZero() {
		u.known.since = looked
		news = true
	}
	if news || head != u.known.head || len(whole) != u.known.len() {
		u.known.head = head
		u.known.set(whole)
		u.known.save(u.to)
	}
}

// stop reports whether the rest of the objects would fare no better.
func stop(err error) bool {
	switch fault.KindOf(err) {
	case fault.NotFound, fault.Corrupt, fault.Exists:
		return false
	case fault.Invalid:
		return !errors.Is(err, errTooLong)
	case fault.Internal, fault.Canceled, fault.Offline, fault.Busy, fault.Denied, fault.Full:
	}
	return err != nil
}

type upload struct {
	repo     *Repository
	to       remote.Remote
	progress *job.Progress
	known    *seen
	others   func() (map[string]bool, error) // see published

	mu      sync.Mutex // guards below
	seen    map[string]int64
	sent    map[string]int64
	skipped bool // an older version that is not here
	done    Transfer
	errs    []error
}

// all puts the objects that the remote does not have, and then looks whether they are
// there; one that is lost or damaged here does not hold up the others.
func (u *upload) all(ctx context.Context, oids []string, w *wanted) error {
	u.errs, u.sent = nil, map[string]int64{}
	todo, err := u.todo(ctx, oids, w)
	if err != nil {
		return err
	}
	u.progress.Expect(int64(len(todo)))
	for _, o := range todo {
		u.progress.Grow(o.size)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, u.to.Caps().Parallel))
	for _, o := range todo {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			err := u.one(gctx, o, w.names[o.oid])
			if err == nil || stop(err) {
				return err
			}
			u.fail(err)
			return nil
		})
	}
	if err = g.Wait(); err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = u.confirm(ctx)
	}
	return errors.Join(err, errors.Join(u.errs...))
}

func (u *upload) fail(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.errs = append(u.errs, err)
}

// outgoing is an object to be sent.
type outgoing struct {
	oid  string
	size int64
}

// todo returns which of the objects are to be sent.
func (u *upload) todo(ctx context.Context, oids []string, w *wanted) ([]outgoing, error) {
	var todo []outgoing
	for _, oid := range oids {
		size, here, err := u.repo.cache.has(ctx, oid)
		if err != nil {
			return nil, err
		}
		there, ok := u.seen[oid]
		switch {
		case ok && (!here || there == size):
			u.done.Present++
		case !here && w.old[oid]: // an older version that was never on this machine
			u.skipped = true
		case !here:
			switch err := u.lacks(w.from[oid], w.names[oid]); {
			case stop(err):
				return nil, err
			case err != nil:
				u.errs = append(u.errs, err)
			default:
				u.skipped = true // someone else's, who has it
			}
		default:
			todo = append(todo, outgoing{oid, size})
		}
	}
	return todo, ctx.Err()
}

// lacks counts an object that neither place has, if whoever versioned it has it; else it is
// lost, which is the error.
func (u *upload) lacks(file, name string) error {
	by, err := u.others()
	if err == nil && !by[file] {
		err = missing(name)
	}
	if err == nil {
		u.done.Elsewhere++
	}
	return err
}

func (u *upload) one(ctx context.Context, o outgoing, name string) error {
	u.progress.Step(name)
	f, err := os.Open(u.repo.cache.path(o.oid))
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	if err := u.to.Put(ctx, key(o.oid), f, o.size); err != nil {
		return err
	}
	u.progress.Add(o.size)
	u.progress.File(1)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sent[o.oid] = o.size
	return nil
}

// confirm looks at what was sent: seen is more than sent.
func (u *upload) confirm(ctx context.Context) error {
	there, err := present(ctx, u.to, slices.Collect(maps.Keys(u.sent)))
	if err != nil {
		return err
	}
	for oid, size := range u.sent {
		got, ok := there[oid]
		if !ok || got != size {
			u.fail(fault.New(fault.Corrupt, "A file did not arrive whole at "+u.to.Name()+".", "Check that remote's disk, then push again.",
				fmt.Errorf("%s: %d bytes, not %d", oid, got, size)))
			continue
		}
		u.seen[oid] = size
		u.done.Moved++
		u.done.Bytes += size
	}
	return nil
}
