package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/servertest"
)

// TestInferGoesOnAfterKills kills the client, without warning and in the middle, again and
// again: what has been kept is not asked again, as the server counts it, and the end is the
// same. COVERSLIP_TEST_KILLS says how often; 5 if it is not set.
func TestInferGoesOnAfterKills(t *testing.T) {
	server := servertest.StartTriton(t)
	kills := 5
	if n, err := strconv.Atoi(os.Getenv("COVERSLIP_TEST_KILLS")); err == nil {
		kills = n
	}
	dir := t.TempDir()
	ctl := filepath.Join(dir, "coverslipctl")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-tags", "migrated_fynedo", "-o", ctl, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	image, err := filepath.Abs("../../assets/sample/captures/2026-11-24_plate07_A03_DAPI.ome.tif")
	if err != nil {
		t.Fatal(err)
	}
	infer := func(more ...string) *exec.Cmd {
		args := append([]string{"infer", image, "--engine", server.GRPC, "--tile", "256", "--model", "killed"}, more...)
		return exec.CommandContext(t.Context(), ctl, args...)
	}
	run := func(more ...string) []byte {
		t.Helper()
		out := filepath.Join(dir, "out.csv")
		if said, err := infer(append(more, "--force", "--out", out)...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	asked := func() int { return settled(t, server.HTTP) }

	want := run()
	tiles := asked()
	if tiles < 30 {
		t.Fatalf("%d tiles", tiles)
	}
	const most = 64 // questions that may be under way
	before, again := tiles, 0
	for round := 0; kills > 0; round++ {
		keep := filepath.Join(dir, fmt.Sprint("keep", round))
		had := 0
		for ; kills > 0 && had < tiles; kills-- {
			c := infer("--keep", keep)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			goal := had + 1 + rand.IntN(tiles/4) //nolint:gosec // a test's
			ended := make(chan error, 1)
			go func() { ended <- c.Wait() }()
			over := false
			for !over && records(t, keep) < goal {
				select {
				case <-ended:
					over = true
				case <-time.After(time.Millisecond):
				}
			}
			if !over {
				_ = c.Process.Kill() // it may just have ended
				<-ended
			}
			have, now := records(t, keep), asked()
			lost := now - before - (have - had)
			if have < had || lost < 0 || lost > most {
				t.Fatalf("%d answers were kept, then %d, of %d questions", had, have, now-before)
			}
			had, before, again = have, now, again+lost
		}
		if got := run("--keep", keep); !bytes.Equal(got, want) {
			t.Fatal("another table than without a kill")
		}
		if now := asked(); now-before != tiles-had {
			t.Fatalf("%d tiles were kept, and %d of %d asked", had, now-before, tiles)
		}
		before = asked()
		if got := run("--keep", keep); !bytes.Equal(got, want) || asked() != before {
			t.Fatal("asked again for what is known")
		}
	}
	t.Logf("%d tiles; %d answers were lost under way", tiles, again)
}

// records counts the answers in a folder.
func records(t *testing.T, dir string) int {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.answers"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for len(b) >= 16 {
			size := 16 + int(b[8]) + int(b[9])<<8 + int(b[10])<<16 + int(b[11])<<24
			if size > len(b) {
				break
			}
			n++
			b = b[size:]
		}
	}
	return n
}

// settled is how many questions about the model the server has answered, when none is under
// way any more.
func settled(t *testing.T, address string) int {
	t.Helper()
	last := -1
	for {
		var s struct {
			Stats []struct {
				Stats map[string]struct{ Count int } `json:"inference_stats"`
			} `json:"model_stats"`
		}
		rsp, err := http.Get(address + "/v2/models/stats") //nolint:noctx // the test has a limit; there is no other model
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(rsp.Body).Decode(&s)
		_ = rsp.Body.Close()
		if err != nil || len(s.Stats) == 0 {
			t.Fatal(err)
		}
		n := s.Stats[0].Stats["success"].Count + s.Stats[0].Stats["cancel"].Count
		if n == last {
			return n
		}
		last = n
		time.Sleep(500 * time.Millisecond) // longer than a tile takes
	}
}
