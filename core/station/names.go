package station

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// names gives each file of an instrument a place of its own in the dataset: two instruments,
// or two benches of one dataset, may use the same names.
type names struct {
	host  string
	holds func(rel string) bool // there is a folder that has .dvc files inside
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
	return &names{host: host, meta: repo.Meta, items: items, holds: func(rel string) bool {
		return holdsOutputs(filepath.Join(repo.Dir(), filepath.FromSlash(rel)))
	}}
}

// holdsOutputs reports whether there are .dvc files in a folder: what was versioned file by file, as those of a
// Zarr store once were, can't be versioned as one.
func holdsOutputs(folder string) bool {
	err := filepath.WalkDir(folder, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && strings.HasSuffix(e.Name(), ".dvc") {
			return errHolds
		}
		return nil
	})
	return errors.Is(err, errHolds)
}

var errHolds = errors.New("a .dvc file")

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
		return !n.holds(at)
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
