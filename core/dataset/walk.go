package dataset

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"coverslip.dev/coverslip/core/fault"
)

// Output is a file or folder that the dataset versions.
type Output struct {
	Path  string // of the file or folder
	File  string // of the .dvc file that names it
	MD5   string // of its object; that of a folder ends in .dir
	Size  int64
	Files int // in a folder
	// Stays says that it is pushed nowhere (push: false), and Remote that it goes to that
	// remote alone, as dvc has it.
	Stays  bool
	Remote string
	// Changed are the paths that a commit of this output needs.
	Changed []string

	out output
}

// Outputs returns what the .dvc files of the work tree name, in order of their paths.
func (r *Repository) Outputs(ctx context.Context) ([]Output, error) {
	names, err := r.dvcFiles(ctx)
	if err != nil {
		return nil, err
	}
	var all []Output
	for _, name := range names {
		text, err := os.ReadFile(r.abs(name))
		if err != nil {
			return nil, fmt.Errorf("read outputs: %w", err)
		}
		outs, err := outputs(name, text)
		if err != nil {
			return nil, err
		}
		all = append(all, outs...)
	}
	return all, nil
}

// all returns the outputs, and what stages of pipelines have made.
func (r *Repository) all(ctx context.Context) ([]Output, error) {
	outs, err := r.Outputs(ctx)
	if err != nil || r.made == nil {
		return outs, err
	}
	more, err := r.made(ctx, r)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil { // captures must not wait for someone to mend a pipeline; its own screen tells
		r.log.Warn("the pipeline's outputs are left out", slog.Any("error", err))
	}
	return append(outs, more...), nil
}

// Made returns an output that a stage of a pipeline has made, as its lock file records it.
func Made(rel, lock string, o Object) Output {
	return Output{
		Path: rel, File: lock, MD5: o.MD5, Size: o.Size, Files: o.Files,
		out: output{oid: o.MD5, size: o.Size, files: o.Files, exec: o.Exec, path: path.Base(rel)},
	}
}

// outputs returns what the .dvc file name names, but for what git keeps.
func outputs(name string, text []byte) ([]Output, error) {
	f, err := parseFile(text)
	if err != nil {
		return nil, damagedFile(name, err)
	}
	var all []Output
	for _, o := range f.outs {
		if o.git {
			continue
		}
		rel, err := f.place(name, o)
		if err != nil {
			return nil, damagedFile(name, err)
		}
		all = append(all, Output{Path: rel, File: name, MD5: o.oid, Size: o.size, Files: o.files, Stays: o.stays, Remote: o.remote, out: o})
	}
	return all, nil
}

// dvcFiles finds the .dvc files. It does not look into folders that are versioned whole,
// nor into git's and DVC's own.
func (r *Repository) dvcFiles(ctx context.Context) ([]string, error) {
	var names []string
	err := filepath.WalkDir(r.dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case d.IsDir() && name != r.dir && r.closed(name):
			return fs.SkipDir
		case d.Type().IsRegular() && strings.HasSuffix(name, ".dvc"):
			rel, err := filepath.Rel(r.dir, name)
			names = append(names, filepath.ToSlash(rel))
			return err
		}
		return nil
	})
	slices.Sort(names)
	if err != nil {
		return nil, fmt.Errorf("read outputs: %w", err)
	}
	return names, nil
}

// closed reports whether no .dvc file is to be looked for in a folder.
func (r *Repository) closed(name string) bool {
	if reserved(filepath.Base(name)) {
		return true
	}
	st, err := os.Stat(name + ".dvc")
	return err == nil && st.Mode().IsRegular()
}

// found is a file of the work tree.
type found struct {
	rel string // below the folder that was walked
	meta
}

// below is path.Join of two clean paths, for the many.
func below(top, rel string) string {
	switch {
	case top == ".":
		return rel
	case rel == ".":
		return top
	}
	return top + "/" + rel
}

