package dataset

import (
	"context"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

var commitForm = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// head returns the commit that is checked out, empty if there is none. It spares a git
// process where git keeps it in plain files.
func (r *Repository) head(ctx context.Context) string {
	text, err := os.ReadFile(filepath.Join(r.dir, ".git", "HEAD"))
	if err == nil {
		line := strings.TrimSpace(string(text))
		ref, isRef := strings.CutPrefix(line, "ref: ")
		switch {
		case !isRef && commitForm.MatchString(line):
			return line
		case isRef && path.Clean(ref) == ref && strings.HasPrefix(ref, "refs/heads/"):
			text, err := os.ReadFile(filepath.Join(r.dir, ".git", filepath.FromSlash(ref)))
			if id := strings.TrimSpace(string(text)); err == nil && commitForm.MatchString(id) {
				return id
			}
		}
	}
	id, err := r.git.run(ctx, "rev-parse", "-q", "--verify", "HEAD")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(id)
}
