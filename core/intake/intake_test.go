package intake_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/servertest"
	"coverslip.dev/coverslip/core/session"
)

// shelf is a vault in memory that remembers what it was asked for.
type shelf struct {
	mu       sync.Mutex
	stored   map[string]int // how often, by path
	commits  [][]string     // of paths
	pushes   int
	slowPush time.Duration
	bad      string // this path can't be stored
	hung     string // in this folder no call returns before the line ends
	log      []annotation.Entry
}

func (s *shelf) Capture(ctx context.Context, all []intake.Capture, _ *job.Progress) ([]intake.Stored, error) {
	for _, c := range all {
		if filepath.Dir(c.Path) == s.hung {
			<-ctx.Done()
			return nil, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []intake.Stored
	for _, c := range all {
		if c.Path == s.bad {
			return out, fault.New(fault.Denied, "This one may not be read.", "Ask.", nil)
		}
		s.stored[c.Path]++
		out = append(out, intake.Stored{MD5: c.Path, Size: c.Size})
	}
	return out, nil
}

func (s *shelf) Version(_ context.Context, all []intake.Finished) (string, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for _, f := range all {
		if f.Stored.MD5 != f.Path || f.Instrument != all[0].Instrument {
			return "", 0, fmt.Errorf("%s has %s", f.Path, f.Stored.MD5)
		}
		paths = append(paths, f.Path)
	}
	s.commits = append(s.commits, paths)
	return fmt.Sprint("commit ", len(s.commits)), len(all), nil
}

func (s *shelf) Push(ctx context.Context, _ *job.Progress) ([]string, error) {
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(s.slowPush):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pushes++
	return s.Places(), nil
}

func (s *shelf) Places() []string { return []string{"/nas"} }

// Record is slow: a person corrects meanwhile.
func (s *shelf) Record(_ context.Context, _ intake.Capture, _ intake.Stored, r intake.Reviewed) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, annotation.Entry{Seq: int64(len(s.log) + 1)})
	return fmt.Sprint("record of ", len(r.Log)), nil
}

// Detect finds nothing.
func (s *shelf) Detect(context.Context, intake.Capture, intake.Stored, intake.Ask, *job.Progress) (intake.Predicted, error) {
	return intake.Predicted{}, nil
}

func (s *shelf) Current(context.Context, string) ([]annotation.Object, []annotation.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return nil, slices.Clone(s.log), nil
}

// run starts a line over s; end stops it.
func run(t *testing.T, db string, s *shelf) (r *flow.Runner, end func()) {
	t.Helper()
	st, err := session.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	line := intake.Line(s, s, s)
	if r, err = flow.New(t.Context(), st, &job.Runner{}, slog.New(slog.DiscardHandler), line); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	end = sync.OnceFunc(func() { cancel(); <-done; _ = st.Close() })
	t.Cleanup(end)
	return r, end
}

func add(t *testing.T, r *flow.Runner, n int) {
	t.Helper()
	for i := range n {
		c := intake.Capture{
			Path: fmt.Sprintf("/scope/%d/img_%04d.tif", i%2, i), Rel: fmt.Sprintf("captures/%d/img_%04d.tif", i%2, i),
			Instrument: fmt.Sprint("Scope ", i%2), Size: 100,
		}
		if _, err := r.Add(t.Context(), flow.Fresh{ID: c.ID(), Line: intake.LineName, Title: c.Title(), Data: c}); err != nil {
			t.Fatal(err)
		}
	}
}

// until waits until n items have the stage behind them.
func until(t *testing.T, r *flow.Runner, stage string, n int) {
	t.Helper()
	k := 0
	servertest.Until(t, func() bool {
		k = 0
		for _, it := range r.Items.All() {
			if it.Behind(stage) {
				k++
			}
		}
		return k >= n
	}, func() string { return fmt.Sprintf("%d of %d have %s behind them", k, n, stage) })
}

func TestManyShareCommitsAndPushes(t *testing.T) {
	const n = 300
	s := &shelf{stored: map[string]int{}, slowPush: 20 * time.Millisecond}
	r, end := run(t, filepath.Join(t.TempDir(), "s.db"), s)
	add(t, r, n)
	until(t, r, "push", n)
	end()
	seen := map[string]int{}
	for _, c := range s.commits {
		for _, p := range c {
			seen[p]++
			if filepath.Dir(p) != filepath.Dir(c[0]) {
				t.Errorf("one commit for two instruments: %q", c)
			}
		}
	}
	if len(seen) != n || len(s.stored) != n || len(s.commits) > n/4 || s.pushes > n/4 {
		t.Errorf("%d stored, %d versioned in %d commits, %d pushes", len(s.stored), len(seen), len(s.commits), s.pushes)
	}
	for p, k := range seen {
		if k != 1 || s.stored[p] != 1 {
			t.Errorf("%s was stored %d times, versioned %d times", p, s.stored[p], k)
		}
	}
	for _, it := range r.Items.All() { // the commit that an item names is the one that has it
		var v intake.Versioned
		var c intake.Capture
		var at int
		if !it.Out("version", &v) || it.Read(&c) != nil {
			t.Fatalf("%+v", it)
		}
		if _, err := fmt.Sscanf(v.Commit, "commit %d", &at); err != nil || !slices.Contains(s.commits[at-1], c.Path) {
			t.Errorf("%s is said to be in %q", c.Path, v.Commit)
		}
	}
}

