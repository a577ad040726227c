// Package dataset keeps a folder of captures and reviews versioned in DVC's format with git.
//
// It writes what DVC 3.67.1 writes, byte for byte, so that a person with the dvc program
// works on the same folder. The order of writing is what keeps data safe: an object is
// synced in the cache before a .dvc file names it, the files of a folder are on a remote
// before the .dir object that lists them, and git is pushed last.
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
	"strings"
	"unicode/utf8"

	"coverslip.dev/coverslip/core/disk"
	"coverslip.dev/coverslip/core/fault"
)

// Options of a repository; the zero value works.
type Options struct {
	Log    *slog.Logger // nil: nowhere
	Author Author       // of the first commit; empty: Coverslip itself
	CI     bool         // Init: a new dataset carries a template for the lab's CI
	// Made finds what stages of pipelines have made, so that it is pushed, fetched and
	// checked out with the outputs of .dvc files; nil: none. See package pipeline.
	Made func(ctx context.Context, r *Repository) ([]Output, error)
}

// Repository is a folder under git and DVC. Its methods may be called from any goroutine,
// and other programs may work on the folder meanwhile. Paths are relative to the folder,
// with slashes.
type Repository struct {
	dir   string
	log   *slog.Logger
	git   git
	cache cache
	turn  chan struct{} // held while lock is: see there

	memory memory
	made   func(ctx context.Context, r *Repository) ([]Output, error)
}

// What dvc init writes.
const (
	dvcGitignore = "/config.local\n/tmp\n/cache\n"
	dvcIgnore    = "# Add patterns of files dvc should ignore, which could improve\n" +
		"# the performance. Learn more at\n# https://dvc.org/doc/user-guide/dvcignore\n"
)

// Init makes dir a dataset, or opens it if it is one.
func Init(ctx context.Context, dir string, o Options) (*Repository, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // a lab shares it
		return nil, fmt.Errorf("make dataset folder: %w", err)
	}
	r, err := repository(dir, o)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(r.dir, ".git")); errors.Is(err, fs.ErrNotExist) {
		if _, err := r.git.run(ctx, "init", "-q", "-b", "main"); err != nil {
			return nil, err
		}
	}
	made, err := r.skeleton(o.CI)
	if err != nil {
		return nil, fmt.Errorf("make dataset: %w", err)
	}
	if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "HEAD"); err != nil || len(made) > 0 {
		who := o.Author
		if who.Name == "" {
			who = Author{Name: "Coverslip", Email: "coverslip@localhost"}
		}
		own := []string{".dvc/config", ".dvc/.gitignore", ".dvcignore"}
		if _, err := r.Commit(ctx, who, "Start the dataset", append(own, made...)); err != nil {
			return nil, err
		}
	}
	return Open(ctx, dir, o)
}

// Open opens the dataset in dir and clears away what a crash may have left half done.
func Open(ctx context.Context, dir string, o Options) (*Repository, error) {
	r, err := repository(dir, o)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(r.abs(".dvc/config")); err != nil || st.IsDir() {
		return nil, fault.New(fault.NotFound, "The folder "+dir+" is not a dataset.",
			"Choose another folder, or make this one a dataset first.", err)
	}
	if _, err := os.Stat(r.abs(".git")); err != nil { // it may be in a folder above
		if _, err := r.git.run(ctx, "rev-parse", "--git-dir"); err != nil {
			return nil, err
		}
	}
	conf, err := r.config()
	if err != nil {
		return nil, err
	}
	if conf.value("core", "hardlink_lock") == "true" {
		return nil, fault.New(fault.Invalid, "This dataset is locked by hard links, which Coverslip does not understand.",
			"Switch core.hardlink_lock off in .dvc/config.", nil)
	}
	if d := conf.value("cache", "dir"); d != "" {
		if !filepath.IsAbs(d) {
			d = filepath.Join(r.dir, ".dvc", filepath.FromSlash(d))
		}
		r.cache.dir = d
	}
	r.sweep(r.tmp())
	r.sweep(r.memory.dir)
	r.sweep(r.cache.tmp())
	r.sweepParts()
	r.afterCrash(ctx)
	return r, nil
}

func repository(dir string, o Options) (*Repository, error) {
	full, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("dataset folder: %w", err)
	}
	log := o.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Repository{
		dir: full, log: log, git: git{dir: full}, cache: cache{filepath.Join(full, ".dvc", "cache")},
		memory: memory{dir: filepath.Join(full, ".dvc", "tmp", "coverslip")},
		made:   o.Made, turn: make(chan struct{}, 1),
	}, nil
}

// Dir returns the dataset's folder.
func (r *Repository) Dir() string { return r.dir }

func (r *Repository) abs(rel string) string { return filepath.Join(r.dir, filepath.FromSlash(rel)) }

func (r *Repository) tmp() string { return filepath.Join(r.dir, ".dvc", "tmp") }

// sweep removes temporary files and folders whose writers are gone: a writer holds a lock
// on its own.
func (r *Repository) sweep(dir string) {
	left, _ := filepath.Glob(filepath.Join(dir, tempPrefix+"*")) // fails for bad patterns only
	for _, name := range left {
		f, err := os.Open(name)
		if err != nil {
			continue
		}
		free, _ := disk.TryLock(f)
		if runtime.GOOS == "windows" { // which removes nothing that is open
			_ = f.Close()
		}
		if free && os.RemoveAll(name) == nil { // while it is locked: see hold
			r.log.Info("removed a half-written file", slog.String("path", name))
		}
		_ = f.Close()
	}
}

// checkPath refuses paths that lead outside of the dataset or into git's or DVC's own files.
func checkPath(rel string) error {
	bad := ""
	switch {
	case !utf8.ValidString(rel): // which is no valid path, either
		bad = "is not UTF-8"
	case rel == "." || !fs.ValidPath(rel) || !filepath.IsLocal(filepath.FromSlash(rel)):
		bad = "leads outside of it"
	case strings.ContainsAny(rel, "\n\r\x00"):
		bad = "holds a line break"
	case reserved(rel):
		bad = ownName
	}
	if bad == "" {
		return nil
	}
	return badName(rel, bad)
}

func badName(rel, bad string) error {
	return fault.New(fault.Invalid, "A file can't be in the dataset under its name, which "+bad+".",
		"Rename the file.", fmt.Errorf("path %q", rel))
}

// CheckName refuses a path that no file can be versioned at: one that leads outside of the dataset, or
// that git or DVC would take for a file of their own, and go no further for what is in it.
func CheckName(rel string) error {
	if err := checkPath(rel); err != nil {
		return err
	}
	switch name := strings.ToLower(path.Base(rel)); name {
	case "dvc.yaml", "dvc.lock", ".dvcignore", ".gitignore":
		return badName(rel, ownName)
	default:
		if strings.HasSuffix(name, ".dvc") {
			return badName(rel, ownName)
		}
	}
	return nil
}

const ownName = "belongs to git or DVC"

// reserved reports whether a part of rel is git's or DVC's own folder. Case counts for
// nothing on Windows and macOS, so it counts for nothing here.
func reserved(rel string) bool {
	for part := range strings.SplitSeq(rel, "/") {
		switch strings.ToLower(strings.TrimRight(part, " .")) {
		case ".git", ".dvc", "git~1":
			return true
		}
	}
	return false
}

func stillWritten(name string) error {
	return fault.New(fault.Busy, "The file "+path.Base(filepath.ToSlash(name))+" is still being written.",
		"It is taken once the instrument has finished it.", nil)
}
