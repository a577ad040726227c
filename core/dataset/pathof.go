package dataset

import (
	"context"
	"strings"
)

// PathOf returns a file that holds the content oid, to be read only: the work tree's rel as
// long as it has not changed since that was seen in it, or else the object in the cache. The
// file is hashed only where the cache lacks the object. A folder is the one in the work tree.
func (r *Repository) PathOf(ctx context.Context, rel, oid string) (string, error) {
	if err := checkPath(rel); err != nil {
		return "", err
	}
	if strings.HasSuffix(oid, dirSuffix) {
		return r.abs(rel), nil
	}
	m, gone := r.statRel(rel)
	if gone == nil {
		if sum, ok := r.memory.recall(rel, m); ok && sum.oid() == oid {
			return r.abs(rel), nil
		}
	}
	if _, ok, err := r.cache.has(ctx, oid); ok || err != nil {
		return r.cache.path(oid), err
	}
	if gone == nil {
		if sum, err := r.hash(ctx, rel); err != nil || sum == oid {
			return r.abs(rel), err
		}
	}
	return "", missing(rel)
}
