package dataset

import (
	"context"
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

const killed = 12 // captures of the killed station

// intake captures, versions and commits every file, as a station does.
func intake(ctx context.Context, dir, from string) error {
	r, err := Init(ctx, dir, Options{})
	if err != nil {
		return err
	}
	for i := range killed {
		rel := fmt.Sprintf("captures/c%d.tif", i)
		if _, err := r.Capture(ctx, []SourceFile{{filepath.Join(from, fmt.Sprint(i)), rel}}, nil); err != nil {
			return err
		}
		o, err := r.Add(ctx, rel, map[string]any{"instrument": "SP8"}, nil)
		if err != nil {
			return err
		}
		if _, err := r.Commit(ctx, operator, "capture "+rel, o.Changed); err != nil {
			return err
		}
	}
	return nil
}

// TestChild is the station that TestKill kills.
func TestChild(t *testing.T) {
	dir := os.Getenv("COVERSLIP_TEST_CHILD")
	if dir == "" {
		t.Skip("runs inside of TestKill only")
	}
	if err := intake(t.Context(), dir, os.Getenv("COVERSLIP_TEST_CHILD_FROM")); err != nil {
		t.Fatal(err)
	}
}

func TestKill(t *testing.T) { // D1, D5
	from, dir := t.TempDir(), filepath.Join(t.TempDir(), "set")
	for i := range killed {
		if err := os.WriteFile(filepath.Join(from, fmt.Sprint(i)), []byte(strings.Repeat(fmt.Sprint(i), 300_000)), 0o444); err != nil {
			t.Fatal(err)
		}
	}
	kills := 0
	for range 10 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), "COVERSLIP_TEST_CHILD="+dir, "COVERSLIP_TEST_CHILD_FROM="+from)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+rand.IntN(300))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		if cmd.Wait() != nil {
			kills++
		}
		timer.Stop()
		cached, err := folder.Create(filepath.Join(dir, ".dvc", "cache"))
		if err != nil {
			t.Fatal(err)
		}
		wantWhole(t, cached)
	}
	// The killed station's last git may still be at work: that is Busy, and is tried again.
	var err error
	for range 20 {
		if err = intake(t.Context(), dir, from); !fault.Again(err) {
			break
		}
	}
	if err != nil {
		t.Fatalf("after %d kills: %v", kills, err)
	}
	r, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if s, err := r.Status(t.Context()); err != nil || !s.Clean() {
		t.Errorf("%+v, %v", s, err)
	}
	log, err := r.Log(t.Context(), 0)
	if err != nil || len(log) != killed+1 {
		t.Errorf("%d commits, %v; want one for each capture and the first\n%s", len(log), err, gitHere(t, dir, "log", "--stat", "--format=%h %s %ad"))
	}
	wantNoTemps(t, r)
	if kills == 0 {
		t.Error("nothing was killed")
	}
}
