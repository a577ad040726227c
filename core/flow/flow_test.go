package flow_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/session"
)

type bench struct {
	*flow.Runner
	jobs *job.Runner
	end  func()
}

func start(t *testing.T, db string, line flow.Line) bench {
	t.Helper()
	st, err := session.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	jobs := &job.Runner{}
	r, err := flow.New(t.Context(), st, jobs, slog.New(slog.DiscardHandler), line)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- r.Run(ctx) }()
	return bench{r, jobs, func() { cancel(); <-done; st.Close() }}
}

func (b bench) until(t *testing.T, id string, ok func(flow.Item) bool) flow.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	found := errors.New("found")
	var it flow.Item
	err := b.Items.Watch(ctx, func([]event.Change[string, flow.Item]) error {
		it, _ = b.Items.Row(id)
		if ok(it) {
			return found
		}
		return nil
	})
	if !errors.Is(err, found) {
		t.Fatalf("never: %+v", it.Passes)
	}
	return it
}

func pass(context.Context, flow.Item, *job.Progress) (any, error) { return "ok", nil }

func TestOrderGateAndRestart(t *testing.T) {
	db := filepath.Join(t.TempDir(), "s.db")
	var captures atomic.Int64
	line := flow.Line{Name: "intake", Stages: []flow.Stage{
		{Name: "capture", Run: func(context.Context, flow.Item, *job.Progress) (any, error) {
			captures.Add(1)
			return map[string]int{"size": 7}, nil
		}},
		{Name: "infer", After: []string{"capture"}, Run: pass},
		{Name: "review", After: []string{"infer"}, Gate: true, Run: pass},
		{Name: "record", After: []string{"review"}, Run: func(_ context.Context, it flow.Item, _ *job.Progress) (any, error) {
			var c struct{ Size int }
			if !it.Out("capture", &c) || c.Size != 7 {
				return nil, errors.New("capture left nothing")
			}
			return nil, nil
		}},
	}}
	b := start(t, db, line)
	for range 2 {
		if _, err := b.Add(t.Context(), flow.Fresh{ID: "a", Line: "intake", Title: "plate 7", Data: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	it := b.until(t, "a", func(it flow.Item) bool { return it.Passes["review"].State == flow.Yours })
	if it.Behind("record") {
		t.Error("went through the gate by itself")
	}
	if b.Due(it) {
		t.Error("what waits for a person waits for its turn")
	}
	b.end()
	b = start(t, db, line) // as after a power cut
	defer b.end()
	if err := b.Pass(t.Context(), "a", "review", "fine"); err != nil {
		t.Fatal(err)
	}
	b.until(t, "a", func(it flow.Item) bool { return it.Behind("record") })
	if captures.Load() != 1 {
		t.Errorf("captured %d times", captures.Load())
	}
}

// TestDue: what could start and has not, whatever it waits for.
func TestDue(t *testing.T) {
	b := start(t, filepath.Join(t.TempDir(), "s.db"), flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "capture", Run: pass}, {Name: "infer", After: []string{"capture"}, Run: pass}, {Name: "review", After: []string{"infer"}, Gate: true, Run: pass},
	}})
	defer b.end()
	for _, c := range []struct {
		capture, infer, review flow.Pass
		due                    bool
	}{
		{due: true},
		{capture: flow.Pass{State: flow.Running}},
		{capture: flow.Pass{State: flow.Failed}},
		{capture: flow.Pass{State: flow.Passed}, due: true},
		{capture: flow.Pass{State: flow.Passed}, infer: flow.Pass{Tries: 3, Say: "No server answers."}, due: true},
		{capture: flow.Pass{State: flow.Passed}, infer: flow.Pass{State: flow.Skipped}, review: flow.Pass{State: flow.Yours}},
		{capture: flow.Pass{State: flow.Passed}, infer: flow.Pass{State: flow.Passed}, review: flow.Pass{Tries: 1}, due: true}, // a person was there
	} {
		it := flow.Item{ID: "a", Line: "l", Passes: map[string]flow.Pass{"capture": c.capture, "infer": c.infer, "review": c.review}}
		if b.Due(it) != c.due {
			t.Errorf("due: %v, %+v", !c.due, c)
		}
	}
}

func TestGateBehindNothingIsSkipped(t *testing.T) {
	line := flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "infer", Run: func(context.Context, flow.Item, *job.Progress) (any, error) { return nil, flow.Skip("a table") }},
		{Name: "review", After: []string{"infer"}, Gate: true, Run: pass},
		{Name: "record", After: []string{"review"}, Run: func(_ context.Context, it flow.Item, _ *job.Progress) (any, error) {
			return string(it.Passes["review"].State), nil
		}},
	}}
	db := filepath.Join(t.TempDir(), "s.db")
	b := start(t, db, line)
	if _, err := b.Add(t.Context(), flow.Fresh{ID: "a", Line: "l", Title: "x"}); err != nil {
		t.Fatal(err)
	}
	recorded := func(it flow.Item) bool { return it.Behind("record") }
	b.until(t, "a", recorded)
	b.end()
	b = start(t, db, line) // and stays so
	defer b.end()
	it := b.until(t, "a", recorded)
	var found string
	if it.Passes["review"].State != flow.Skipped || !it.Out("record", &found) || found != string(flow.Skipped) {
		t.Errorf("%+v", it.Passes)
	}
}

