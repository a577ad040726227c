package capture

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/fault"
)

// survey is what the owner of the state wants to know of the disk.
type survey struct {
	full  bool     // look through the whole folder
	paths []string // look at these
	check []string // are these whole?
}

// findings are the answer.
type findings struct {
	full   bool
	err    error           // the folder can't be read
	files  map[string]File // that are there
	dirs   []string        // of a full look
	folder bool            // one of the paths is a folder
	shut   map[string]error
	gone   []string // of paths
	checks map[string]error
}

// errMissing is a companion that is not there yet.
type errMissing string

func (e errMissing) Error() string { return "missing " + string(e) }

// disk answers surveys until ctx ends. It alone touches the folder: a call to a dead share
// may hang for minutes, and nothing can end it.
func (f Folder) disk(ctx context.Context, ask <-chan survey, answer chan<- findings) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-ask:
			answer <- f.look(ctx, s) // there is room for the one answer that is awaited
		}
	}
}

func (f Folder) look(ctx context.Context, s survey) findings {
	out := findings{full: s.full, files: map[string]File{}, checks: map[string]error{}, shut: map[string]error{}}
	// First whether they are whole, then whether they changed meanwhile.
	for _, path := range s.check {
		if ctx.Err() != nil {
			return out
		}
		out.checks[path] = f.whole(path)
	}
	if s.full {
		f.walk(ctx, &out)
		return out
	}
	for _, path := range s.paths {
		st, err := os.Lstat(path)
		switch {
		case err == nil && st.Mode().IsRegular():
			out.files[path] = File{path, st.Size(), st.ModTime()}
		case err == nil && st.IsDir():
			out.folder = true
		case errors.Is(err, fs.ErrNotExist):
			out.gone = append(out.gone, path)
		}
	}
	if len(out.gone) > 0 { // files, or the whole folder?
		_, out.err = os.Stat(f.Path)
	}
	return out
}

// whole checks one file: that it may be read, its format, its companions.
func (f Folder) whole(path string) error {
	r, err := os.Open(path) //nolint:gosec // an instrument's own file, only read
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	if err := f.Complete(path); err != nil {
		return err
	}
	if name := f.Profile.missing(path); name != "" {
		return errMissing(name)
	}
	return nil
}

func (f Folder) walk(ctx context.Context, out *findings) {
	out.err = filepath.WalkDir(f.Path, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == f.Path:
			return err
		case err != nil:
			if !errors.Is(err, fs.ErrNotExist) {
				out.shut[path] = err
			}
			return nil
		case d.IsDir():
			if path != f.Path && passing(d.Name()) {
				return fs.SkipDir
			}
			out.dirs = append(out.dirs, path)
		case d.Type().IsRegular() && f.wants(path):
			if st, err := d.Info(); err == nil {
				out.files[path] = File{path, st.Size(), st.ModTime()}
			}
		}
		return nil
	})
	if out.err == nil {
		if st, err := os.Stat(f.Path); err == nil && !st.IsDir() {
			out.err = fault.New(fault.Invalid, "“"+f.Path+"” is a file, not a folder.", "Choose the folder in Settings, Folders.", nil)
		}
	}
}

// wants reports whether a file at path is looked at.
func (f Folder) wants(path string) bool {
	name := filepath.Base(path)
	return !passing(name) && f.Profile.takes(name)
}
