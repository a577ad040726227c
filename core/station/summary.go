package station

import (
	"context"
	"fmt"
	"sort"

	"coverslip.dev/coverslip/core/event"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
)

// Summary is what a workspace holds, in numbers.
type Summary struct {
	Captured     int      `json:"captured"`
	Bytes        int64    `json:"bytes"`
	Versioned    int      `json:"versioned"`
	Pushed       int      `json:"pushed"`
	Predicted    int      `json:"predicted"`
	Objects      int      `json:"objects"`
	InferSeconds float64  `json:"infer_seconds"`
	Recorded     int      `json:"recorded"`
	Commits      int      `json:"commits"`
	Seconds      int      `json:"seconds,omitempty"`
	Troubles     []string `json:"troubles"`
}

// Summary counts what stands now.
func (s *Station) Summary(ctx context.Context) (Summary, error) {
	var sum Summary
	for _, it := range s.flow.Items.All() {
		if it.Line == intake.LineName {
			sum.count(it)
		}
	}
	for _, t := range s.board.Troubles.All() {
		sum.Troubles = append(sum.Troubles, t.Title+": "+t.Say)
	}
	sort.Strings(sum.Troubles)
	commits, err := s.Commits(ctx, 0)
	sum.Commits = len(commits)
	return sum, err
}

func (sum *Summary) count(it flow.Item) {
	var st intake.Stored
	if it.Out("capture", &st) {
		sum.Captured++
		sum.Bytes += st.Size
	}
	var p intake.Predicted
	if it.Behind("infer") && it.Out("infer", &p) {
		sum.Predicted++
		sum.Objects += p.Objects
		sum.InferSeconds += p.Seconds
	}
	for stage, n := range map[string]*int{"version": &sum.Versioned, "record": &sum.Recorded} {
		if it.Passes[stage].State == flow.Passed {
			*n++
		}
	}
	if it.Passes["push"].State == flow.Passed {
		sum.Pushed++
	}
	for _, stage := range []string{"capture", "version", "push", "infer", "record"} {
		if p := it.Passes[stage]; p.Say != "" && p.State != flow.Skipped {
			sum.Troubles = append(sum.Troubles, fmt.Sprintf("%s (%s): %s", it.Title, stage, p.Say))
		}
	}
}

// AwaitSample returns when every capture of the sample bench is as far as it goes by
// itself: versioned, pushed, and predicted or refused.
func (s *Station) AwaitSample(ctx context.Context) error {
	names, err := sampleNames()
	if err != nil {
		return err
	}
	return s.await(ctx, func(items []flow.Item) bool { return len(items) >= len(names) && all(items, predicted) })
}

// Predicted reports whether every capture of the sample bench is predicted or refused.
func (s *Station) Predicted() bool {
	names, err := sampleNames()
	items := s.captures()
	return err == nil && len(items) >= len(names) && all(items, predicted)
}

// Recorded reports whether a review is recorded, and none is under way.
func (s *Station) Recorded() bool {
	n := 0
	for _, it := range s.captures() {
		if record := it.Passes["record"].State; record == flow.Passed && it.Behind("publish") {
			n++
		} else if it.Behind("review") && record != flow.Skipped {
			return false
		}
	}
	return n > 0
}

func predicted(it flow.Item) bool {
	seen := it.Behind("infer") || it.Passes["infer"].State == flow.Failed
	return seen && it.Behind("push")
}

func all(items []flow.Item, ok func(flow.Item) bool) bool {
	for _, it := range items {
		if !ok(it) {
			return false
		}
	}
	return true
}

// captures returns the items of the intake line.
func (s *Station) captures() []flow.Item {
	var out []flow.Item
	for _, it := range s.flow.Items.All() {
		if it.Line == intake.LineName {
			out = append(out, it)
		}
	}
	return out
}

func (s *Station) await(ctx context.Context, ok func([]flow.Item) bool) error {
	return until(ctx, &s.flow.Items, func() bool { return ok(s.captures()) })
}

// until watches a feed until ok says so.
func until[V any](ctx context.Context, f *event.Feed[string, V], ok func() bool) error {
	enough := fmt.Errorf("enough")
	err := f.Watch(ctx, func([]event.Change[string, V]) error {
		if ok() {
			return enough
		}
		return nil
	})
	if err == enough { //nolint:errorlint // our own value, handed through unwrapped
		return nil
	}
	return err
}
