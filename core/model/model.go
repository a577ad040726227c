// Package model names training runs, models, versions and aliases.
package model

import (
	"context"
	"io"
	"time"
)

// Tracker keeps what happened in training runs. The contract is package modeltest.
type Tracker interface {
	Name() string
	Experiments(ctx context.Context) ([]Experiment, error)
	// Runs returns the newest runs, at most limit, of the experiment with that id, with params, last metrics and tags.
	Runs(ctx context.Context, experiment string, limit int) ([]Run, error)
	// History returns all values of a metric, by step.
	History(ctx context.Context, run, metric string) ([]Metric, error)
	// Start makes the experiment where it is not there yet.
	Start(ctx context.Context, experiment, name string, params, tags map[string]string) (Run, error)
	Log(ctx context.Context, run string, ms ...Metric) error
	Put(ctx context.Context, run, path string, r io.Reader) error
	Finish(ctx context.Context, run string, failed bool) error
}

// Registry keeps which model versions there are and which is in force. In force is
// an alias that moves, not a stage: MLflow gave stages up in 2.9.
type Registry interface {
	Name() string
	Models(ctx context.Context) ([]Model, error)
	Versions(ctx context.Context, model string) ([]Version, error)
	// Register makes the next version of model (and the model) from the files of a bundle.
	Register(ctx context.Context, model, run string, files map[string][]byte, tags map[string]string) (Version, error)
	SetAlias(ctx context.Context, model, alias, version string) error
	DropAlias(ctx context.Context, model, alias string) error
	Tag(ctx context.Context, model, version, key, value string) error
	// Fetch returns the files of a version by relative path, such as "model.onnx".
	Fetch(ctx context.Context, model, version string) (map[string][]byte, error)
}

// The aliases that Coverslip moves.
const (
	Champion   = "champion"   // in force
	Challenger = "challenger" // waits for a person's yes
	Previous   = "previous"   // what a rollback returns to
)

// Experiment is a named set of runs.
type Experiment struct{ ID, Name string }

// Run is a training run.
type Run struct {
	ID, Name, Experiment, Status string // Status: RUNNING, FINISHED, FAILED, KILLED
	User                         string
	Started, Ended               time.Time
	Params, Tags                 map[string]string
	Metrics                      map[string]float64 // the last value of each
}

// Metric is a number at a step.
type Metric struct {
	Name  string
	Value float64
	Step  int64
	At    time.Time
}

// Model is a registered model.
type Model struct {
	Name, Description string
	Aliases           map[string]string // alias → version
	Updated           time.Time
}

// Version is one version of a registered model.
type Version struct {
	Model, Version, Run, Source string
	Stage                       string // legacy registries; else empty or "None"
	Status, Description         string
	Aliases                     []string
	Tags                        map[string]string
	Created                     time.Time
	User                        string
}
