package dataset

import (
	"os"
	"strings"
	"testing"
	"time"
)

// conflicting makes two branches that change one file, and begins to merge them.
func conflicting(t *testing.T) *Repository {
	t.Helper()
	r := newRepo(t)
	for _, step := range [][]string{{"checkout", "-q", "-b", "theirs"}, {"checkout", "-q", "main"}} {
		gitHere(t, r.dir, step...)
		put(t, r, "review.json", step[2])
		commit(t, r, "review", "review.json")
	}
	if out, err := r.git.run(t.Context(), "merge", "-q", "theirs"); err == nil || !strings.Contains(out, "CONFLICT") {
		t.Fatalf("%s, %v", out, err)
	}
	return r
}

func merging(t *testing.T, r *Repository) bool {
	t.Helper()
	_, err := r.git.run(t.Context(), "rev-parse", "-q", "--verify", "MERGE_HEAD")
	return err == nil
}

// TestAnUnfinishedMergeIsUndoneAtTheNextStart leaves what a crash in a merge does.
func TestAnUnfinishedMergeIsUndoneAtTheNextStart(t *testing.T) {
	r := conflicting(t)
	must(t, os.WriteFile(r.abs(mergeMark), []byte(gitHere(t, r.dir, "rev-parse", "theirs")), 0o644))
	unlock, err := r.lock(t.Context())
	must(t, err)
	if reopened(t, r); !merging(t, r) {
		t.Error("another process's merge was undone")
	}
	unlock()
	if reopened(t, r); merging(t, r) || exists(r.abs(mergeMark)) {
		t.Error("it goes on")
	}
	put(t, r, "a.tif", "a")
	commit(t, r, "capture", add(t, r, "a.tif", nil).Changed...)

	r = conflicting(t) // a person's, after one of ours that the person has ended
	must(t, os.WriteFile(r.abs(mergeMark), []byte(gitHere(t, r.dir, "rev-parse", "main")), 0o644))
	if reopened(t, r); !merging(t, r) || exists(r.abs(mergeMark)) {
		t.Error("a person's merge was undone")
	}
}

func TestALockOfGitFromBeforeTheMachinesStart(t *testing.T) {
	r := newRepo(t)
	put(t, r, "a.tif", "a")
	paths := add(t, r, "a.tif", nil).Changed
	lock := r.abs(".git/index.lock")
	must(t, os.WriteFile(lock, nil, 0o644))
	if reopened(t, r); !exists(lock) {
		t.Fatal("a lock of today is gone")
	}
	old := machineStart().Add(-time.Minute)
	if machineStart().IsZero() {
		t.Skip("this system does not tell its start")
	}
	must(t, os.Chtimes(lock, old, old))
	commit(t, reopened(t, r), "capture", paths...)
}
