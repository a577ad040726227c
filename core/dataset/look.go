package dataset

import (
	"context"
	"maps"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
)

// listFrom is how many objects make a listing of the remote cheaper than asking for each.
const listFrom = 200

// page is how many objects a store tells of in one answer, at most.
const page = 1000

// objects is the prefix of the keys of all objects.
const objects = "files/md5/"

// present returns the sizes of those objects that the remote has. Many are looked up in a
// listing, unless the remote holds so many others that asking for each is cheaper.
func present(ctx context.Context, in remote.Remote, oids []string) (map[string]int64, error) {
	if len(oids) < listFrom {
		return asked(ctx, in, oids)
	}
	first, err := listedUnder(ctx, in, objects+"00/")
	if err != nil {
		return nil, err
	}
	many := 256 * len(first) // hashes are even
	switch {
	case many/page > len(oids):
		return asked(ctx, in, oids)
	case many < 8*page || in.Caps().Local:
		return listedUnder(ctx, in, objects)
	}
	var mu sync.Mutex
	all := map[string]int64{}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(1, in.Caps().Parallel))
	for _, digit := range "0123456789abcdef" {
		g.Go(func() error {
			some, err := listedUnder(ctx, in, objects+string(digit))
			mu.Lock()
			defer mu.Unlock()
			maps.Copy(all, some)
			return err
		})
	}
	return all, g.Wait()
}

// listedUnder returns the objects whose keys start with prefix, and their sizes.
func listedUnder(ctx context.Context, in remote.Remote, prefix string) (map[string]int64, error) {
	all := map[string]int64{}
	for info, err := range in.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		all[strings.ReplaceAll(strings.TrimPrefix(info.Key, objects), "/", "")] = info.Size
	}
	return all, nil
}

// asked asks for each object.
func asked(ctx context.Context, in remote.Remote, oids []string) (map[string]int64, error) {
	var mu sync.Mutex
	seen := map[string]int64{}
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