func TestOneBadCaptureHoldsNoOthers(t *testing.T) {
	const n = 120
	s := &shelf{stored: map[string]int{}, bad: "/scope/1/img_0007.tif"}
	r, _ := run(t, filepath.Join(t.TempDir(), "s.db"), s)
	add(t, r, n)
	until(t, r, "push", n-1)
	failed := 0
	for _, it := range r.Items.All() {
		p := it.Passes["capture"]
		if p.State == flow.Failed {
			failed++
		}
		if (it.Title == "img_0007.tif") != (p.State == flow.Failed) || p.State == flow.Failed && p.Say != "This one may not be read." {
			t.Errorf("%s: %+v", it.Title, p)
		}
	}
	if failed != 1 {
		t.Errorf("%d failed", failed)
	}
}

// TestADeadShareHoldsNoOtherInstrument: the captures of others are stored meanwhile.
func TestADeadShareHoldsNoOtherInstrument(t *testing.T) {
	const n = 40
	s := &shelf{stored: map[string]int{}, hung: "/scope/1"}
	r, _ := run(t, filepath.Join(t.TempDir(), "s.db"), s)
	add(t, r, n)
	until(t, r, "push", n/2)
}

func TestPowerGoesInABurst(t *testing.T) {
	const n = 200
	db := filepath.Join(t.TempDir(), "s.db")
	s := &shelf{stored: map[string]int{}}
	r, end := run(t, db, s)
	add(t, r, n)
	until(t, r, "version", 20)
	end()
	r, _ = run(t, db, s)
	until(t, r, "push", n)
	if len(s.stored) != n {
		t.Errorf("%d stored", len(s.stored))
	}
}

// TestRecordedSaysWhatIsInTheCommit: a correction that came while the commit was made is not in it,
// and is in the next.
func TestRecordedSaysWhatIsInTheCommit(t *testing.T) {
	s := &shelf{stored: map[string]int{}, log: make([]annotation.Entry, 2)}
	r, _ := run(t, filepath.Join(t.TempDir(), "s.db"), s)
	add(t, r, 1)
	until(t, r, "infer", 1)
	for n := 2; n < 4; n++ {
		for id, it := range r.Items.All() {
			if err := r.Pass(t.Context(), id, "review", intake.Review{Who: "Ada"}); err != nil {
				t.Fatal(err)
			}
			if it.Behind("record") {
				if err := r.Redo(t.Context(), id, "record", nil); err != nil {
					t.Fatal(err)
				}
			}
		}
		until(t, r, "record", 1)
		for _, it := range r.Items.All() {
			var out intake.Recorded
			if !it.Out("record", &out) || out.Edits == nil || *out.Edits != n || out.Commit != fmt.Sprint("record of ", n) {
				t.Errorf("recorded %+v", out)
			}
		}
	}
}

func TestFilesOfSeveral(t *testing.T) {
	names := make([]string, 50_000)
	for i := range names {
		names[i] = fmt.Sprintf("Images/r%02dc%02df%03dp01-ch1sk1fk1fl1.tiff", i%16, i/16%24, i/384)
	}
	c, err := intake.Several(intake.Capture{Path: "/opera/P1", Rel: "captures/opera/P1.set", Lead: names[0]}, "/opera/P1", names)
	if err != nil || len(c.Names) > 400_000 {
		t.Fatalf("packed into %d bytes, %v", len(c.Names), err)
	}
	parts, err := c.Files()
	if err != nil || len(parts) != len(names) {
		t.Fatalf("%d files, %v", len(parts), err)
	}
	want := intake.Part{Path: filepath.FromSlash("/opera/P1/" + names[777]), Rel: "captures/opera/P1.set/" + names[777]}
	if parts[777] != want || c.Image() != "captures/opera/P1.set/"+names[0] {
		t.Errorf("%+v, looked at as %s", parts[777], c.Image())
	}
	c.Names = c.Names[:100]
	if _, err := c.Files(); err == nil {
		t.Error("a damaged list was read")
	}
}
