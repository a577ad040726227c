package dataset

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/servertest"
)

func TestClaims(t *testing.T) {
	r := newRepo(t)
	ctx := t.Context()
	release, err := r.Claim(ctx, "train", []string{"data"}, []string{"models/a"})
	must(t, err)
	_, err = r.Claim(ctx, "other", nil, []string{"data/x.tif"})
	wantKind(t, "writing what is read", err, fault.Busy)
	_, err = r.Claim(ctx, "other", []string{"models"}, nil)
	wantKind(t, "reading what is written", err, fault.Busy)
	again, err := r.Claim(ctx, "other", []string{"data"}, []string{"models/ab"})
	must(t, err, again(), release())
	third, err := r.Claim(ctx, "other", nil, []string{"data"})
	must(t, err, third())
	if text, err := os.ReadFile(filepath.Join(r.tmp(), "rwlock")); err != nil || string(text) != "{}" {
		t.Errorf("left: %s, %v", text, err)
	}

	dead := exec.CommandContext(ctx, "true")
	must(t, dead.Run())
	put(t, r, ".dvc/tmp/rwlock", `{"write": {"`+r.abs("data")+`": {"pid": `+strconv.Itoa(dead.Process.Pid)+`, "cmd": "gone"}}}`)
	must(t, r.unclaimed("data"))
	put(t, r, ".dvc/tmp/rwlock", `{"read": {"`+r.abs("data")+`": [{"pid": 1, "cmd": "init"}]}}`)
	wantKind(t, "init reads it", r.unclaimed("data/x"), fault.Busy)
	must(t, r.unclaimed("dat"))
	put(t, r, ".dvc/tmp/rwlock", `{"read": `)
	wantKind(t, "damaged", r.unclaimed("data"), fault.Corrupt)
}

// TestClaimsOfDVC has a stage of the real dvc run a command, and ours keep away from what
// it writes; then the other way round.
func TestClaimsOfDVC(t *testing.T) {
	run := dvc(t)
	r := newRepo(t)
	put(t, r, "dvc.yaml", "stages:\n  s:\n    cmd: touch started && while [ ! -e go ]; do sleep 0.05; done && echo 1 > out\n    outs: [out]\n")
	over := make(chan struct{})
	go func() {
		defer close(over)
		run(r, "repro", "-q")
	}()
	servertest.Until(t, func() bool { _, err := os.Stat(r.abs("started")); return err == nil }, func() string { return "dvc runs the stage" })
	wantKind(t, "dvc writes it", r.unclaimed("out"), fault.Busy)
	put(t, r, "go", "")
	<-over
	must(t, r.unclaimed("out"))

	put(t, r, "in.tif", "1")
	release, err := r.Claim(t.Context(), "ours", nil, []string{"in.tif"})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), os.Getenv("COVERSLIP_TEST_DVC"), "add", "in.tif")
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "busy") {
		t.Errorf("dvc add beside our claim: %v, %s", err, out)
	}
	must(t, release())
	run(r, "add", "-q", "in.tif")
}
