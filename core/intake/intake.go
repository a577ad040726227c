// Package intake takes a file from the instrument to a reviewed, recorded overlay.
//
// The line is capture → version → push, with infer beside version and push, then the
// review by a person, and record. Every stage may run twice and leaves the same behind:
// the instrument's file is only ever read.
package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"slices"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/capture"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/imageio"
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
	// Region is the part of the image whose objects were asked for, in its pixels; empty: all.
	Region image.Rectangle `json:"region,omitzero"`
	At     *Plane          `json:"at,omitempty"`     // which Z and T are then, as a person chose them; nil: they were chosen by the program
	Note   string          `json:"note,omitempty"`   // what was guessed of the channels that the model was given; empty: nothing
	Wanted string          `json:"wanted,omitempty"` // the model that a person asked for; empty: as the rules say
	Before *Before         `json:"before,omitempty"` // while it waits to be done again in a batch
}

// Plane is one of a stack at a time point, both from 0 on.
type Plane struct {
	Z int `json:"z"`
	T int `json:"t"`
}

// Before is how a capture stood before it was put into a batch.
type Before struct {
	Infer  flow.Pass `json:"infer"`
	Review flow.Pass `json:"review"`
}

// Ask is what a person wants of a prediction.
type Ask struct {
	Model    string          // empty: as the rules say
	Diameter float64         // in pixels; 0: as the model was made for
	Region   image.Rectangle // whose objects are wanted; empty: all of the image
	At       *Plane          // that is looked at; nil: the middle one, the first time point
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
	// Edits is how many entries of the log of corrections are in the commit; nil where an earlier
	// program recorded it.
	Edits *int `json:"edits,omitempty"`
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
	Detect(ctx context.Context, c Capture, s Stored, ask Ask, p *job.Progress) (Predicted, error)
}

// Bench is where people correct.
type Bench interface {
	// Current returns an image's objects with all corrections, and the corrections.
	Current(ctx context.Context, md5 string) ([]annotation.Object, []annotation.Entry, error)
}

// Line returns the intake line over the given parts.
func Line(v Vault, s Seer, b Bench) flow.Line {
	l := line{vault: v, seer: s, bench: b, committed: &last{}, pushed: &last{}}
	return flow.Line{Name: LineName, Stages: []flow.Stage{
		{Name: "capture", Batch: &flow.Batch{Run: l.capture, Most: manyFiles, Kin: company, Fill: upTo}},
		{Name: "version", After: []string{"capture"}, Alone: true, Batch: &flow.Batch{
			Run: l.version, Most: manyVersions, Kin: source, Rest: l.committed.due,
		}},
		{Name: "push", After: []string{"version"}, Alone: true, Batch: l.push("version")},
		{Name: "infer", After: []string{"capture"}, Run: l.infer},
		{Name: "review", After: []string{"infer"}, Gate: true, Run: l.review},
		{Name: "record", After: []string{"review", "version"}, Alone: true, Run: l.record},
		{Name: "publish", After: []string{"record"}, Alone: true, Batch: l.push("record")},
	}}
}

type line struct {
	vault Vault
	seer  Seer
	bench Bench

	committed *last
	pushed    *last
}

func (l line) capture(ctx context.Context, all []flow.Item, p *job.Progress) ([]any, error) {
	cs := make([]Capture, len(all))
	for i, it := range all {
		if err := it.Read(&cs[i]); err != nil {
			if i == 0 {
				return nil, err
			}
			cs = cs[:i] // its own turn tells
			break
		}
	}
	done, err := l.vault.Capture(ctx, cs, p)
	outs := make([]any, len(done))
	for i, s := range done {
		outs[i] = s
	}
	return outs, err
}

func (l line) version(ctx context.Context, all []flow.Item, _ *job.Progress) ([]any, error) {
	fs := make([]Finished, len(all))
	for i, it := range all {
		var err error
		if fs[i].Capture, fs[i].Stored, err = words(it); err != nil {
			if i == 0 {
				return nil, err
			}
			fs = fs[:i]
			break
		}
	}
	begun := time.Now()
	commit, n, err := l.vault.Version(ctx, fs)
	l.committed.note(begun, time.Now(), nil)
	return slices.Repeat([]any{Versioned{commit}}, n), err
}

func (l line) infer(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
	c, s, err := words(it)
	if err != nil {
		return nil, err
	}
	var before Predicted // of an earlier run, or what Again asked for
	it.Out("infer", &before)
	out, err := l.seer.Detect(ctx, c, s, Ask{before.Wanted, before.Diameter, before.Region, before.At}, p)
	if errors.Is(err, imageio.ErrNoFormat) && !capture.Picture(cmp.Or(c.Lead, c.Rel)) { // a table, notes
		say, _ := fault.Explain(err)
		return nil, flow.Skip(say)
	}
	out.Wanted = before.Wanted
	return out, err
}

func (l line) review(context.Context, flow.Item, *job.Progress) (any, error) { return nil, nil } //nolint:nilnil // the person's words stay

func (l line) record(ctx context.Context, it flow.Item, _ *job.Progress) (any, error) {
	c, s, err := words(it)
	if err != nil {
		return nil, err
	}
	if it.Passes["review"].State == flow.Skipped {
		return nil, flow.Skip("There is nothing to record.")
	}
	var r Reviewed
	it.Out("review", &r.Review)
	it.Out("infer", &r.Predicted)
	if r.Objects, r.Log, err = l.bench.Current(ctx, s.MD5); err != nil {
		return nil, err
	}
	commit, err := l.vault.Record(ctx, c, s, r)
	return Recorded{commit, annotation.Count(r.Objects), new(len(r.Log))}, err
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
