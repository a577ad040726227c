package flow_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/job"
)

// batch is a stage that notes what it was given together.
type batch struct {
	mu   sync.Mutex // guards below
	runs [][]string // titles
	fail func(title string) error
}

func (b *batch) run(_ context.Context, all []flow.Item, _ *job.Progress) ([]any, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var titles []string
	var outs []any
	for _, it := range all {
		titles = append(titles, it.Title)
		if b.fail != nil {
			if err := b.fail(it.Title); err != nil {
				b.runs = append(b.runs, titles)
				return outs, err
			}
		}
		outs = append(outs, it.Title)
	}
	b.runs = append(b.runs, titles)
	return outs, nil
}

func (b *batch) seen() [][]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs
}

func fresh(n int) []flow.Fresh {
	var all []flow.Fresh
	for i := range n {
		all = append(all, flow.Fresh{ID: fmt.Sprintf("%03d", i), Line: "l", Title: fmt.Sprintf("%03d", i), Data: i})
	}
	return all
}

// TestBatchTakesManyAndOneBadItemHoldsNoOthers has one item of a hundred fail: it alone does,
// with its own words, and each of the others passes once.
func TestBatchTakesManyAndOneBadItemHoldsNoOthers(t *testing.T) {
	const n = 100
	b := &batch{fail: func(title string) error {
		if title == "042" {
			return fault.New(fault.Denied, "This one may not be read.", "Ask.", nil)
		}
		return nil
	}}
	parity := func(it flow.Item) string { return []string{"even", "odd"}[it.Title[2]%2] }
	ten := func(flow.Item) func(flow.Item) bool {
		left := 9
		return func(flow.Item) bool { left--; return left >= 0 }
	}
	db := filepath.Join(t.TempDir(), "s.db")
	line := flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "store", Batch: &flow.Batch{Run: b.run, Most: 50, Kin: parity, Fill: ten}},
		{Name: "next", After: []string{"store"}, Run: pass},
	}}
	r := start(t, db, line)
	if added, err := r.Add(t.Context(), fresh(n)...); added != n || err != nil {
		t.Fatalf("%d added, %v", added, err)
	}
	if added, err := r.Add(t.Context(), fresh(n)...); added != 0 || err != nil {
		t.Errorf("%d added again, %v", added, err)
	}
	for _, f := range fresh(n) {
		it := r.until(t, f.ID, func(it flow.Item) bool { return it.Behind("next") || it.Passes["store"].State == flow.Failed })
		var out string
		if f.ID == "042" {
			if it.Passes["store"].Say != "This one may not be read." {
				t.Errorf("%+v", it.Passes)
			}
		} else if !it.Out("store", &out) || out != f.ID {
			t.Errorf("%s has %q", f.ID, out)
		}
	}
	r.end()
	passed := map[string]int{}
	for _, run := range b.seen() {
		if len(run) > 10 || len(run) > 1 && run[0][2]%2 != run[1][2]%2 {
			t.Errorf("together: %v", run)
		}
		for _, title := range run {
			passed[title]++
		}
	}
	for title, k := range passed {
		if k != 1 && title != "042" {
			t.Errorf("%s ran %d times", title, k)
		}
	}
	if len(b.seen()) > 15 {
		t.Errorf("%d runs", len(b.seen()))
	}
	r = start(t, db, line) // all of it was kept
	defer r.end()
	if it, _ := r.Items.Row("041"); !it.Behind("next") {
		t.Errorf("after a restart: %+v", it.Passes)
	}
}

// TestOneTryTellsThatTheOtherSideIsAway parks many items after few tries, and has them all go
// on at once when someone says that it is back.
func TestOneTryTellsThatTheOtherSideIsAway(t *testing.T) {
	const n = 300
	b := &batch{fail: func(string) error { return fault.New(fault.Offline, "The NAS does not answer.", "", nil) }}
	r := start(t, filepath.Join(t.TempDir(), "s.db"), flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "push", Alone: true, Batch: &flow.Batch{Run: b.run, Most: 200}},
	}})
	defer r.end()
	if _, err := r.Add(t.Context(), fresh(n)...); err != nil {
		t.Fatal(err)
	}
	r.until(t, "000", func(it flow.Item) bool { return it.Passes["push"].Say != "" })
	b.mu.Lock()
	tries := len(b.runs)
	b.fail = nil
	b.mu.Unlock()
	if tries > 3 {
		t.Errorf("%d tries", tries)
	}
	r.Nudge()
	for _, f := range fresh(n) {
		r.until(t, f.ID, func(it flow.Item) bool { return it.Behind("push") })
	}
}

// TestRestsWhileMoreAreComing has a stage wait for those that are still on their way.
func TestRestsWhileMoreAreComing(t *testing.T) {
	b := &batch{}
	soon := time.Now().Add(time.Hour)
	gate := make(chan struct{})
	slow := func(ctx context.Context, it flow.Item, _ *job.Progress) (any, error) {
		if it.ID == "000" {
			return nil, nil
		}
		select {
		case <-gate:
			return nil, flow.Skip("nothing to do")
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	r := start(t, filepath.Join(t.TempDir(), "s.db"), flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "store", Run: slow},
		{Name: "commit", After: []string{"store"}, Batch: &flow.Batch{Run: b.run, Most: 10, Rest: func() time.Time { return soon }}},
	}})
	defer r.end()
	if _, err := r.Add(t.Context(), fresh(3)...); err != nil {
		t.Fatal(err)
	}
	r.until(t, "000", func(it flow.Item) bool { return it.Behind("store") })
	close(gate)
	it := r.until(t, "002", func(it flow.Item) bool { return it.Behind("commit") })
	if s := it.Passes["store"]; s.State != flow.Skipped || s.Say != "nothing to do" {
		t.Errorf("skipped as %+v", s)
	}
	if runs := b.seen(); len(runs) != 1 || len(runs[0]) != 3 {
		t.Errorf("committed %v", runs)
	}
}

func TestABatchThatDoesNothingSaysSo(t *testing.T) {
	idle := func(context.Context, []flow.Item, *job.Progress) ([]any, error) { return nil, nil }
	r := start(t, filepath.Join(t.TempDir(), "s.db"), flow.Line{Name: "l", Stages: []flow.Stage{
		{Name: "idle", Batch: &flow.Batch{Run: idle, Most: 10}},
	}})
	defer r.end()
	if _, err := r.Add(t.Context(), fresh(2)...); err != nil {
		t.Fatal(err)
	}
	it := r.until(t, "001", func(it flow.Item) bool { return it.Passes["idle"].State == flow.Failed })
	if it.Passes["idle"].Say == "" {
		t.Error("no words for it")
	}
}
