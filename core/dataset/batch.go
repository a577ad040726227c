package dataset

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// Addition is a file that is to be versioned, and the meta: of its .dvc file.
type Addition struct {
	Rel  string
	MD5  string // of what was captured, which is put back where it is gone; empty: whatever is there
	Meta map[string]any
}

// AddAll does for many files what [Repository.Add] does for one, for the price of a few
// syncs. What goes well is returned beside an error, which is about the next.
func (r *Repository) AddAll(ctx context.Context, all []Addition, p *job.Progress) ([]Output, error) {
	var lost []placed // or something else is there, which is refused
	for _, a := range all {
		if a.MD5 != "" && !r.lies(a.Rel, a.MD5) {
			lost = append(lost, placed{rel: a.Rel, oid: a.MD5})
		}
	}
	if len(lost) > 0 {
		if err := r.placeAll(ctx, lost, nil, nil); err != nil {
			return nil, err
		}
	}
	if outs, err := r.addTogether(ctx, all, p); err == nil || ctx.Err() != nil || fault.Again(err) || fault.KindOf(err) == fault.Full {
		return outs, err
	}
	outs := make([]Output, 0, len(all)) // whose fault it is, is not said
	for _, a := range all {
		out, err := r.Add(ctx, a.Rel, a.Meta, p)
		if err != nil {
			return outs, err
		}
		outs = append(outs, out)
	}
	return outs, nil
}

// addTogether adds all or fails; what it leaves behind then, adding again completes.
func (r *Repository) addTogether(ctx context.Context, all []Addition, p *job.Progress) ([]Output, error) {
	files, rels := make([]found, len(all)), make([]string, len(all))
	for i, a := range all {
		var err error
		if files[i], err = r.single(a.Rel); err != nil {
			return nil, err
		}
		rels[i] = a.Rel
	}
	if err := r.allUntracked(ctx, rels); err != nil {
		return nil, err
	}
	p.Expect(int64(len(files)))
	for _, f := range files {
		p.Grow(f.size)
	}
	defer r.memory.save()
	sums, err := r.take(ctx, ".", files, false, p)
	if err != nil {
		return nil, fmt.Errorf("add %d files: %w", len(all), err)
	}
	unlock, err := r.lockHolding(ctx, ".", files, sums)
	if err != nil {
		return nil, fmt.Errorf("add %d files: %w", len(all), err)
	}
	defer unlock()
	if err := r.unclaimed(rels...); err != nil {
		return nil, err
	}
	if err := r.relink(ctx, ".", files, sums); err != nil {
		return nil, fmt.Errorf("add %d files: %w", len(all), err)
	}
	return r.nameAll(all, files, sums)
}

// single returns a file of the work tree that is versioned by itself.
func (r *Repository) single(rel string) (found, error) {
	if err := CheckName(rel); err != nil {
		return found{}, err
	}
	if dir, ok := r.enclosing(rel); ok {
		return found{}, fmt.Errorf("%s is in the versioned folder %s", rel, dir)
	}
	st, err := os.Stat(r.abs(rel))
	if err == nil && st.IsDir() {
		err = fmt.Errorf("%s is a folder", rel)
	}
	if err != nil {
		return found{}, err
	}
	return found{rel, metaOf(st)}, nil
}

// allUntracked fails if git itself tracks one of the files. It lists what git has in their
// folders: to look for thousands of names, git takes longer.
func (r *Repository) allUntracked(ctx context.Context, rels []string) error {
	want, args := map[string]bool{}, []string{"ls-files", "-z", "--"}
	dirs := map[string]bool{}
	for _, rel := range rels {
		want[rel] = true
		if dir := path.Dir(rel); !dirs[dir] {
			dirs[dir] = true
			args = append(args, dir)
		}
	}
	out, err := r.git.run(ctx, args...)
	if err != nil {
		return err
	}
	for name := range strings.SplitSeq(out, "\x00") {
		for up := name; up != "." && up != ""; up = path.Dir(up) {
			if want[up] {
				return r.Untracked(ctx, up)
			}
		}
	}
	return nil
}

// nameAll writes the .dvc files and the lines in .gitignore. r's lock is held.
func (r *Repository) nameAll(all []Addition, files []found, sums []digest) (outs []Output, err error) {
	tmp, err := newTempDir(r.tmp())
	if err != nil {
		return nil, fmt.Errorf("add: %w", err)
	}
	defer tmp.close()
	var texts []*os.File // of .dvc files that change
	var names []string   // theirs
	defer func() {
		for _, f := range texts {
			_ = f.Close() // again, if all went well
		}
	}()
	beside := map[string][]string{}
	for i, a := range all {
		o := output{path: path.Base(a.Rel), oid: sums[i].oid(), size: files[i].size, exec: files[i].mode.Perm()&0o100 != 0}
		out, text, err := r.wording(a.Rel, o, a.Meta)
		if err != nil {
			return nil, err
		}
		outs = append(outs, out)
		beside[path.Dir(a.Rel)] = append(beside[path.Dir(a.Rel)], o.path)
		if text == nil {
			continue
		}
		f, err := tmp.create(0o644)
		if err != nil {
			return nil, fmt.Errorf("add %s: %w", a.Rel, err)
		}
		texts, names = append(texts, f), append(names, r.abs(out.File))
		if _, err := f.Write(text); err != nil {
			return nil, fmt.Errorf("add %s: %w", a.Rel, err)
		}
	}
	if err := give(texts, names); err != nil {
		return nil, fmt.Errorf("add: %w", err)
	}
	for dir, bases := range beside {
		if err := r.ignoreAll(dir, bases); err != nil {
			return nil, err
		}
	}
	return outs, nil
}

// give syncs files, and gives them their names, which are then safe, too.
func give(files []*os.File, names []string) error {
	for _, f := range files {
		if err := f.Chmod(0o644); err != nil { // which a umask may have kept from it
			return err
		}
	}
	if err := disk.All(files...); err != nil {
		return err
	}
	dirs := map[string]bool{}
	for i, f := range files {
		if err := errors.Join(f.Close(), os.Rename(f.Name(), names[i])); err != nil {
			return err
		}
		dirs[filepath.Dir(names[i])] = true
	}
	for dir := range dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	return nil
}
