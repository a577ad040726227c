package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/remote"
)

// maxTree bounds a .dir object: some five million files.
const maxTree = 1 << 30

// Fetch brings the objects of the work tree's .dvc files into the cache. Every one is
// hashed on the way; what does not fit its name does not get in.
func (r *Repository) Fetch(ctx context.Context, from remote.Remote, p *job.Progress) (Transfer, error) {
	outs, err := r.Outputs(ctx)
	if err != nil {
		return Transfer{}, err
	}
	d := download{repo: r, from: from, progress: p}
	files, trees := map[string]string{}, map[string][]byte{} // names of files, texts of .dir objects
	var errs []error
	for _, o := range outs {
		switch {
		case o.out.legacy:
			d.done.Legacy++
			continue
		case o.MD5 == "":
			continue
		case !o.out.isDir():
			files[o.MD5] = o.Path
			continue
		}
		text, entries, err := d.tree(ctx, o.MD5)
		if stop(err) {
			return d.done, fmt.Errorf("fetch from %s: %w", from.Name(), err)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", o.Path, err))
			continue
		}
		trees[o.MD5] = text
		for _, e := range entries {
			files[e.MD5] = o.Path + "/" + e.Path
		}
	}
	errs = append(errs, d.all(ctx, files))
	if err := errors.Join(errs...); err == nil || !stop(err) {
		for _, oid := range slices.Sorted(maps.Keys(trees)) { // after their files: see Push
			errs = append(errs, d.keepTree(ctx, oid, trees[oid]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return d.done, fmt.Errorf("fetch from %s: %w", from.Name(), err)
	}
	return d.done, nil
}

// Pull fetches and then checks out.
func (r *Repository) Pull(ctx context.Context, from remote.Remote, p *job.Progress) (Transfer, error) {
	done, err := r.Fetch(ctx, from, p)
	if err != nil {
		return done, err
	}
	return done, r.Checkout(ctx, p)
}

type download struct {
	repo     *Repository
	from     remote.Remote
	progress *job.Progress

	mu   sync.Mutex // guards below
	done Transfer
	errs []error
}

// tree returns a .dir object from the cache or, verified, from the remote.
func (d *download) tree(ctx context.Context, oid string) ([]byte, []entry, error) {
	if _, ok, err := d.repo.cache.has(ctx, oid); ok || err != nil {
		if err != nil {
			return nil, nil, err
		}
		entries, err := d.repo.cache.tree(oid)
		return nil, entries, err
	}
	rc, err := d.from.Open(ctx, key(oid), 0)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(io.LimitReader(rc, maxTree))
	if err := errors.Join(err, rc.Close()); err != nil {
		return nil, nil, err
	}
	if got := sum(text) + dirSuffix; got != oid {
		return nil, nil, d.damaged(&mismatch{oid, got})
	}
	entries, err := parseTree(text)
	return text, entries, err
}

// keepTree puts a .dir object into the cache if all its files are there.
func (d *download) keepTree(ctx context.Context, oid string, text []byte) error {
	if text == nil {
		return nil
	}
	entries, err := parseTree(text)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, ok, err := d.repo.cache.has(ctx, e.MD5); err != nil || !ok {
			return err // the file's own error says it all
		}
	}
	n, err := d.repo.cache.store(ctx, bytes.NewReader(text), oid, nothing{})
	d.count(n, err)
	return err
}

func (d *download) count(n int64, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err == nil {
		d.done.Moved++
		d.done.Bytes += n
	}
}

func (d *download) all(ctx context.Context, files map[string]string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, d.from.Caps().Parallel))
	for oid, name := range files {
		g.Go(func() error {
			err := d.one(ctx, oid, name)
			if err == nil || stop(err) {
				return err
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.errs = append(d.errs, fmt.Errorf("%s: %w", name, err))
			return nil
		})
	}
	err := g.Wait()
	return errors.Join(err, errors.Join(d.errs...))
}

func (d *download) one(ctx context.Context, oid, name string) error {
	if _, ok, err := d.repo.cache.has(ctx, oid); ok || err != nil {
		d.mu.Lock()
		d.done.Present++
		d.mu.Unlock()
		return err
	}
	d.progress.Step(name)
	if info, err := d.from.Stat(ctx, key(oid)); err == nil {
		d.progress.Grow(info.Size)
	}
	rc, err := d.from.Open(ctx, key(oid), 0)
	if err != nil {
		return err
	}
	n, err := d.repo.cache.store(ctx, rc, oid, d.progress)
	if bad, ok := errors.AsType[*mismatch](err); ok {
		err = d.damaged(bad)
	}
	err = errors.Join(err, rc.Close())
	d.count(n, err)
	return err
}

func (d *download) damaged(m *mismatch) error {
	return fault.New(fault.Corrupt, "A file on "+d.from.Name()+" is damaged; it was not taken.",
		"Remove it there and push it again from the station that made it.", m)
}
