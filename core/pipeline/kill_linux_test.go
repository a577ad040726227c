package pipeline

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/dataset"
)

// TestChild is the program that TestKill kills.
func TestChild(t *testing.T) {
	dir := os.Getenv("COVERSLIP_TEST_CHILD")
	if dir == "" {
		t.Skip("runs inside of TestKill only")
	}
	r, err := dataset.Open(t.Context(), dir, dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	g, err := Load(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Repro(t.Context(), nil, Options{}, nil); err != nil {
		t.Fatal(err)
	}
}

// Whenever the program is killed, the lock names only what the cache has, nothing hinders
// the next run, and that ends as if nothing had been.
func TestKill(t *testing.T) {
	b := simpleBench(t)
	b.put("dvc.yaml", strings.ReplaceAll(b.text("dvc.yaml"), "cmd: ", "cmd: sleep 0.02 && "))
	kills := 0
	for round := range 30 {
		b.put("params.yaml", "sigma: "+strings.Repeat("1", round%5+1)+"\n") // some of it was run before
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChild$")
		cmd.Env = append(os.Environ(), "COVERSLIP_TEST_CHILD="+b.repo.Dir())
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(10+rand.IntN(200))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		if cmd.Wait() != nil {
			kills++
		}
		timer.Stop()
		states, err := b.graph().Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range states {
			for _, why := range st.Reasons {
				if why.State == dataset.NotInCache {
					t.Fatalf("round %d: %s: %v", round, st.Stage, why)
				}
			}
		}
	}
	if kills == 0 {
		t.Error("it was never killed")
	}
	b.repro()
	b.nothingLeft("after all kills")
	ours := b.text("dvc.lock")
	b.dvc("repro", "--force")
	if theirs := b.text("dvc.lock"); theirs != ours {
		t.Errorf("ours:\n%s\ntheirs:\n%s", ours, theirs)
	}
}
