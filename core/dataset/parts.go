package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
)

// Object is the content of a file or folder of the work tree. This and the methods below
// are for package pipeline, whose stages read and make such files.
type Object struct {
	MD5   string // that of a folder ends in .dir
	Size  int64  // bytes, of a folder all files together
	Files int    // of a folder
	Exec  bool   // a file that someone may run
}

// Dir reports whether the object is a folder.
func (o Object) Dir() bool { return strings.HasSuffix(o.MD5, dirSuffix) }

// Describe hashes the file or folder rel, and puts it into the cache if keep is set. What
// is not there is fault.NotFound.
func (r *Repository) Describe(ctx context.Context, rel string, keep bool, p *job.Progress) (Object, error) {
	if err := checkPath(rel); err != nil {
		return Object{}, err
	}
	files, err := r.look(ctx, walker{repo: r, top: rel, needs: !keep})
	if err != nil {
		return Object{}, fmt.Errorf("describe: %w", err)
	}
	defer r.memory.save()
	var sums []digest
	if keep {
		if sums, err = r.takeAll(ctx, rel, files, p); err == nil {
			err = r.takeLost(ctx, rel, files, sums)
		}
	} else {
		sums, err = r.hashes(ctx, rel, files, p)
	}
	if err != nil {
		return Object{}, fmt.Errorf("describe %s: %w", rel, err)
	}
	o := Object{Files: len(files)}
	for _, f := range files {
		o.Size += f.size
	}
	if len(files) == 1 && files[0].rel == "." {
		return Object{MD5: sums[0].oid(), Size: o.Size, Exec: files[0].mode.Perm()&0o111 != 0}, nil
	}
	tree := encodeTree(entriesOf(files, sums))
	if o.MD5 = sum(tree) + dirSuffix; keep {
		_, err = r.cache.storeTree(ctx, tree)
	}
	return o, err
}

// Holds reports whether the cache has the object; of a folder, all its files.
func (r *Repository) Holds(ctx context.Context, oid string) (bool, error) {
	if !oidForm.MatchString(oid) {
		return false, nil
	}
	if _, ok, err := r.cache.has(ctx, oid); err != nil || !ok || !strings.HasSuffix(oid, dirSuffix) {
		return ok, err
	}
	entries, err := r.cache.tree(oid)
	if err != nil {
		return false, nil //nolint:nilerr // a damaged list is none
	}
	for _, e := range entries {
		if _, ok, err := r.cache.has(ctx, e.MD5); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// Lacking counts the files of the work tree's version that the cache lacks; a folder of which
// nobody here knows what is in it is one.
func (r *Repository) Lacking(ctx context.Context) (int, error) {
	outs, err := r.Outputs(ctx)
	if err != nil {
		return 0, err
	}
	n := 0
	var sums []digest
	for _, o := range outs {
		switch {
		case o.MD5 == "" || !oidForm.MatchString(o.MD5):
		case o.out.legacy:
			here, err := r.HoldsLegacy(o.MD5)
			if err != nil {
				return 0, err
			}
			if !here {
				n++
			}
		case o.out.isDir():
			entries, err := r.cache.tree(o.MD5)
			if err != nil {
				n++ // a damaged list is none
			}
			for _, e := range entries {
				sum, _ := digestOf(e.MD5) // parseTree has looked at it
				sums = append(sums, sum)
			}
		default:
			sum, _ := digestOf(o.MD5)
			sums = append(sums, sum)
		}
	}
	slices.SortFunc(sums, func(a, b digest) int { return bytes.Compare(a[:], b[:]) })
	lost, err := r.cache.lacking(ctx, slices.Compact(sums))
	return n + len(lost), err
}

// Place makes the file or folder rel what the cache has of it. A file there that the cache
// lacks is never lost: that is an error.
func (r *Repository) Place(ctx context.Context, rel string, o Object) error {
	return r.checkout(ctx, Output{Path: rel, MD5: o.MD5, out: output{oid: o.MD5, exec: o.Exec, path: path.Base(rel)}})
}

// Lock keeps dvc and other programs from writing to the dataset until unlock is called.
// [Repository.Add] and [Repository.Checkout] take it themselves.
func (r *Repository) Lock(ctx context.Context) (unlock func(), err error) { return r.lock(ctx) }

// CacheDir is the folder of the cache.
func (r *Repository) CacheDir() string { return r.cache.dir }

// Write puts data into the file rel of the work tree, whole or not at all.
func (r *Repository) Write(rel string, data []byte) error {
	if err := checkPath(rel); err != nil {
		return err
	}
	return writeFile(r.tmp(), r.abs(rel), data)
}

// WriteCache puts a file beside the objects, as DVC does with its record of runs.
func (r *Repository) WriteCache(name string, data []byte) error {
	full := filepath.Join(r.cache.dir, filepath.FromSlash(name))
	if err := mkdirSynced(filepath.Dir(full)); err != nil {
		return err
	}
	return writeFile(r.cache.tmp(), full, data)
}

// Ignore has git leave rel alone, and returns the .gitignore file if it had to be changed.
// What git tracks itself is refused.
func (r *Repository) Ignore(ctx context.Context, rel string) (changed string, err error) {
	if err := r.Untracked(ctx, rel); err != nil {
		return "", err
	}
	g := r.git
	g.env = []string{"GIT_LITERAL_PATHSPECS=0"} // which this command does not know
	_, err = g.run(ctx, "check-ignore", "-q", "--", "./"+rel)
	if err == nil {
		return "", nil
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); !ok || exit.ExitCode() != 1 {
		return "", err
	}
	name := path.Join(path.Dir(rel), ".gitignore")
	list, err := os.ReadFile(r.abs(name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("ignore %s: %w", rel, err)
	}
	more := withLine(string(list), "/"+escapeGlob(path.Base(rel)))
	return name, writeFile(r.tmp(), r.abs(name), []byte(more))
}

// Untracked fails if git itself tracks the file or folder rel.
func (r *Repository) Untracked(ctx context.Context, rel string) error {
	out, err := r.git.run(ctx, "ls-files", "-z", "--", rel)
	if err != nil {
		return err
	}
	if first, _, _ := strings.Cut(out, "\x00"); first != "" {
		return fault.New(fault.Invalid, first+" is in git itself, so that it can't be versioned as data, too.",
			"Take it out of git first: git rm -r --cached.", nil)
	}
	return nil
}

// Find lists the files named name, but not those in folders that .dvcignore leaves out or
// that are versioned whole.
func (r *Repository) Find(ctx context.Context, name string) ([]string, error) {
	var found []string
	rules := map[string]ignores{}
	err := filepath.WalkDir(r.dir, func(full string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(r.dir, full)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		out := rel != "." && (rules[path.Dir(rel)].match(rel, d.IsDir()) || d.IsDir() && r.closed(full))
		switch {
		case out && d.IsDir():
			return fs.SkipDir
		case out:
		case d.IsDir():
			rules[rel], err = r.ignores(path.Join(rel, name))
		case d.Name() == name && d.Type().IsRegular():
			found = append(found, rel)
		}
		return err
	})
	slices.Sort(found)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w", name, err)
	}
	return found, nil
}
