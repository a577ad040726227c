package station

import (
	"context"
	"os"
	"path"
	"sync"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// names gives each file of an instrument a place of its own in the dataset: two instruments,
// or two benches of one dataset, may use the same names.
type names struct {
	host  string
	meta  func(rel string) (map[string]any, bool)
	items func() map[string]flow.Item

	mu    sync.Mutex        // guards below
	taken map[string]string // the instrument's file, by place; nil until first asked
}

func newNames(repo *dataset.Repository, items func() map[string]flow.Item) *names {
	host, err := os.Hostname()
	if err != nil {
		host = ""
	}
	return &names{host: host, meta: repo.Meta, items: items}
}

// place returns where the instrument's file source goes that would like to be at rel. The
// same file has the same place each time.
func (n *names) place(rel, source string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.taken == nil {
		n.taken = map[string]string{}
		for _, it := range n.items() {
			var c intake.Capture
			if it.Line == intake.LineName && it.Read(&c) == nil {
				n.taken[c.Rel] = c.Path
			}
		}
	}
	at := rel
	for i := 2; !n.free(at, source); i++ {
		at = dataset.Beside(rel, i)
	}
	n.taken[at] = source
	return at
}

// free reports whether a place is source's, or nobody's.
func (n *names) free(at, source string) bool {
	if by, ok := n.taken[at]; ok {
		return by == source
	}
	meta, ok := n.meta(at)
	if !ok {
		return true
	}
	said, _ := meta["coverslip"].(map[string]any)
	host, _ := said["host"].(string)
	from, _ := said["source"].(string)
	return from == source && (host == n.host || host == "") // older versions did not say the host
}

// imagePath is where the image of a capture lies: where it was stored, where a merge with
// another bench has put it or, if someone has put another file there, in the cache.
func (s *Station) imagePath(ctx context.Context, c intake.Capture, md5 string) (string, error) {
	return s.repo.PathOf(ctx, path.Join(s.repo.Where(c.Rel, md5), c.Lead), md5)
}
