package dataset

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// CheckoutPaths is [Repository.Checkout] of some outputs alone: each path is an output's,
// or a folder's that outputs lie in.
func (r *Repository) CheckoutPaths(ctx context.Context, paths []string, p *job.Progress) error {
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	outs, err := r.all(ctx)
	if err != nil {
		return err
	}
	for _, want := range paths {
		if err := checkPath(want); err != nil {
			return err
		}
		found := false
		for _, o := range outs {
			if !within(o.Path, want) && o.File != want {
				continue
			}
			found = true
			if o.MD5 == "" {
				continue
			}
			p.Step(o.Path)
			if err := r.checkout(ctx, o); err != nil {
				return fmt.Errorf("check out %s: %w", o.Path, err)
			}
		}
		if !found {
			return fault.New(fault.NotFound, "The dataset versions nothing at "+want+".", "Take a path from its list of files.", nil)
		}
	}
	return nil
}

// within reports whether rel is dir or lies in it.
func within(rel, dir string) bool { return rel == dir || strings.HasPrefix(rel, dir+"/") }

// Restore makes the outputs at the given paths what they were in an older version: their
// .dvc files become that version's, and the work tree follows. Its data must be in the
// cache. Nothing is committed: that is a decision of its own. It returns the .dvc files
// that it changed.
func (r *Repository) Restore(ctx context.Context, version string, paths []string, p *job.Progress) (changed []string, err error) {
	id, err := r.version(ctx, version)
	if err != nil {
		return nil, err
	}
	list, err := r.git.run(ctx, "ls-tree", "-r", "-z", "--name-only", "--full-tree", id)
	if err != nil {
		return nil, err
	}
	for _, want := range paths {
		if err := checkPath(want); err != nil {
			return changed, err
		}
		found := false
		for name := range strings.SplitSeq(list, "\x00") {
			if !strings.HasSuffix(name, ".dvc") || !within(strings.TrimSuffix(name, ".dvc"), want) && name != want {
				continue
			}
			found = true
			if err := r.restore(ctx, id, name, p); err != nil {
				return changed, fmt.Errorf("restore %s: %w", want, err)
			}
			changed = append(changed, name)
		}
		if !found {
			return changed, fault.New(fault.NotFound, "That version of the dataset has nothing at "+want+".", "Take a path from its list of files.", nil)
		}
	}
	return changed, nil
}

// restore brings back one .dvc file and what it names; the .dvc file only if all is here.
func (r *Repository) restore(ctx context.Context, id, name string, p *job.Progress) error {
	text, err := r.git.run(ctx, "cat-file", "blob", id+":"+name)
	if err != nil {
		return err
	}
	outs, err := outputs(name, []byte(text))
	if err != nil {
		return err
	}
	unlock, err := r.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	for _, o := range outs {
		p.Step(o.Path)
		here, err := r.Holds(ctx, o.MD5)
		if err != nil {
			return err
		}
		if o.out.legacy {
			_, err := r.oldTree(o)
			here = err == nil
		}
		if !here {
			return missing(o.Path)
		}
	}
	if err := os.MkdirAll(filepath.Dir(r.abs(name)), 0o755); err != nil { //nolint:gosec // a lab shares it
		return err
	}
	for _, o := range outs {
		if err := r.checkout(ctx, o); err != nil {
			return err
		}
		if _, err := r.Ignore(ctx, o.Path); err != nil {
			return err
		}
	}
	return writeFile(r.tmp(), r.abs(name), []byte(text))
}

// Copy writes the content of a versioned file to a new file anywhere, such as for a person
// who wants an older version beside the present one.
func (r *Repository) Copy(ctx context.Context, oid, to string, p *job.Progress) error {
	if !oidForm.MatchString(oid) || strings.HasSuffix(oid, dirSuffix) {
		return fault.New(fault.Invalid, "Only single files can be copied out of the dataset.", "Choose a file.", nil)
	}
	src, err := os.Open(r.cache.path(oid))
	if err != nil {
		return missing("that version")
	}
	defer src.Close() //nolint:errcheck // read only
	if _, err := os.Lstat(to); err == nil {
		return fault.New(fault.Exists, "There is a file at "+to+" already.", "Choose another name.", nil)
	}
	tmp, err := createTemp(filepath.Dir(to))
	if err != nil {
		return err
	}
	defer tmp.discard()
	got, _, err := copyHashed(ctx, tmp, src, p)
	if err != nil {
		return err
	}
	if got != oid {
		return corruptCache(src.Name(), &mismatch{oid, got})
	}
	if err := tmp.Chmod(0o644); err != nil {
		return err
	}
	if err := tmp.Sync(); err != nil {
		return err
	}
	return tmp.rename(to)
}
