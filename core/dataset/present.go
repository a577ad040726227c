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
	g, ctx := errgroup.WithContext(ctx)
	share := max(together, len(sums)/runtime.NumCPU()+1)
	for from := 0; from < len(sums); from += share {
		part, into := sums[from:min(from+share, len(sums))], sizes[from:]
		g.Go(func() error {
			for i, sum := range part {
				size, ok, err := c.has(ctx, sum.oid())
				if err != nil {
					return err
				}
				if into[i] = size; !ok {
					into[i] = -1
				}
			}
			return ctx.Err()
		})
	}
	return sizes, g.Wait()
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
	var by [256][]int // the objects of a folder
	for i, sum := range sums {
		by[sum[0]] = append(by[sum[0]], i)
	}
	var lost []int
	for first, wanted := range by {
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
