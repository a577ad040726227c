package dataset

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote/folder"
)

// day is the work of a bench and of a person elsewhere, round after round: write, add,
// commit, push; then pull and go back and forth between versions. dir holds all of it.
func day(ctx context.Context, dir string, rounds int) error {
	bench, err := Init(ctx, filepath.Join(dir, "bench"), Options{})
	if err != nil {
		return err
	}
	nas, err := folder.Create(filepath.Join(dir, "nas"))
	if err != nil {
		return err
	}
	for i := range rounds {
		if err := benchRound(ctx, bench, nas, i); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		if err := deskRound(ctx, dir, bench, nas); err != nil {
			return fmt.Errorf("desk: %w", err)
		}
	}
	return nil
}

func benchRound(ctx context.Context, r *Repository, nas *folder.Folder, i int) error {
	for k := range 6 {
		name := r.abs(fmt.Sprintf("plate/w%d/f%d.tif", k%2, k))
		text := strings.Repeat(fmt.Sprint(i/(k+1), k), 1+k*20_000)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(r.abs("notes.txt"), []byte(fmt.Sprint(i)), 0o644); err != nil {
		return err
	}
	var changed []string
	for _, rel := range []string{"plate", "notes.txt"} {
		o, err := r.Add(ctx, rel, nil, nil)
		if err != nil {
			return err
		}
		changed = append(changed, o.Changed...)
	}
	if _, err := r.Commit(ctx, operator, fmt.Sprint("round ", i), changed); err != nil {
		return err
	}
	_, err := r.Push(ctx, nas, nil)
	return err
}

func deskRound(ctx context.Context, dir string, bench *Repository, nas *folder.Folder) error {
	at := filepath.Join(dir, "desk")
	g := git{dir: dir}
	if _, err := os.Stat(filepath.Join(at, ".dvc", "config")); err != nil {
		if err := os.RemoveAll(at); err != nil { // a clone that was cut off
			return err
		}
		if _, err := g.run(ctx, "clone", "-q", bench.dir, at); err != nil {
			return err
		}
	}
	desk, err := Open(ctx, at, Options{})
	if err != nil {
		return err
	}
	for _, version := range []string{"HEAD~1", "FETCH_HEAD"} {
		if _, err := desk.git.run(ctx, "fetch", "-q", "origin", "main"); err != nil {
			return err
		}
		if _, err := desk.git.run(ctx, "rev-parse", "-q", "--verify", version); err != nil {
			continue
		}
		if _, err := desk.git.run(ctx, "checkout", "-q", "--detach", version); err != nil {
			return err
		}
		if _, err := desk.Pull(ctx, nas, nil); err != nil {
			return err
		}
	}
	return nil
}

// TestChildDay is the process that TestKillAllDay kills.
func TestChildDay(t *testing.T) {
	dir := os.Getenv("COVERSLIP_TEST_CHILD_DAY")
	if dir == "" {
		t.Skip("runs inside of TestKillAllDay only")
	}
	if err := day(t.Context(), dir, 1000); err != nil {
		t.Fatal(err)
	}
}

// TestKillAllDay is D1 to D4 under kill -9 during add, commit, push, pull and checkout.
func TestKillAllDay(t *testing.T) {
	dir := t.TempDir()
	n := 20
	if long() {
		n = 300
	}
	kills := 0
	for range n {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildDay$")
		cmd.Env = append(os.Environ(), "COVERSLIP_TEST_CHILD_DAY="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(50+rand.IntN(900))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		if exit, ok := errors.AsType[*exec.ExitError](cmd.Wait()); ok && exit.ExitCode() < 0 {
			kills++
		}
		timer.Stop()
		wantPlaces(t, dir)
	}
	if kills < n/2 {
		t.Errorf("%d of %d were killed", kills, n)
	}
	var err error
	for range 50 { // a killed process's last git may still be at work
		if err = day(t.Context(), dir, 3); !fault.Again(err) {
			break
		}
	}
	if err != nil {
		t.Fatalf("after %d kills: %v", kills, err)
	}
	bench, desk := openHere(t, filepath.Join(dir, "bench")), openHere(t, filepath.Join(dir, "desk"))
	for _, r := range []*Repository{bench, desk} {
		if s, err := r.Status(t.Context()); err != nil || !s.Clean() {
			t.Errorf("%+v, %v", s, err)
		}
		wantNoTemps(t, r)
	}
	wantSame(t, bench, desk)
	if c, err := bench.Audit(t.Context(), folder.Open(filepath.Join(dir, "nas")), AuditOptions{Deep: true, Scope: AllCommits}, nil); err != nil || len(c.Flaws) > 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func openHere(t *testing.T, dir string) *Repository {
	t.Helper()
	r, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantPlaces looks at all that a killed process has left.
func wantPlaces(t *testing.T, dir string) {
	t.Helper()
	for _, place := range []string{"nas", "bench/.dvc/cache", "desk/.dvc/cache"} {
		if full := filepath.Join(dir, place); exists(full) {
			wantWhole(t, folder.Open(full)) // D2 to D4
		}
	}
	if !exists(filepath.Join(dir, "bench", ".dvc", "config")) {
		return
	}
	bench := openHere(t, filepath.Join(dir, "bench"))
	outs, err := bench.Outputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outs { // D1
		if ok, err := bench.Holds(t.Context(), o.MD5); err != nil || !ok {
			t.Errorf("%s names %s, which is not in the cache: %v", o.File, o.MD5, err)
		}
	}
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
