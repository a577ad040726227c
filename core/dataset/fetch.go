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

// Fetch brings the objects of the work tree's .dvc files into the cache. Every one is
// hashed on the way; what does not fit its name does not get in.
func (r *Repository) Fetch(ctx context.Context, from remote.Remote, p *job.Progress) (Transfer, error) {
	outs, err := r.all(ctx)
	if err != nil {
		return Transfer{}, err
	}
	d := newDownload(r, from, p)
	err = d.outputs(ctx, outs)
	return d.done, err
}

// Pull fetches and then checks out.
func (r *Repository) Pull(ctx context.Context, from remote.Remote, p *job.Progress) (Transfer, error) {
	outs, err := r.all(ctx)
	if err != nil {
		return Transfer{}, err
	}
	d := newDownload(r, from, p)
	err = d.outputs(ctx, outs)
	if stop(err) {
		return d.done, err
	}
	return d.done, errors.Join(err, r.checkoutAll(ctx, d.fresh, p)) // what has come does not wait for the rest
}

// download brings objects from a remote into the cache.
type download struct {
	repo     *Repository
	from     remote.Remote
	progress *job.Progress
	files    map[string]*lacked // by object
	trees    map[string][]byte  // texts of .dir objects that the cache lacks
	bytes    int64              // of all outputs
	fresh    map[string]bool    // objects that came and were hashed

	mu   sync.Mutex // guards below
	done Transfer
	errs []error
}

// lacked is a file that may be in the cache or not.
type lacked struct {
	name  string // for people
	times int64  // how often the outputs have it
}

func newDownload(r *Repository, from remote.Remote, p *job.Progress) *download {
	return &download{repo: r, from: from, progress: p, files: map[string]*lacked{}, trees: map[string][]byte{}}
}

func (d *download) want(oid, name string) {
	if f, ok := d.files[oid]; ok {
		f.times++
		return
	}
	d.files[oid] = &lacked{name, 1}
}

// outputs fetches all of the given outputs.
func (d *download) outputs(ctx context.Context, outs []Output) error {
	goes, err := d.repo.route(d.from)
	if err != nil {
		return err
	}
	var errs []error
	for _, o := range outs {
		if yes, _ := goes(o); !yes {
			errs = append(errs, d.repo.elsewhere(ctx, o))
			continue
		}
		if err := d.output(ctx, o); stop(err) {
			return fmt.Errorf("fetch from %s: %w", d.from.Name(), err)
		} else if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", o.Path, err))
		}
	}
	errs = append(errs, d.all(ctx))
	if err := errors.Join(errs...); err == nil || !stop(err) {
		for _, oid := range slices.Sorted(maps.Keys(d.trees)) { // after their files: see Push
			errs = append(errs, d.keepTree(ctx, oid, d.trees[oid]))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("fetch from %s: %w", d.from.Name(), err)
	}
	return nil
}

// output fetches an output of DVC 2; of another it notes which files are needed.
func (d *download) output(ctx context.Context, o Output) error {
	switch {
	case o.out.legacy:
		d.done.Legacy++
		return d.repo.oldFetch(ctx, d.from, o, &d.done, d.progress)
	case o.MD5 == "":
		return nil
	case !o.out.isDir():
		d.want(o.MD5, o.Path)
		d.bytes += o.Size
		return nil
	}
	text, entries, err := d.tree(ctx, o.MD5)
	if err != nil {
		return err
	}
	if text != nil {
		d.trees[o.MD5] = text
	}
	d.bytes += o.Size
	for _, e := range entries {
		d.want(e.MD5, o.Path+"/"+e.Path)
	}
	return nil
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
	info, err := d.from.Stat(ctx, key(oid))
	if err == nil && info.Size > maxTree {
		err = tooLong()
	}
	if err != nil {
		return nil, nil, err
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
	entries, err := parseTree(text)
	if err != nil {
		return err
	}
	sums := make([]digest, len(entries))
	for i, e := range entries {
		sums[i], _ = digestOf(e.MD5)
	}
	lost, err := d.repo.cache.unlisted(ctx, sums)
	if err != nil || len(lost) > 0 {
		return err // the file's own error says it all
	}
	n, err := d.repo.cache.store(ctx, bytes.NewReader(text), oid)
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

// all fetches the files that the cache lacks.
func (d *download) all(ctx context.Context) error {
	oids := slices.Sorted(maps.Keys(d.files))
	sums := make([]digest, len(oids))
	for i, oid := range oids {
		sums[i], _ = digestOf(oid)
	}
	sizes, err := d.repo.cache.sizes(ctx, sums)
	if err != nil {
		return err
	}
	var lost []string
	left := d.bytes
	for i, oid := range oids {
		if sizes[i] >= 0 {
			d.done.Present++
			left -= sizes[i] * d.files[oid].times
			continue
		}
		lost = append(lost, oid)
	}
	if len(lost) == 0 {
		return nil
	}
	d.progress.Expect(int64(len(lost)))
	d.progress.Grow(max(0, left))
	return d.lost(ctx, lost, left/int64(len(lost)))
}

// mostAtOnce bounds the memory of a fetch: each file that is under way has some buffers.
const mostAtOnce = 32

// lost fetches files of so many bytes each, about.
func (d *download) lost(ctx context.Context, oids []string, each int64) error {
	s, err := d.repo.cache.shelf()
	if err != nil {
		return err
	}
	big := 0
	if each > chunk {
		big = len(oids)
	}
	h, workers := newHasher(big)
	defer h.close()
	if !d.from.Caps().Local {
		workers = min(max(1, d.from.Caps().Parallel), mostAtOnce)
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for _, oid := range oids {
		if gctx.Err() != nil {
			break
		}
		g.Go(func() error {
			err := d.one(gctx, s, h, oid, each)
			if err == nil || stop(err) {
				return err
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			d.errs = append(d.errs, fmt.Errorf("%s: %w", d.files[oid].name, err))
			return nil
		})
	}
	err = g.Wait()
	if err == nil {
		err = ctx.Err()
	}
	// What has come is kept also when the rest has not: the next fetch goes on from there.
	err = errors.Join(err, s.close(context.WithoutCancel(ctx), nil), errors.Join(d.errs...))
	d.fresh = s.claimed
	return err
}

func (d *download) one(ctx context.Context, s *shelf, h *hasher, oid string, each int64) error {
	d.progress.Step(d.files[oid].name)
	f, n, err := d.receive(ctx, s, h, oid, each)
	if err != nil {
		return err
	}
	d.progress.Add(n * (d.files[oid].times - 1))
	d.progress.File(1)
	err = s.put(ctx, f, oid, n)
	d.count(n, err)
	return err
}

func (d *download) damaged(m *mismatch) error { return damagedAt(d.from, m) }

func damagedAt(from remote.Remote, m *mismatch) error {
	return fault.New(fault.Corrupt, "A file on "+from.Name()+" is damaged; it was not taken.",
		"Remove it there and push it again from the station that made it.", m)
}
