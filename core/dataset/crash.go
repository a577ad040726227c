package dataset

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"coverslip.dev/coverslip/core/disk"
)

// afterCrash undoes what a crash or the power has left in git, where no one can be at it.
func (r *Repository) afterCrash(ctx context.Context) {
	r.unlockGit(ctx)
	if _, err := os.Stat(r.abs(mergeMark)); err != nil {
		return
	}
	f, err := os.OpenFile(filepath.Join(r.tmp(), "lock"), os.O_RDWR|os.O_CREATE, 0o644) //nolint:gosec // see lock
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // closing unlocks
	if free, err := disk.TryLock(f); err != nil || !free {
		return // someone merges
	}
	if err := r.unfinished(ctx); err != nil {
		r.log.Warn("an unfinished merge could not be undone", slog.Any("error", err))
	}
}

// unlockGit removes a lock of git's index that is older than the machine's start: whoever
// made it does not run any more.
func (r *Repository) unlockGit(ctx context.Context) {
	name := r.abs(".git/index.lock")
	if st, err := os.Stat(r.abs(".git")); err != nil || !st.IsDir() { // it is elsewhere
		out, err := r.git.run(ctx, "rev-parse", "--git-path", "index.lock")
		if err != nil {
			return
		}
		if name = filepath.FromSlash(strings.TrimSuffix(out, "\n")); !filepath.IsAbs(name) {
			name = filepath.Join(r.dir, name)
		}
	}
	st, err := os.Stat(name)
	if err != nil || !st.ModTime().Before(machineStart()) {
		return
	}
	if os.Remove(name) == nil {
		r.log.Info("removed a lock from before the machine's start", slog.String("path", name))
	}
}