func TestWaitsFailsAndRetries(t *testing.T) {
	var tries atomic.Int64
	line := flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "push", Run: func(context.Context, flow.Item, *job.Progress) (any, error) {
			if tries.Add(1) == 1 {
				return nil, fault.New(fault.Offline, "The NAS does not answer.", "Check the cable.", nil)
			}
			return nil, nil
		}},
		{Name: "infer", Run: func(context.Context, flow.Item, *job.Progress) (any, error) {
			return nil, fault.New(fault.Corrupt, "The image is cut short.", "Copy it again.", nil)
		}},
		{Name: "git", Run: func(context.Context, flow.Item, *job.Progress) (any, error) { return nil, flow.Skip("no server") }},
	}}
	b := start(t, filepath.Join(t.TempDir(), "s.db"), line)
	defer b.end()
	if _, err := b.Add(t.Context(), flow.Fresh{ID: "a", Line: "l", Title: "x"}); err != nil {
		t.Fatal(err)
	}
	it := b.until(t, "a", func(it flow.Item) bool {
		return it.Passes["infer"].State == flow.Failed && it.Passes["push"].Say != "" && it.Behind("git")
	})
	if it.Passes["push"].State != flow.Waiting || it.Passes["infer"].Say != "The image is cut short." {
		t.Errorf("%+v", it.Passes)
	}
	b.Nudge()
	b.until(t, "a", func(it flow.Item) bool { return it.Behind("push") })
	if err := b.Withdraw(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, ok := b.Items.Row("a"); ok {
		t.Error("still there")
	}
}

// TestWhatAPersonStopsStaysStopped: it waits, with a word, and goes on when it is told to.
func TestWhatAPersonStopsStaysStopped(t *testing.T) {
	var runs atomic.Int64
	begun := make(chan struct{}, 1)
	b := start(t, filepath.Join(t.TempDir(), "s.db"), flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "push", Run: func(ctx context.Context, _ flow.Item, _ *job.Progress) (any, error) {
			if runs.Add(1) > 1 {
				return "ok", nil
			}
			begun <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}},
	}})
	defer b.end()
	if _, err := b.Add(t.Context(), flow.Fresh{ID: "a", Line: "l", Title: "x"}); err != nil {
		t.Fatal(err)
	}
	<-begun
	b.jobs.Stop("1") // the first job; its row comes a moment later
	it := b.until(t, "a", func(it flow.Item) bool { return it.Passes["push"].Say != "" })
	if p := it.Passes["push"]; p.State != flow.Waiting || time.Until(p.Next) < time.Minute || runs.Load() != 1 {
		t.Errorf("%+v after %d runs", p, runs.Load())
	}
	if err := b.Retry(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	b.until(t, "a", func(it flow.Item) bool { return it.Behind("push") })
}

// TestFirstAndHold: nothing starts while a stage is held, and then the one that someone looks
// at goes before those that waited longer.
func TestFirstAndHold(t *testing.T) {
	var order []string
	line := flow.Line{Name: "l", Stages: []flow.Stage{{Name: "infer", Alone: true, Run: func(_ context.Context, it flow.Item, _ *job.Progress) (any, error) {
		order = append(order, it.ID) // one at a time
		return it.ID, nil
	}}}}
	b := start(t, filepath.Join(t.TempDir(), "s.db"), line)
	b.Hold("l", "infer", true)
	if _, err := b.Add(t.Context(), fresh(6)...); err != nil {
		t.Fatal(err)
	}
	b.First("004")
	b.First("005")
	b.First("005") // again, as a window may say so many times
	b.First("gone")
	if it, _ := b.Items.Row("000"); it.Passes["infer"].Tries != 0 {
		t.Errorf("went on though held: %+v", it.Passes)
	}
	if turns := b.Turns("l", "infer"); len(turns) != 6 || turns["005"] != 1 || turns["004"] != 2 || turns["000"] != 3 || turns["003"] != 6 {
		t.Errorf("the turns are %v", turns)
	}
	b.Hold("l", "infer", false)
	for _, f := range fresh(6) {
		b.until(t, f.ID, func(it flow.Item) bool { return it.Behind("infer") })
	}
	if turns := b.Turns("l", "infer"); len(turns) != 0 {
		t.Errorf("all are done, and %v wait", turns)
	}
	was, _ := b.Items.Row("002")
	if err := b.Redo(t.Context(), "002", "infer", nil); err != nil {
		t.Fatal(err)
	}
	b.until(t, "002", func(it flow.Item) bool {
		return it.Passes["infer"].At.After(was.Passes["infer"].At) && it.Behind("infer")
	})
	if err := b.Restore(t.Context(), "002", map[string]flow.Pass{"infer": was.Passes["infer"]}); err != nil {
		t.Fatal(err)
	}
	if it, _ := b.Items.Row("002"); !it.Passes["infer"].At.Equal(was.Passes["infer"].At) {
		t.Errorf("restored: %+v, was %+v", it.Passes, was.Passes)
	}
	b.end()
	if got := strings.Join(order, " "); got != "005 004 000 001 002 003 002" {
		t.Errorf("went as %s", got)
	}
}

