package dataset

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// The kinds of a [FileChange].
const (
	Added   = "added"
	Changed = "changed"
	Removed = "removed"
)

// FileChange is a file that differs between two versions of the dataset.
type FileChange struct {
	Path          string
	Kind          string // Added, Changed or Removed
	Before, After string // MD5 of its content; empty where it is not, or where git holds it itself
	Size          int64  // bytes afterwards, of a removed file before; -1 where no one knows
	Git           bool   // a file that git holds itself, such as a review
	Folder        bool   // a folder whose list of files is not on this machine
}

// Diff returns which files differ from one commit to another, in order of their paths.
// From may be empty for nothing at all, as before the first commit; to may be empty for
// what the work tree's .dvc files say now. Files of versioned folders come one by one.
func (r *Repository) Diff(ctx context.Context, from, to string) ([]FileChange, error) {
	pairs, err := r.pairs(ctx, from, to)
	if err != nil {
		return nil, err
	}
	var all []FileChange
	for _, p := range pairs {
		switch {
		case strings.HasSuffix(p.name, ".dvc"):
			all = append(all, compare(r.listed(ctx, p.name, p.before), r.listed(ctx, p.name, p.after))...)
		case !housekeeping(p.name):
			all = append(all, FileChange{Path: p.name, Kind: p.kind, Git: true, Size: -1})
		}
	}
	slices.SortFunc(all, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// housekeeping reports whether a file that git holds is about the dataset rather than a part of it.
func housekeeping(name string) bool {
	return path.Base(name) == ".gitignore" || path.Base(name) == ".dvcignore" || strings.HasPrefix(name, ".dvc/")
}

// item is a file of a version.
type item struct {
	oid    string
	size   int64
	folder bool
}

// listed returns the files that a .dvc file names; text is nil where there is none. A
// damaged .dvc file names nothing: it shows as what it lost.
func (r *Repository) listed(ctx context.Context, name string, text []byte) map[string]item {
	if text == nil {
		return nil
	}
	outs, err := outputs(name, text)
	if err != nil {
		return nil
	}
	files := map[string]item{}
	for _, o := range outs {
		switch {
		case o.MD5 == "":
		case !o.out.isDir():
			files[o.Path] = item{oid: o.MD5, size: o.Size}
		default:
			r.listFolder(ctx, o, files)
		}
	}
	return files
}

func (r *Repository) listFolder(ctx context.Context, o Output, files map[string]item) {
	_, here, err := r.cache.has(ctx, o.MD5)
	var entries []entry
	if err == nil && here {
		entries, err = r.cache.tree(o.MD5)
	}
	if err != nil || !here {
		files[o.Path] = item{oid: o.MD5, size: o.Size, folder: true}
		return
	}
	for _, e := range entries {
		size := int64(-1)
		if st, err := os.Stat(r.cache.path(e.MD5)); err == nil {
			size = st.Size()
		}
		files[path.Join(o.Path, e.Path)] = item{oid: e.MD5, size: size}
	}
}

func compare(before, after map[string]item) []FileChange {
	var all []FileChange
	for name, b := range before {
		a, still := after[name]
		switch {
		case !still:
			all = append(all, FileChange{Path: name, Kind: Removed, Before: b.oid, Size: b.size, Folder: b.folder})
		case a.oid != b.oid:
			all = append(all, FileChange{Path: name, Kind: Changed, Before: b.oid, After: a.oid, Size: a.size, Folder: a.folder || b.folder})
		}
	}
	for name, a := range after {
		if _, was := before[name]; !was {
			all = append(all, FileChange{Path: name, Kind: Added, After: a.oid, Size: a.size, Folder: a.folder})
		}
	}
	return all
}

// pair is a file of git that differs: if it is a .dvc file, with its text before and
// after, nil where it is not.
type pair struct {
	name, kind    string
	before, after []byte
}

// pairs returns the files of git that differ.
func (r *Repository) pairs(ctx context.Context, from, to string) ([]pair, error) {
	base, err := r.version(ctx, from)
	if err != nil {
		return nil, err
	}
	args := []string{"diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", "--ignore-submodules", base}
	work := to == ""
	if !work {
		if to, err = r.version(ctx, to); err != nil {
			return nil, err
		}
		args = append(args, to)
	}
	raw, err := r.git.run(ctx, append(args, "--")...)
	if err != nil {
		return nil, err
	}
	var pairs []pair
	var blobs []string
	fields := strings.Split(raw, "\x00")
	for i := 0; i+1 < len(fields); i += 2 { // ":100644 100644 OLD NEW M", then the path
		head := strings.Fields(fields[i])
		if len(head) != 5 {
			continue
		}
		p := pair{name: fields[i+1], kind: map[string]string{"A": Added, "D": Removed}[head[4]]}
		if p.kind == "" {
			p.kind = Changed
		}
		pairs = append(pairs, p)
		blobs = append(blobs, head[2], head[3])
	}
	if err := r.texts(ctx, pairs, blobs, work); err != nil || !work {
		return pairs, err
	}
	return r.withNew(ctx, pairs)
}

// texts fills in the texts of the .dvc files from git's objects, two for each pair; the
// newer ones from the work tree, if they are to come from there.
func (r *Repository) texts(ctx context.Context, pairs []pair, blobs []string, work bool) error {
	inGit := func(i, side int) bool {
		return strings.HasSuffix(pairs[i].name, ".dvc") && strings.Trim(blobs[2*i+side], "0") != ""
	}
	var ids []string
	for i := range pairs {
		for side := range 2 {
			if inGit(i, side) {
				ids = append(ids, blobs[2*i+side])
			}
		}
	}
	found, err := r.blobs(ctx, ids)
	if err != nil {
		return err
	}
	for i := range pairs {
		if inGit(i, 0) {
			pairs[i].before, found = found[0], found[1:]
		}
		switch {
		case inGit(i, 1):
			pairs[i].after, found = found[0], found[1:]
		case work && pairs[i].kind != Removed && strings.HasSuffix(pairs[i].name, ".dvc"):
			if pairs[i].after, err = r.workText(pairs[i].name); err != nil {
				return err
			}
		}
	}
	return nil
}

// workText reads a .dvc file of the work tree; nil if it is gone.
func (r *Repository) workText(name string) ([]byte, error) {
	text, err := os.ReadFile(r.abs(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
}

// withNew adds the files that git does not know yet.
func (r *Repository) withNew(ctx context.Context, pairs []pair) ([]pair, error) {
	out, err := r.git.run(ctx, "ls-files", "-z", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	known := map[string]bool{"": true}
	for _, p := range pairs {
		known[p.name] = true
	}
	for name := range strings.SplitSeq(out, "\x00") {
		if known[name] {
			continue
		}
		p := pair{name: name, kind: Added}
		if strings.HasSuffix(name, ".dvc") {
			if p.after, err = r.workText(name); err != nil {
				return nil, err
			}
		}
		pairs = append(pairs, p)
	}
	return pairs, nil
}

// version returns the id of what a person calls a version: a commit, a branch, a tag, the
// start of an id; empty is the version before all others.
func (r *Repository) version(ctx context.Context, name string) (string, error) {
	if name == "" {
		g := r.git
		g.in = []byte{}
		out, err := g.run(ctx, "hash-object", "-t", "tree", "-w", "--stdin")
		return strings.TrimSpace(out), err
	}
	out, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "--end-of-options", name+"^{commit}")
	if err != nil {
		return "", fault.New(fault.NotFound, "The dataset has no version "+name+".", "Take an id from its history.", err)
	}
	return strings.TrimSpace(out), nil
}
