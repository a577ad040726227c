package dataset

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"
)

// sizes returns the sizes of objects by has, -1 of one that is not there.
func (c cache) sizes(ctx context.Context, sums []digest) ([]int64, error) {
	sizes := make([]int64, len(sums))
	by := byFolder(sums)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.NumCPU())
	for _, wanted := range by {
		if len(wanted) > 0 {
			g.Go(func() error { return c.sizesIn(ctx, sums, wanted, sizes) })
		}
	}
	return sizes, g.Wait()
}

// byFolder sorts objects, by their indices, into the folders of the cache.
func byFolder(sums []digest) (by [256][]int) {
	for i, sum := range sums {
		by[sum[0]] = append(by[sum[0]], i)
	}
	return by
}

// sizesIn is sizes for objects of one folder, which is opened once.
func (c cache) sizesIn(ctx context.Context, sums []digest, wanted []int, sizes []int64) error {
	dir, err := os.Open(filepath.Dir(c.path(sums[wanted[0]].oid())))
	if err == nil {
		defer dir.Close() //nolint:errcheck // read only
	}
	for _, i := range wanted {
		oid := sums[i].oid()
		if err == nil {
			if m, serr := statIn(dir, oid[2:]); serr == nil && m.mode == wholeMode {
				sizes[i] = m.size
				continue
			}
		}
		size, ok, herr := c.has(ctx, oid)
		if herr != nil {
			return herr
		}
		if sizes[i] = size; !ok {
			sizes[i] = -1
		}
	}
	return ctx.Err()
}

// lacking returns which of the objects are not in the cache, by has.
func (c cache) lacking(ctx context.Context, sums []digest) (lost []int, err error) {
	sizes, err := c.sizes(ctx, sums)
	for i, n := range sizes {
		if n < 0 {
			lost = append(lost, i)
		}
	}
	return lost, err
}

// tooMany is how many times more objects a cache may hold than are asked for before it is
// cheaper to ask for each.
const tooMany = 8

// unlisted returns which of the objects the cache does not list. It is faster than lacking,
// and does not look whether an object is marked as whole.
func (c cache) unlisted(ctx context.Context, sums []digest) ([]int, error) {
	if len(sums) < together {
		return c.lacking(ctx, sums)
	}
	var lost []int
	for first, wanted := range byFolder(sums) {
		if len(wanted) == 0 {
			continue
		}
		names, err := c.names(byte(first)) //nolint:gosec // below 256
		if err != nil {
			return nil, err
		}
		if len(names) > tooMany*(len(wanted)+together/100) {
			return c.lacking(ctx, sums)
		}
		have := make(map[string]bool, len(names))
		for _, n := range names {
			have[n] = true
		}
		for _, i := range wanted {
			if !have[sums[i].oid()[2:]] {
				lost = append(lost, i)
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	slices.Sort(lost)
	return lost, nil
}

// names lists the objects whose hashes start with a byte, by the rest of the hash.
func (c cache) names(first byte) ([]string, error) {
	d, err := os.Open(filepath.Dir(c.path(digest{first}.oid())))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := d.Readdirnames(-1)
	return names, errors.Join(err, d.Close())
}