// TestRestoreOutlivesARestart: what a person has passed and was put back is not asked again of
// them after a restart. Stages that belong together are set together or not at all.
func TestRestoreOutlivesARestart(t *testing.T) {
	const n = 50
	going, work := make(chan struct{}), make(chan struct{})
	line := flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "infer", Run: pass},
		{Name: "review", After: []string{"infer"}, Gate: true, Run: func(_ context.Context, it flow.Item, _ *job.Progress) (any, error) {
			if it.ID == "000" {
				going <- struct{}{}
				<-work
			}
			return nil, nil
		}},
	}}
	db := filepath.Join(t.TempDir(), "s.db")
	b := start(t, db, line)
	if _, err := b.Add(t.Context(), fresh(n)...); err != nil {
		t.Fatal(err)
	}
	was := map[string]map[string]flow.Pass{}
	for _, f := range fresh(n) {
		b.until(t, f.ID, func(it flow.Item) bool { return it.Passes["review"].State == flow.Yours })
		if err := b.Pass(t.Context(), f.ID, "review", "Ada "+f.ID); err != nil {
			t.Fatal(err)
		}
		if f.ID == "000" {
			<-going
			before, _ := b.Items.Row(f.ID)
			if err := b.Redo(t.Context(), f.ID, "infer", nil, "review"); fault.KindOf(err) != fault.Busy {
				t.Errorf("while the review is at work: %v", err)
			}
			if now, _ := b.Items.Row(f.ID); now.Passes["infer"].At != before.Passes["infer"].At {
				t.Error("half of it was set")
			}
			close(work)
		}
		was[f.ID] = b.until(t, f.ID, func(it flow.Item) bool { return it.Behind("review") }).Passes
	}
	b.Hold("l", "infer", true)
	for id, ps := range was {
		if err := b.Redo(t.Context(), id, "infer", nil, "review"); err != nil {
			t.Fatal(err)
		}
		if it, _ := b.Items.Row(id); it.Behind("infer") || it.Behind("review") {
			t.Fatalf("to be done again: %+v", it.Passes)
		}
		if err := b.Restore(t.Context(), id, ps); err != nil {
			t.Fatal(err)
		}
	}
	b.end()
	b = start(t, db, line)
	defer b.end()
	for id := range was {
		it, _ := b.Items.Row(id)
		var who string
		if !it.Behind("review") || !it.Out("review", &who) || who != "Ada "+id {
			t.Errorf("%s stands as %+v", id, it.Passes)
		}
	}
}

// TestAGateIsPassedAgainWithWhatFollows: what is signed a second time has the stages after it run
// again, all of them or, while one is at work, nothing is changed.
func TestAGateIsPassedAgainWithWhatFollows(t *testing.T) {
	going, work := make(chan struct{}), make(chan struct{})
	line := flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "review", Gate: true, Run: pass},
		{Name: "record", After: []string{"review"}, Run: func(_ context.Context, it flow.Item, _ *job.Progress) (any, error) {
			return it.Passes["review"].Out, nil
		}},
		{Name: "publish", After: []string{"record"}, Run: func(_ context.Context, it flow.Item, _ *job.Progress) (any, error) {
			going <- struct{}{}
			<-work
			return it.Passes["record"].Out, nil
		}},
	}}
	b := start(t, filepath.Join(t.TempDir(), "s.db"), line)
	defer b.end()
	if _, err := b.Add(t.Context(), flow.Fresh{ID: "a", Line: "l", Title: "x"}); err != nil {
		t.Fatal(err)
	}
	sign := func() error { return b.Pass(t.Context(), "a", "review", "Ada", "record", "publish") }
	b.until(t, "a", func(it flow.Item) bool { return it.Passes["review"].State == flow.Yours })
	if err := sign(); err != nil {
		t.Fatal(err)
	}
	<-going
	if err := sign(); fault.KindOf(err) != fault.Busy {
		t.Errorf("while it is published: %v", err)
	}
	if it, _ := b.Items.Row("a"); !it.Behind("review") || !it.Behind("record") {
		t.Errorf("half of it was set: %+v", it.Passes)
	}
	close(work)
	first := b.until(t, "a", func(it flow.Item) bool { return it.Behind("publish") })
	b.Hold("l", "review", true)
	if err := sign(); err != nil {
		t.Fatal(err)
	}
	if it, _ := b.Items.Row("a"); it.Behind("review") || it.Behind("record") || it.Behind("publish") {
		t.Errorf("signed again: %+v", it.Passes)
	}
	b.Hold("l", "review", false)
	<-going
	it := b.until(t, "a", func(it flow.Item) bool { return it.Behind("publish") })
	if !it.Passes["record"].At.After(first.Passes["record"].At) {
		t.Errorf("recorded at %v, first at %v", it.Passes["record"].At, first.Passes["record"].At)
	}
}
