package dataset

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
)

// Author is who a commit says made it.
type Author struct{ Name, Email string }

// Commit is a version of the dataset.
type Commit struct {
	ID      string
	Author  Author
	When    time.Time
	Subject string
	Body    string // the rest of the message
}

// Commit makes a commit of the given paths alone: what a person has staged stays as it
// is. If they hold nothing new, it returns the commit that last changed them.
func (r *Repository) Commit(ctx context.Context, who Author, message string, paths []string) (id string, err error) {
	if err := committable(who, message, paths); err != nil {
		return "", err
	}
	unlock, err := r.lock(ctx)
	if err != nil {
		return "", err
	}
	defer unlock()
	g := r.git
	g.env = who.environ()
	g.in = []byte(strings.Join(paths, "\x00")) // a command line has room for fewer
	if _, err := g.run(ctx, "add", "--all", "--pathspec-from-file=-", "--pathspec-file-nul"); err != nil {
		return "", err
	}
	same, err := r.committed(ctx, own(paths))
	if err != nil {
		return "", err
	}
	if same {
		return r.lastChange(ctx, own(paths))
	}
	// No signature: it may wait for a person.
	args := []string{"commit", "-q", "--no-verify", "--no-gpg-sign", "--cleanup=whitespace", "--only", "-m", message, "--pathspec-from-file=-", "--pathspec-file-nul"}
	if _, err := g.run(ctx, args...); err != nil {
		return "", err
	}
	return r.Head(ctx)
}

func committable(who Author, message string, paths []string) error {
	if who.Name == "" || strings.TrimSpace(message) == "" || len(paths) == 0 {
		return fault.New(fault.Invalid, "A commit needs a name, a message and something to commit.",
			"Enter your name in Settings.", nil)
	}
	return nil
}

// environ tells git who commits.
func (a Author) environ() []string {
	return []string{
		"GIT_AUTHOR_NAME=" + a.Name, "GIT_AUTHOR_EMAIL=" + a.Email,
		"GIT_COMMITTER_NAME=" + a.Name, "GIT_COMMITTER_EMAIL=" + a.Email,
	}
}

// own leaves out the .gitignore files beside others: a line that another output has put
// there is no reason to commit this one again.
func own(paths []string) []string {
	others := slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return path.Base(p) == ".gitignore" })
	if len(others) == 0 {
		return paths
	}
	return others
}

// committed reports whether the index holds nothing new of the paths.
func (r *Repository) committed(ctx context.Context, paths []string) (bool, error) {
	if _, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "HEAD"); err != nil {
		return false, nil //nolint:nilerr // there is no commit yet
	}
	if !plain(paths) {
		changed, err := r.git.run(ctx, "diff", "--cached", "--name-only", "-z", "--no-renames", "HEAD", "--")
		return !holdsAny(paths, strings.Split(changed, "\x00")), err
	}
	_, err := r.git.run(ctx, append([]string{"diff", "--cached", "--quiet", "HEAD", "--"}, paths...)...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return false, nil
	}
	return err == nil, err
}

// holdsAny reports whether one of the names is one of the paths, or lies in it.
func holdsAny(paths, names []string) bool {
	set := make(map[string]bool, len(paths))
	for _, p := range paths {
		set[p] = true
	}
	return slices.ContainsFunc(names, func(name string) bool {
		for up := name; up != "." && up != ""; up = path.Dir(up) {
			if set[up] {
				return true
			}
		}
		return false
	})
}

func (r *Repository) lastChange(ctx context.Context, paths []string) (string, error) {
	if !plain(paths) {
		return r.lastChangeOf(ctx, paths)
	}
	out, err := r.git.run(ctx, append([]string{"log", "-1", "--format=%H", "--"}, paths...)...)
	if out = strings.TrimSpace(out); out == "" && err == nil {
		return r.Head(ctx)
	}
	return strings.TrimSpace(out), err
}

// Head returns the id of the commit that the work tree is at.
func (r *Repository) Head(ctx context.Context) (string, error) {
	out, err := r.git.run(ctx, "rev-parse", "HEAD")
	return strings.TrimSpace(out), err
}

// Log returns the newest n commits, newest first; n of 0 asks for all.
func (r *Repository) Log(ctx context.Context, n int) ([]Commit, error) {
	args := []string{"log", "-z", "--format=%H%x01%an%x01%ae%x01%aI%x01%s%x01%b"}
	if n > 0 {
		args = append(args, "-n", strconv.Itoa(n))
	}
	out, err := r.git.run(ctx, args...)
	if err != nil {
		return nil, err
	}
	var all []Commit
	for rec := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		f := strings.SplitN(rec, "\x01", 6)
		if len(f) < 6 {
			continue
		}
		when, err := time.Parse(time.RFC3339, f[3])
		if err != nil {
			return nil, fmt.Errorf("log: %w", err)
		}
		all = append(all, Commit{f[0], Author{f[1], f[2]}, when, f[4], strings.TrimSpace(f[5])})
	}
	return all, nil
}
