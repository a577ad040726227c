package dataset

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Status says how the work tree differs from what is versioned.
type Status struct {
	Changed     []Change
	Uncommitted []string // paths that git would commit or does not know
}

// Clean reports whether there is nothing to version or to commit.
func (s Status) Clean() bool { return len(s.Changed) == 0 && len(s.Uncommitted) == 0 }

// Change is an output that is not as its .dvc file says.
type Change struct {
	Path, State string // the state in DVC's words: see below
}

// The states of a [Change].
const (
	Modified   = "modified"
	Deleted    = "deleted"
	NotInCache = "not in cache"
)

// Status compares the work tree, the .dvc files and the last commit.
func (r *Repository) Status(ctx context.Context) (Status, error) {
	r.memory.ahead()
	outs, err := r.Outputs(ctx)
	if err != nil {
		return Status{}, err
	}
	defer r.memory.save()
	var s Status
	var list string
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		list, err = r.git.run(ctx, "--no-optional-locks", "status", "--porcelain", "-z", "--no-renames", "--untracked-files=all")
		return err
	})
	g.Go(func() error {
		for _, o := range outs {
			state, err := r.state(ctx, o)
			if err != nil {
				return fmt.Errorf("status of %s: %w", o.Path, err)
			}
			if state != "" {
				s.Changed = append(s.Changed, Change{o.Path, state})
			}
		}
		return nil
	})
	if err := g.Wait(); err != nil {
		return Status{}, err
	}
	for rec := range strings.SplitSeq(list, "\x00") {
		if len(rec) > 3 {
			s.Uncommitted = append(s.Uncommitted, rec[3:])
		}
	}
	return s, nil
}

func (r *Repository) state(ctx context.Context, o Output) (string, error) {
	st, err := os.Stat(r.abs(o.Path))
	switch {
	case os.IsNotExist(err):
		return Deleted, nil
	case err != nil:
		return "", err
	case o.MD5 == "" || st.IsDir() != o.out.isDir():
		return Modified, nil
	case o.out.legacy:
		return r.oldState(ctx, o)
	}
	files, err := r.scan(ctx, o.Path)
	if err != nil {
		return "", err
	}
	sums, err := r.hashes(ctx, o.Path, files, nothing{})
	if err != nil {
		return "", err
	}
	oid := ""
	if st.IsDir() {
		oid = sum(encodeTree(entriesOf(files, sums))) + dirSuffix
	} else {
		oid = sums[0].oid()
	}
	if oid != o.MD5 {
		return Modified, nil
	}
	if _, ok, err := r.cache.has(ctx, oid); err != nil || !ok {
		return NotInCache, err
	}
	if st.IsDir() {
		if lost, err := r.cache.unlisted(ctx, sums); err != nil || len(lost) > 0 {
			return NotInCache, err
		}
	}
	return "", nil
}
