package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// enclosing returns the versioned folder that rel lies in; ok is false if there is none.
func (r *Repository) enclosing(rel string) (dir string, ok bool) {
	for d := path.Dir(rel); d != "."; d = path.Dir(d) {
		if _, err := os.Stat(r.abs(d + ".dvc")); err == nil {
			return d, true
		}
	}
	return "", false
}

// addInto versions a file or folder inside of the versioned folder dir, and nothing else
// of it: other changes there stay as they are. It returns the folder's output.
func (r *Repository) addInto(ctx context.Context, dir, rel string, p *job.Progress) (Output, error) {
	part := strings.TrimPrefix(rel, dir+"/")
	files, err := r.scan(ctx, rel)
	switch {
	case errors.Is(err, fs.ErrNotExist): // it was removed
	case err != nil:
		return Output{}, fmt.Errorf("add: %w", err)
	}
	defer r.memory.save()
	sums, err := r.takeAll(ctx, rel, files, p)
	if err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	unlock, err := r.lockHolding(ctx, rel, files, sums)
	if err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	defer unlock()
	if err := r.unclaimed(rel); err != nil {
		return Output{}, err
	}
	old, err := r.folder(dir)
	if err != nil {
		return Output{}, err
	}
	entries, err := r.cache.tree(old.MD5)
	if errors.Is(err, fs.ErrNotExist) {
		return Output{}, missing("the list of " + dir)
	}
	if err != nil {
		return Output{}, err
	}
	o := old.out
	if entries, err = r.exchange(entries, part, files, sums, &o); err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	if o.oid, err = r.cache.storeTree(ctx, encodeTree(entries)); err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	if err := r.relink(ctx, rel, files, sums); err != nil {
		return Output{}, fmt.Errorf("add %s: %w", rel, err)
	}
	return r.name(dir, o, nil)
}

// exchange returns a folder's list with files in place of those that lie at part, and
// counts them in o. As dvc does, it writes the folder's size only where it is known without
// asking for what was there: if files were only added, or nothing has changed.
func (r *Repository) exchange(entries []entry, part string, files []found, sums []digest, o *output) ([]entry, error) {
	var kept []entry
	for _, e := range entries {
		if !within(e.Path, part) {
			kept = append(kept, e)
		}
	}
	isNew := len(kept) == len(entries)
	if len(files) == 0 && isNew {
		return nil, fault.New(fault.NotFound, "There is nothing at "+part+", neither in the folder nor in its version.", "Check the name.", nil)
	}
	before, size := o.oid, o.size
	for i, f := range files {
		kept = append(kept, entry{sums[i].oid(), path.Join(part, f.rel)})
		size += f.size
	}
	o.files, o.oid = len(kept), sum(encodeTree(kept))+dirSuffix
	switch {
	case isNew && o.size > 0:
		o.size = size
	case o.oid != before:
		o.size, o.unsized = 0, true
	}
	return kept, nil
}

// folder reads the output of a versioned folder.
func (r *Repository) folder(dir string) (Output, error) {
	text, err := os.ReadFile(r.abs(dir + ".dvc"))
	if err != nil {
		return Output{}, fmt.Errorf("add: %w", err)
	}
	outs, err := outputs(dir+".dvc", text)
	if err != nil {
		return Output{}, err
	}
	if len(outs) != 1 || !outs[0].out.isDir() || outs[0].out.legacy {
		return Output{}, fault.New(fault.Invalid, dir+" is versioned in a way that a part of it can't be added to.", "Add all of "+dir+".", nil)
	}
	return outs[0], nil
}
