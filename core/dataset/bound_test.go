package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// TestWhatGitKeepsIsNoOutput does as dvc push, status -c and checkout do with cache: false.
func TestWhatGitKeepsIsNoOutput(t *testing.T) {
	run := dvc(t)
	r := newRepo(t)
	nas := t.TempDir()
	must(t, r.AddRemote("nas", nas, true))
	put(t, r, "score.json", "{}")
	put(t, r, "data", "data")
	add(t, r, "score.json", nil)
	text, err := os.ReadFile(r.abs("score.json.dvc"))
	must(t, err)
	put(t, r, "score.json.dvc", string(text)+"  cache: false\n")
	commit(t, r, "both", append(add(t, r, "data", nil).Changed, "score.json.dvc", ".dvc/config")...)
	must(t, os.RemoveAll(r.cache.dir))
	add(t, r, "data", nil)
	done, err := r.Push(t.Context(), folder.Open(nas), nil)
	if err != nil || done.Moved != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if got := run(r, "status", "-c", "--json"); got != "{}" {
		t.Errorf("dvc status -c: %s", got)
	}
	put(t, r, "score.json", "{1}")
	must(t, r.Checkout(t.Context(), nil))
	wantFile(t, r, "score.json", "{1}")
	if s, err := r.Status(t.Context()); err != nil || len(s.Changed) != 0 {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = r.Add(t.Context(), "score.json", nil, nil)
	wantKind(t, "add", err, fault.Invalid)
}

// TestWhatStaysAndWhatGoesElsewhere does as dvc push, status -c and pull do with push: false
// and remote:, also for what older versions held.
func TestWhatStaysAndWhatGoesElsewhere(t *testing.T) {
	run := dvc(t)
	r := newRepo(t)
	nas, two := t.TempDir(), t.TempDir()
	must(t, r.AddRemote("nas", nas, true), r.AddRemote("two", two, false))
	put(t, r, "scans/patient.dcm", "an older patient")
	commit(t, r, "scans", add(t, r, "scans", nil).Changed...)
	put(t, r, "scans/patient.dcm", "patient")
	put(t, r, "was here", "a patient that moved") // and then to where it stays
	commit(t, r, "in the wrong place", add(t, r, "was here", nil).Changed...)
	must(t, os.Rename(r.abs("was here"), r.abs("moved")), os.Remove(r.abs("was here.dvc")))
	commit(t, r, "moved", append(add(t, r, "moved", nil).Changed, "was here.dvc")...)
	put(t, r, "t", "two's")
	put(t, r, "q", "anyone's")
	mark := func(name, line string) {
		text, err := os.ReadFile(r.abs(name))
		must(t, err)
		put(t, r, name, string(text)+"  "+line+"\n")
	}
	mark("scans.dvc", "push: false")
	mark("moved.dvc", "push: False")
	add(t, r, "t", nil)
	mark("t.dvc", "remote: two")
	for _, rel := range []string{"scans", "t", "q"} { // again: both keys stay
		commit(t, r, "more", append(add(t, r, rel, nil).Changed, ".dvc/config")...)
	}
	for file, line := range map[string]string{"scans.dvc": "  push: false\n", "t.dvc": "  remote: two\n"} {
		if text, err := os.ReadFile(r.abs(file)); err != nil || !strings.Contains(string(text), line) {
			t.Errorf("%s: %s, %v", file, text, err)
		}
	}
	for place, only := range map[string]string{nas: "anyone's", two: "two's"} {
		done, err := r.Push(t.Context(), folder.Open(place), nil)
		if want := 1 + map[string]int{two: 1}[place]; err != nil || done.Moved != want {
			t.Errorf("%+v, %v", done, err)
		}
		if !exists(filepath.Join(place, filepath.FromSlash(key(sum([]byte(only)))))) {
			t.Error("not there:", only)
		}
		if c, err := r.Audit(t.Context(), folder.Open(place), AuditOptions{Scope: AllCommits}, nil); err != nil || len(c.Flaws) != 0 || c.Unknown != 0 {
			t.Errorf("%+v, %v", c, err)
		}
	}
	if got := run(r, "status", "-c", "--json"); got != "{}" {
		t.Errorf("dvc status -c: %s", got)
	}
	c := cloned(t, r)
	_, err := c.Pull(t.Context(), folder.Open(nas), nil) // as dvc: an error about the rest
	wantKind(t, "what stays", err, fault.NotFound)
	if !strings.Contains(err.Error(), "t is on the remote two alone") {
		t.Error(err)
	}
	wantFile(t, c, "q", "anyone's")
	_, err = r.Push(t.Context(), folder.Open(t.TempDir()), nil)
	wantKind(t, "a remote that the settings do not have", err, fault.NotFound)
}
