// Package release puts a registered model version in force, and takes it back.
//
// The line is fetch → load → probe → promote. The alias moves last: a version is in
// force only after the engines loaded it and it answered the lab's own probe images.
// A rollback is the same line towards the version that was in force before.
package release

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/model"
)

// LineName is the name of the line in package flow.
const LineName = "release"

// TagPrefix begins the keys of the version tags that hold the history; what follows is
// the time of the decision.
const TagPrefix = "coverslip.promotion."

// Promotion is a decision: a named person's, with a reason.
type Promotion struct {
	Model    string    `json:"model"`
	Version  string    `json:"version"` // to
	From     string    `json:"from"`    // what was in force; empty if nothing was
	Who      string    `json:"who"`
	Why      string    `json:"why"`
	At       time.Time `json:"at"`
	Rollback bool      `json:"rollback,omitempty"`
	Probe    *Report   `json:"probe,omitempty"`
}

// Report is how a version did on the probe images, beside the one in force.
type Report struct {
	Engine string       `json:"engine"`
	Images []ProbeImage `json:"images"`
}

// ProbeImage is one probe image's outcome: how many objects each version found.
type ProbeImage struct {
	Name    string `json:"name"`
	Objects int    `json:"objects"`
	Before  int    `json:"before"` // by the version in force; -1 if there is none
}

// Host is where models run. Load and Probe are called from the line, one release at a
// time, and may be called again after a crash.
type Host interface {
	// Load brings the bundle into every engine that serves, beside what is in force.
	Load(ctx context.Context, b infer.Bundle) error
	// Probe asks the loaded version and the one in force about the probe images. It
	// fails if an answer is missing or makes no sense.
	Probe(ctx context.Context, m infer.Ref, inForce string, p *job.Progress) (Report, error)
	// InForce tells the host that the alias moved.
	InForce(ctx context.Context, m infer.Ref) error
}

// Desk takes decisions and carries them out on a line.
type Desk struct {
	host     Host
	registry func() model.Registry // the one that is connected now
}

// NewDesk returns a desk for models that run on host.
func NewDesk(host Host, registry func() model.Registry) *Desk {
	return &Desk{host: host, registry: registry}
}

// Line is the release line.
func (d *Desk) Line() flow.Line {
	return flow.Line{Name: LineName, Stages: []flow.Stage{
		{Name: "load", Alone: true, Run: d.load},
		{Name: "probe", After: []string{"load"}, Alone: true, Run: d.probe},
		{Name: "promote", After: []string{"probe"}, Alone: true, Run: d.promote},
	}}
}

// ID names the item of a promotion.
func (p Promotion) ID() string {
	return fmt.Sprintf("%s/%s@%s/%d", LineName, p.Model, p.Version, p.At.UnixNano())
}

// Title says what the promotion does.
func (p Promotion) Title() string {
	if p.Rollback {
		return "Roll " + p.Model + " back to version " + p.Version
	}
	return "Promote " + p.Model + " to version " + p.Version
}

// Check returns why the decision can't be taken.
func (p Promotion) Check() error {
	switch {
	case strings.TrimSpace(p.Who) == "":
		return fault.New(fault.Invalid, "Nobody is named for this decision.", "Write your name under Settings, Person.", nil)
	case strings.TrimSpace(p.Why) == "":
		return fault.New(fault.Invalid, "A promotion needs a reason.", "Say in a few words why this version is better.", nil)
	case p.Version == p.From:
		return fault.New(fault.Exists, "Version "+p.Version+" is in force already.", "", nil)
	}
	return nil
}

func (d *Desk) load(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
	var pr Promotion
	if err := it.Read(&pr); err != nil {
		return nil, err
	}
	p.Step("fetching the model")
	b, err := Bundle(ctx, d.registry(), pr.Model, pr.Version)
	if err != nil {
		return nil, err
	}
	p.Step("loading it")
	return nil, d.host.Load(ctx, b)
}

// Bundle fetches a registered version, ready to be loaded.
func Bundle(ctx context.Context, r model.Registry, name, version string) (infer.Bundle, error) {
	files, err := r.Fetch(ctx, name, version)
	if err != nil {
		return infer.Bundle{}, err
	}
	place := fmt.Sprintf("version %s of %s", version, name)
	b, _, err := infer.ReadModel(place, slices.Sorted(maps.Keys(files)), func(path string) ([]byte, error) {
		if data, ok := files[path]; ok {
			return data, nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	})
	if err != nil {
		return infer.Bundle{}, err
	}
	if b.ONNX == nil {
		return infer.Bundle{}, fault.New(fault.Invalid, "There is no network in ONNX in "+place+".", "Register it with its network and its description.", nil)
	}
	b.Ref = infer.Ref{Model: name, Version: version}
	return b, nil
}

func (d *Desk) probe(ctx context.Context, it flow.Item, p *job.Progress) (any, error) {
	var pr Promotion
	if err := it.Read(&pr); err != nil {
		return nil, err
	}
	return d.host.Probe(ctx, infer.Ref{Model: pr.Model, Version: pr.Version}, pr.From, p)
}

// promote moves the aliases. Before the champion moves, the one that was in force is
// kept as previous; a second run finds the champion moved and leaves previous alone.
func (d *Desk) promote(ctx context.Context, it flow.Item, _ *job.Progress) (any, error) {
	var pr Promotion
	if err := it.Read(&pr); err != nil {
		return nil, err
	}
	var rep Report
	if it.Out("probe", &rep) {
		pr.Probe = &rep
	}
	r := d.registry()
	now, err := Champion(ctx, r, pr.Model)
	if err != nil {
		return nil, err
	}
	if now != pr.Version && now != pr.From {
		return nil, fault.New(fault.Exists, fmt.Sprintf("Version %s came into force meanwhile, by someone else.", now),
			"Look at it, then decide again.", nil)
	}
	entry, err := json.Marshal(pr)
	if err != nil {
		return nil, err
	}
	if pr.From != "" {
		if err := r.SetAlias(ctx, pr.Model, model.Previous, pr.From); err != nil {
			return nil, err
		}
	}
	if err := r.Tag(ctx, pr.Model, pr.Version, TagPrefix+pr.At.UTC().Format("20060102T150405.000Z"), string(entry)); err != nil {
		return nil, err
	}
	if err := r.SetAlias(ctx, pr.Model, model.Champion, pr.Version); err != nil {
		return nil, err
	}
	return pr, d.host.InForce(ctx, infer.Ref{Model: pr.Model, Version: pr.Version})
}

// Champion returns the version of name that is in force, empty if none is.
func Champion(ctx context.Context, r model.Registry, name string) (string, error) {
	ms, err := r.Models(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range ms {
		if m.Name == name {
			return m.Aliases[model.Champion], nil
		}
	}
	return "", fault.New(fault.NotFound, "The registry has no model named "+name+".", "Check the name on the Models screen.", nil)
}

// History returns the promotions that versions carry in their tags, the newest first.
func History(versions []model.Version) []Promotion {
	var out []Promotion
	for _, v := range versions {
		for k, text := range v.Tags {
			var p Promotion
			if strings.HasPrefix(k, TagPrefix) && json.Unmarshal([]byte(text), &p) == nil {
				out = append(out, p)
			}
		}
	}
	slices.SortFunc(out, func(a, b Promotion) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.Version, b.Version)) })
	return out
}
