package capture

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// survey is what the owner of the state wants to know of the disk.
type survey struct {
	full  bool      // look through the whole folder
	paths []string  // look at these
	check []inquiry // are these whole?
}

// inquiry asks whether a capture is whole.
type inquiry struct {
	unit    string
	several bool
	store   bool
	files   []File
	unread  map[string]bool // of these the format was not asked yet
}

// verdict is the answer.
type verdict struct {
	unit  string
	whole []string // files that are, by their format
	more  bool     // not all were looked into yet
	file  string   // that err is about; of several
	err   error
}

// of names the file that a verdict on several is about.
func (v verdict) of(u *unit) string {
	if !u.several || v.file == "" {
		return ""
	}
	return filepath.Base(v.file) + ": "
}

// findings are what the disk says.
type findings struct {
	full     bool
	err      error           // the folder can't be read
	device   uint64          // that holds the folder
	share    bool            // which is one
	files    map[string]File // that are there
	dirs     []string        // of a full look
	folder   bool            // one of the paths is a folder
	shut     map[string]error
	gone     []string // of paths
	verdicts []verdict
}

// errMissing is the pattern of a companion that is not there yet.
type errMissing string

func (e errMissing) Error() string { return "missing " + string(e) }

// name is the pattern for people.
func (e errMissing) name() string {
	first, _, _ := strings.Cut(string(e), "|")
	return strings.TrimLeft(first, "*_")
}

// errUnmounted is a folder that is empty since nothing is mounted there any more.
var errUnmounted = errors.New("another disk, which is empty")

// disk answers surveys until ctx ends. It alone touches the folder: a call to a dead share
// may hang for minutes, and nothing can end it.
func (w *watch) disk(ctx context.Context, ask <-chan survey, answer chan<- findings) {
	d := disk{w.Folder, w.rules}
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-ask:
			answer <- d.look(ctx, s) // there is room for the one answer that is awaited
		}
	}
}

// disk is what of a watch the goroutine that touches the disk may see.
type disk struct {
	Folder

	rules rules
}

func (d disk) look(ctx context.Context, s survey) findings {
	out := findings{full: s.full, files: map[string]File{}, shut: map[string]error{}}
	// First whether they are whole, then whether they changed meanwhile.
	out.verdicts = d.judge(ctx, s.check)
	if s.full {
		d.walk(ctx, &out)
		return out
	}
	for i, q := range s.check {
		if out.verdicts[i].more { // it will be asked again
			continue
		}
		for _, f := range q.files {
			out.stat(f.Path)
		}
	}
	for _, path := range s.paths {
		if _, ok := out.files[path]; !ok {
			out.stat(path)
		}
	}
	if len(out.gone) > 0 { // files, or the whole folder?
		_, out.err = os.Stat(d.Path)
	}
	return out
}

// stat looks at one path.
func (f *findings) stat(path string) {
	st, err := os.Lstat(path)
	switch {
	case err == nil && st.Mode().IsRegular():
		f.files[path] = File{path, st.Size(), st.ModTime()}
	case err == nil && st.IsDir():
		f.folder = true
	case errors.Is(err, fs.ErrNotExist):
		f.gone = append(f.gone, path)
	}
}

func (d disk) walk(ctx context.Context, out *findings) {
	out.err = filepath.WalkDir(d.Path, func(path string, e fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && path == d.Path:
			return err
		case err != nil:
			if !errors.Is(err, fs.ErrNotExist) {
				out.shut[path] = err
			}
			return nil
		case e.IsDir():
			if path != d.Path && passing(e.Name()) {
				return fs.SkipDir
			}
			out.dirs = append(out.dirs, path)
		case e.Type().IsRegular() && d.rules.takes(e.Name()):
			if st, err := e.Info(); err == nil {
				out.files[path] = File{path, st.Size(), st.ModTime()}
			}
		}
		return nil
	})
	if out.err != nil {
		return
	}
	st, err := os.Stat(d.Path)
	if err == nil && !st.IsDir() {
		out.err = fault.New(fault.Invalid, "“"+d.Path+"” is a file, not a folder.", "Choose the folder in Settings, Folders.", nil)
	}
	if err == nil {
		out.device, out.share = device(st), remote(d.Path)
	}
}
