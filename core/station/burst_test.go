package station_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/servertest"
)

// TestBurstOfSingleFiles drops thousands of files at once where no remote is set and no
// engine answers: each is captured once and committed, the rest of its line waits, and
// meanwhile the station answers.
func TestBurstOfSingleFiles(t *testing.T) {
	n := 500
	if os.Getenv("COVERSLIP_TEST_LONG") == "1" {
		n = 5000
	}
	if v, err := strconv.Atoi(os.Getenv("COVERSLIP_TEST_BURST")); err == nil {
		n = v
	}
	ws := t.TempDir()
	b := open(t, ws, func(s *config.Settings) {
		s.Remote, s.Takeover = "", false
		s.Servers = []config.Server{{Address: "grpc://127.0.0.1:1", Backend: "python"}}
	})
	before, err := b.Commits(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	for i := range n {
		if err := os.WriteFile(filepath.Join(ws, "scope", fmt.Sprintf("trace-%05d.csv", i)), burstFile(i), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	dropped := time.Since(begun)
	captured, committed, slowest := 0, 0, time.Duration(0)
	count := func() {
		asked := time.Now()
		all := b.Items().All()
		slowest = max(slowest, time.Since(asked))
		captured, committed = 0, 0
		for _, it := range all {
			if it.Behind("capture") {
				captured++
			}
			if it.Behind("version") {
				committed++
			}
		}
	}
	for committed < n { // it may take as long as it likes while it goes on
		before := committed
		b.until(func() bool { count(); return committed > before }, func() string {
			return fmt.Sprintf("%d of %d captured, %d committed", captured, n, committed)
		})
	}
	took := time.Since(begun)
	b.stop()
	after, err := b.Commits(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	made := len(after) - len(before)
	if made > 2+n/20 {
		t.Errorf("%d commits of %d files", made, n)
	}
	t.Logf("%d files: dropped in %v, all committed after %v, %.0f files/s, in %d commits; the station answered within %v",
		n, dropped.Round(time.Millisecond), took.Round(time.Millisecond), float64(n)/took.Seconds(), made, slowest)
	checkBurst(t, b, n)
}

func burstFile(i int) []byte { return fmt.Appendf(nil, "time;signal\n0;%d\n1;%d\n", i, i*i) }

// checkBurst looks at what the station, the dataset, git and dvc have of a burst.
func checkBurst(t *testing.T, b *bench, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, it := range b.Items().All() {
		var c intake.Capture
		if err := it.Read(&c); err != nil {
			t.Fatal(err)
		}
		seen[c.Path]++
		if s := it.Passes["infer"].State; s != flow.Waiting && s != flow.Skipped { // a table: there is nothing to predict
			t.Fatalf("%s: prediction is %q", c.Title(), s)
		}
	}
	if len(seen) != n {
		t.Errorf("%d of %d files are on the line", len(seen), n)
	}
	for path, k := range seen {
		if k != 1 {
			t.Errorf("%s was captured %d times", path, k)
		}
	}
	for i := range n {
		name := filepath.Join(b.Folder(), fmt.Sprintf("captures/scope-1/trace-%05d.csv", i))
		if data, err := os.ReadFile(name); err != nil || string(data) != string(burstFile(i)) {
			t.Fatalf("%s holds %q, %v", name, data, err)
		}
	}
	tracked := output(t, b.Folder(), "git", "ls-files", "captures")
	if k := strings.Count(tracked, ".csv.dvc\n"); k != n {
		t.Errorf("git has %d of %d .dvc files", k, n)
	}
	if left := output(t, b.Folder(), "git", "status", "--porcelain"); left != "" {
		t.Errorf("git status: %.500s", left)
	}
	status := []string{"status"}
	if n > 1000 { // dvc takes seconds for each where .gitignore has many lines
		status = append(status, "captures/scope-1/trace-00000.csv.dvc", fmt.Sprintf("captures/scope-1/trace-%05d.csv.dvc", n-1))
	}
	if said := output(t, b.Folder(), servertest.Need(t, "COVERSLIP_TEST_DVC"), status...); !strings.Contains(said, "up to date") {
		t.Errorf("dvc status: %.500s", said)
	}
}

func output(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
	return string(out)
}
