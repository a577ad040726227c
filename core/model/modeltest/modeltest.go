// Package modeltest is the contract of model.Tracker and model.Registry as tests that
// every adapter passes.
package modeltest

import (
	"context"
	"crypto/rand"
	"maps"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// Platform is a tracker and the registry beside it.
type Platform interface {
	model.Tracker
	model.Registry
}

// Run checks the platforms that open makes. They may hold other people's experiments and
// models: all that the suite makes has names of its own.
func Run(t *testing.T, open func(t *testing.T) Platform) {
	t.Helper()
	for name, check := range checks() {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

func checks() map[string]func(*testing.T, Platform) {
	all := map[string]func(*testing.T, Platform){"named": named, "stopped": stopped}
	maps.Copy(all, trackerChecks())
	maps.Copy(all, registryChecks())
	return all
}

func named(t *testing.T, p Platform) {
	t.Helper()
	if p.Name() == "" {
		t.Error("the platform has no name for people")
	}
}

// stopped expects that no call starts once its context has ended.
func stopped(t *testing.T, p Platform) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, experiments := p.Experiments(ctx)
	_, start := p.Start(ctx, unique("experiment"), "run", nil, nil)
	_, models := p.Models(ctx)
	_, register := p.Register(ctx, unique("model"), "", bundle("x"), nil)
	_, fetch := p.Fetch(ctx, "model", "1")
	for what, err := range map[string]error{
		"experiments": experiments, "start": start, "models": models, "register": register, "fetch": fetch,
		"log":       p.Log(ctx, absentRun, model.Metric{Name: "loss"}),
		"set alias": p.SetAlias(ctx, "model", model.Champion, "1"),
	} {
		wantKind(t, what, err, fault.Canceled)
	}
}

// Names that no platform has; they have the right form.
const (
	absentRun        = "0123456789abcdef0123456789abcdef"
	absentExperiment = "999999999"
	absentVersion    = "99999"
)

// unique returns a name that nobody else has, with letters that need escaping.
func unique(what string) string {
	return "contract " + what + " & 50% " + strings.ToLower(rand.Text()[:10])
}

// bundle is a model's files; the text makes them differ.
func bundle(text string) map[string][]byte {
	return map[string][]byte{
		"model.onnx":               slices.Concat([]byte{0, 1, 0xff, '\r', '\n'}, []byte(text)),
		"coverslip.yaml":           []byte("name: " + text + "\n"),
		"more/deep/µm 50% & +.txt": []byte("a path that needs escaping"),
		"empty.txt":                {},
	}
}

func wantKind(t *testing.T, what string, err error, k fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != k {
		t.Errorf("%s: error %v of kind %d; want kind %d", what, err, fault.KindOf(err), k)
	}
	if say, _ := fault.Explain(err); err != nil && say == "" {
		t.Errorf("%s: the fault says nothing", what)
	}
}

func check(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