// walk lists the files below the folder rel as DVC would: links are followed, .dvcignore
// is heeded, git's and DVC's own files are left out. Paths are relative to rel.
func (r *Repository) walk(ctx context.Context, rel string) ([]string, error) {
	files, err := r.scan(ctx, rel)
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.rel
	}
	return names, err
}

// scan is walk with what the file system tells of each file. A file is one of itself, by
// the name ".".
func (r *Repository) scan(ctx context.Context, rel string) ([]found, error) {
	return r.look(ctx, walker{repo: r, top: rel})
}

func (r *Repository) look(ctx context.Context, w walker) ([]found, error) {
	rel := w.top
	st, err := os.Stat(r.abs(rel))
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", rel, err)
	}
	if !st.IsDir() {
		return []found{{".", metaOf(st)}}, nil
	}
	if w.skip, err = r.ignores(rel); err != nil {
		return nil, err
	}
	if err := w.in(ctx, ".", []fs.FileInfo{st}); err != nil {
		return nil, fmt.Errorf("list %s: %w", rel, err)
	}
	return w.files, nil
}

type walker struct {
	repo  *Repository
	top   string
	needs bool // what a stage needs: that may hold .dvc files, which then count as any other
	skip  ignores
	files []found
}

// in walks the folder sub; trail are that and the folders that it lies in.
func (w *walker) in(ctx context.Context, sub string, trail []fs.FileInfo) error {
	dir, err := os.Open(w.repo.abs(below(w.top, sub)))
	if err != nil {
		return err
	}
	names, err := dir.Readdirnames(-1)
	var metas []meta
	if err == nil {
		slices.Sort(names)
		names = slices.DeleteFunc(names, reserved)
		metas, err = statAll(ctx, dir, names)
	}
	if err := errors.Join(err, dir.Close()); err != nil {
		return err
	}
	w.files = slices.Grow(w.files, len(names))
	for i, name := range names {
		if err := w.take(ctx, sub, name, metas[i], trail); err != nil {
			return err
		}
	}
	return nil
}

// together is how many files are worth a goroutine.
const together = 500

// statAll returns the meta of all names in a folder, by many hands if they are many.
func statAll(ctx context.Context, dir *os.File, names []string) ([]meta, error) {
	metas := make([]meta, len(names))
	share := max(together, len(names)/runtime.NumCPU()+1)
	g, ctx := errgroup.WithContext(ctx)
	for from := 0; from < len(names); from += share {
		part, into := names[from:min(from+share, len(names))], metas[from:]
		g.Go(func() error {
			for i, name := range part {
				m, err := statIn(dir, name)
				if err != nil {
					return err
				}
				if into[i] = m; i%together == 0 && ctx.Err() != nil {
					return ctx.Err()
				}
			}
			return nil
		})
	}
	return metas, g.Wait()
}

func (w *walker) take(ctx context.Context, sub, name string, m meta, trail []fs.FileInfo) error {
	at := below(sub, name)
	full := below(w.top, at)
	if len(w.skip) > 0 && w.skip.match(full, m.mode.IsDir()) {
		return nil
	}
	if err := checkPath(full); err != nil {
		return err
	}
	switch {
	case m.mode.IsDir():
		st, err := os.Stat(w.repo.abs(full))
		if err != nil {
			return err
		}
		if slices.ContainsFunc(trail, func(up fs.FileInfo) bool { return os.SameFile(up, st) }) {
			return fault.New(fault.Invalid, "The folder "+full+" contains itself by a link.", "Remove the link.", nil)
		}
		return w.in(ctx, at, append(slices.Clip(trail), st))
	case name == ".dvcignore" || strings.HasSuffix(name, ".dvc") && !w.needs:
		return fault.New(fault.Invalid, "The folder "+w.top+" holds "+name+", which can't be versioned inside of a folder.",
			"Move that file out of it.", nil)
	case m.mode.IsRegular():
		if len(w.files)*leastEntry > maxTree {
			return tooLong()
		}
		w.files = append(w.files, found{at, m})
	}
	return nil
}
