package dataset

import (
	"context"
	"path/filepath"
	"strings"
)

// plainly is how many bytes of names git is handed on its command line, which on Windows
// has room for 32 kB.
const plainly = 16 << 10

// CommitAll is [Repository.Commit] for any number of files: git commit compares each name
// with each file that it knows.
func (r *Repository) CommitAll(ctx context.Context, who Author, message string, paths []string) (id string, err error) {
	if err := committable(who, message, paths); err != nil {
		return "", err
	}
	if plain(paths) {
		return r.Commit(ctx, who, message, paths)
	}
	if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "MERGE_HEAD"); err == nil {
		return r.Commit(ctx, who, message, paths) // which tells what is to be done first
	}
	unlock, err := r.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	stage := r.git
	stage.in = []byte(strings.Join(paths, "\x00"))
	if _, err := stage.run(ctx, "update-index", "--add", "--remove", "-z", "--stdin"); err != nil {
		return "", err
	}
	tmp, err := newTempDir(r.tmp())
	if err != nil {
		return "", err
	}
	defer tmp.close()
	stage.env = []string{"GIT_INDEX_FILE=" + filepath.Join(tmp.dir, "index")} // what a person has staged stays out
	if _, err := stage.run(ctx, "read-tree", "HEAD"); err != nil {
		return "", err
	}
	if _, err := stage.run(ctx, "update-index", "--add", "--remove", "-z", "--stdin"); err != nil {
		return "", err
	}
	tree, err := stage.run(ctx, "write-tree")
	if err != nil {
		return "", err
	}
	return r.commitTree(ctx, who, message, strings.TrimSpace(tree), paths)
}

// plain reports whether git's command line has room for the paths.
func plain(paths []string) bool {
	size := 0
	for _, p := range paths {
		size += len(p) + 3
	}
	return size <= plainly
}

// commitTree makes a commit of a tree, if it differs in more than .gitignore files.
func (r *Repository) commitTree(ctx context.Context, who Author, message, tree string, paths []string) (string, error) {
	head, err := r.Head(ctx)
	if err != nil {
		return "", err
	}
	changed, err := r.git.run(ctx, "diff-tree", "-r", "-z", "--name-only", "--no-renames", head, tree)
	if err != nil {
		return "", err
	}
	mine := own(paths)
	if !holdsAny(mine, strings.Split(changed, "\x00")) {
		return r.lastChangeOf(ctx, mine)
	}
	g := r.git
	g.env = who.environ()
	g.in = []byte(strings.TrimSpace(message) + "\n")
	id, err := g.run(ctx, "commit-tree", tree, "-p", head)
	if err != nil {
		return "", err
	}
	id = strings.TrimSpace(id)
	subject, _, _ := strings.Cut(message, "\n")
	_, err = r.git.run(ctx, "update-ref", "-m", "commit: "+subject, "HEAD", id, head)
	return id, err
}

// lastChangeOf is lastChange for any number of paths.
func (r *Repository) lastChangeOf(ctx context.Context, paths []string) (string, error) {
	g := r.git
	g.in = []byte("HEAD\n--\n" + strings.Join(paths, "\n") + "\n")
	out, err := g.run(ctx, "log", "-1", "--format=%H", "--stdin")
	if out = strings.TrimSpace(out); out == "" && err == nil {
		return r.Head(ctx)
	}
	return out, err
}
