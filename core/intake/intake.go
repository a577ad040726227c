// Package intake takes a file from the instrument to a reviewed, recorded overlay.
//
// The line is capture → version → push, with infer beside version and push, then the
// review by a person, and record. Every stage may run twice and leaves the same behind:
// the instrument's file is only ever read.
package intake

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/job"
)

// LineName is the name of the line in package flow.
const LineName = "intake"

// Stored is what the capture stage leaves behind.
type Stored struct {
	MD5  string    `json:"md5"`  // of the file; of several, of the one that stands for all, or of their list
	Size int64     `json:"size"` // of several, all together
	At   time.Time `json:"at"`
}

// Finished is a capture that is stored.
type Finished struct {
	Capture

	Stored Stored
}

// Versioned is what the version stage leaves behind.
type Versioned struct {
	Commit string `json:"commit"`
}

// Pushed is what the push stage leaves behind.
type Pushed struct {
	Places []string `json:"places"`
}

// Predicted is what the infer stage leaves behind.
type Predicted struct {
	Model    string  `json:"model"`
	Version  string  `json:"version"`
	Engine   string  `json:"engine"`
	Objects  int     `json:"objects"`
	Seconds  float64 `json:"seconds"`
	Channel  int     `json:"channel"`
	Z        int     `json:"z"`
	T        int     `json:"t"`
	Diameter float64 `json:"diameter,omitempty"` // as asked for, in pixels; 0: as the model was made for
}

// Review is what a person says at the review gate.
type Review struct {
	Who   string    `json:"who"`
	Email string    `json:"email"`
	Note  string    `json:"note"`
	At    time.Time `json:"at"`
}

// Recorded is what the record stage leaves behind.
type Recorded struct {
	Commit string            `json:"commit"`
	Counts annotation.Counts `json:"counts"`
}

// Vault is the dataset as the line needs it. Each method may be called again with the
// same words after a crash and then changes nothing.
type Vault interface {
	// Capture hashes the files while copying them into the cache and the work tree. An
	// error is about the capture after those that it returns.
	Capture(ctx context.Context, all []Capture, p *job.Progress) ([]Stored, error)
	// Version commits the .dvc files of the first n captures, all together. An error is
	// about the next.
	Version(ctx context.Context, all []Finished) (commit string, n int, err error)
	// Push brings objects and commits to every place; flow.Skip if there is none.
	Push(ctx context.Context, p *job.Progress) (places []string, err error)
	// Places are where Push would bring them now.
	Places() []string
	// Record commits a capture's reviewed objects.
	Record(ctx context.Context, c Capture, s Stored, r Reviewed) (commit string, err error)
}

// Reviewed is everything that a record holds.
type Reviewed struct {
	Review    Review
	Predicted Predicted
	Objects   []annotation.Object
	Log       []annotation.Entry
}

// Seer predicts what is in a capture.
type Seer interface {
	// Detect lays a model's objects over the capture and keeps the layer.
	Detect(ctx context.Context, c Capture, s Stored, diameter float64, p *job.Progress) (Predicted, error)
}

// Bench is where people correct.
type Bench interface {
	// Current returns an image's objects with all corrections, and the corrections.
	Current(ctx context.Context, md5 string) ([]annotation.Object, []annotation.Entry, error)
}

// Line returns the intake line over the given parts. items tells what is on the line: a
// stage may do for others what it does for one.
func Line(v Vault, s Seer, b Bench, items func() map[string]flow.Item) flow.Line {
	l := line{
		vault: v, seer: s, bench: b, items: items,
		captured: newMany[Stored](), versioned: newMany[string](), committed: &last{}, pushed: &last{},
	}
	return flow.Line{Name: LineName, Stages: []flow.Stage{
		{Name: "capture", Run: l.capture},
		{Name: "version", After: []string{"capture"}, Alone: true, Run: l.version},
		{Name: "push", After: []string{"version"}, Alone: true, Run: l.push("version")},
		{Name: "infer", After: []string{"capture"}, Run: l.infer},
		{Name: "review", After: []string{"infer"}, Gate: true, Run: l.review},
		{Name: "record", After: []string{"review", "version"}, Alone: true, Run: l.record},
		{Name: "publish", After: []string{"record"}, Alone: true, Run: l.push("record")},
	}}
}

type line struct {
	vault Vault
	seer  Seer
	bench Bench
	items func() map[string]flow.Item

	captured  *many[Stored]
	versioned *many[string] // commits
	committed *last
	pushed    *last
}

func (l line) capture(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
	var c Capture
	if err := it.Read(&c); err != nil {
		return nil, err
	}
	store := func(all []Finished) ([]Stored, error) {
		cs := make([]Capture, len(all))
		for i, f := range all {
			cs[i] = f.Capture
		}
		return l.vault.Capture(ctx, cs, p)
	}
	if !together(c) {
		s, err := store([]Finished{{Capture: c}})
		if err != nil {
			return nil, err
		}
		return s[0], nil
	}
	others := func(ok free) []Finished { return small(c, l.waiting(ok, "capture")) }
	return l.captured.do(ctx, Finished{Capture: c}, others, store)
}

func (l line) version(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
	c, s, err := words(it)
	if err != nil {
		return nil, err
	}
	others := func(ok free) []Finished {
		l.gather(ctx, p, l.committed.due(), "capture")
		return same(c, l.waiting(ok, "version", "capture"))
	}
	commit, err := l.versioned.do(ctx, Finished{c, s}, others, func(all []Finished) ([]string, error) {
		begun := time.Now()
		id, n, err := l.vault.Version(ctx, all)
		l.committed.note(begun, time.Now(), nil)
		return slices.Repeat([]string{id}, n), err
	})
	return Versioned{commit}, err
}

func (l line) infer(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
	c, s, err := words(it)
	if err != nil {
		return nil, err
	}
	var before Predicted // of an earlier run, or what Again asked for
	it.Out("infer", &before)
	return l.seer.Detect(ctx, c, s, before.Diameter, p)
}

func (l line) review(context.Context, flow.Item, *job.Progress) (any, error) { return nil, nil } //nolint:nilnil // the person's words stay

func (l line) record(ctx context.Context, it flow.Item, _ *job.Progress) (any, error) {
	c, s, err := words(it)
	if err != nil {
		return nil, err
	}
	var r Reviewed
	it.Out("review", &r.Review)
	it.Out("infer", &r.Predicted)
	if r.Objects, r.Log, err = l.bench.Current(ctx, s.MD5); err != nil {
		return nil, err
	}
	commit, err := l.vault.Record(ctx, c, s, r)
	return Recorded{commit, annotation.Count(r.Objects)}, err
}

func words(it flow.Item) (c Capture, s Stored, err error) {
	if err := it.Read(&c); err != nil {
		return c, s, err
	}
	if err := json.Unmarshal(it.Passes["capture"].Out, &s); err != nil {
		return c, s, fmt.Errorf("capture stage of %s: %w", it.ID, err)
	}
	return c, s, nil
}
