// Package infertest is the contract of infer.Engine and infer.Loader as tests that every
// engine passes.
package infertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

// Traits are what engines may differ in.
type Traits struct {
	// FreesStopped: a question that was stopped takes no more of the engine's time, so
	// that the next one is answered at once.
	FreesStopped bool
	// Described: the models come with their description, by which an engine may join questions.
	Described bool
}

// Run checks the engines that open makes. Each must be able to load models.
func Run(t *testing.T, traits Traits, open func(t *testing.T) infer.Engine) {
	t.Helper()
	for name, check := range map[string]func(*bench){
		"ready": ready, "load": load, "answers": answers, "two outputs": twoOutputs, "wanted outputs": wantedOutputs, "scalar output": scalarOutput, "own data": ownData,
		"unknown": unknown, "wrong tensors": wrongTensors, "broken network": brokenNetwork,
		"versions": versions, "same version": sameVersion, "odd versions": oddVersions, "many versions": manyVersions,
		"stopped": stopped, "stopped in the middle": stoppedInTheMiddle, "late": late,
		"many at once": manyAtOnce, "load while asked": loadWhileAsked, "unload": unload, "closed": closed,
	} {
		t.Run(name, func(t *testing.T) {
			en := open(t)
			l, ok := en.(infer.Loader)
			if !ok {
				t.Fatal("the engine can't load models")
			}
			b := &bench{t: t, Engine: en, Loader: l, model: UniqueName(), traits: traits}
			t.Cleanup(b.tidy)
			check(b)
		})
	}
}

// bench is an engine under test and the name of the model that a test may load.
type bench struct {
	t *testing.T
	infer.Engine
	infer.Loader
	model  string
	traits Traits
	has    []string // versions that were loaded
}

func (b *bench) tidy() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.t.Context()), time.Minute)
	defer cancel()
	b.settle(ctx)
	if err := b.Unload(ctx, b.model); err != nil && fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Offline {
		b.t.Errorf("unload: %v", err)
	}
	if err := b.Close(); err != nil {
		b.t.Errorf("close: %v", err)
	}
}

func (b *bench) ref(version string) infer.Ref { return infer.Ref{Model: b.model, Version: version} }

// load loads a network under the version and fails the test if that fails.
func (b *bench) load(version string, onnx []byte) {
	b.t.Helper()
	m := infer.Bundle{Ref: b.ref(version), ONNX: onnx}
	if b.traits.Described {
		m.Recipe = Recipe("y")
	}
	if err := b.Load(b.t.Context(), m); err != nil {
		b.t.Fatalf("load %s: %v", version, err)
	}
	b.has = append(b.has, version)
}

// settle asks each version something before they are unloaded. Triton 2.51 tells that a model is loaded
// a moment before it has put down what it works with, and ends itself where the model goes in that moment;
// what has answered has done with it.
func (b *bench) settle(ctx context.Context) {
	for _, version := range b.has {
		_, _ = b.Infer(ctx, b.ref(version), []infer.Tensor{Image(1, 1, 4, 4)}) // it may have left, or been stopped
	}
}

// want asks version with numbers of the given shape, and wants a*x + b back.
func (b *bench) want(version string, a, plus float32, shape ...int64) {
	b.t.Helper()
	if err := Ask(b.t.Context(), b, b.ref(version), a, plus, shape...); err != nil {
		b.t.Error(err)
	}
}

func wantKind(t *testing.T, what string, err error, kinds ...fault.Kind) {
	t.Helper()
	if err == nil || !slices.Contains(kinds, fault.KindOf(err)) {
		t.Errorf("%s: %v, kind %d; want one of %v", what, err, fault.KindOf(err), kinds)
	}
	if kinds[0] == fault.Canceled {
		return // nothing is shown of these
	}
	if f, ok := errors.AsType[*fault.Error](err); !ok || f.Say == "" || f.Say[len(f.Say)-1] != '.' {
		t.Errorf("%s: no whole sentence in %v", what, err)
	}
}

func ready(b *bench) {
	if err := b.Ready(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if b.Name() == "" {
		b.t.Error("no name")
	}
}

func load(b *bench) {
	b.load("1", Affine1())
	list, err := b.Models(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if !slices.Contains(list, infer.Status{Ref: b.ref("1"), Ready: true}) {
		b.t.Errorf("models: %+v", list)
	}
	for _, version := range []string{"", "1"} {
		spec, err := b.Describe(b.t.Context(), b.ref(version))
		if err != nil {
			b.t.Fatal(err)
		}
		shape := []int64{-1, 1, -1, -1}
		if len(spec.In) != 1 || len(spec.Out) != 1 || spec.In[0].Name != "image" || spec.Out[0].Name != "y" ||
			spec.In[0].Type != "FP32" || spec.Out[0].Type != "FP32" ||
			!slices.Equal(spec.In[0].Shape, shape) || !slices.Equal(spec.Out[0].Shape, shape) {
			b.t.Errorf("described as %+v", spec)
		}
	}
}

func unload(b *bench) {
	b.load("1", Affine1())
	b.load("2", Affine2())
	b.settle(b.t.Context())
	if err := b.Unload(b.t.Context(), b.model); err != nil {
		b.t.Fatal(err)
	}
	for _, version := range []string{"", "1", "2"} {
		wantKind(b.t, "after unload", Ask(b.t.Context(), b, b.ref(version), 2, 1, 1, 1, 2, 2), fault.NotFound)
	}
	list, err := b.Models(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range list {
		if s.Model == b.model && s.Ready {
			b.t.Errorf("still there: %+v", s)
		}
	}
	wantKind(b.t, "unload again", b.Unload(b.t.Context(), b.model), fault.NotFound)
	b.load("1", Affine2())
	b.want("1", 3, -1, 1, 1, 2, 2)
}

func closed(b *bench) {
	b.load("1", Affine1())
	b.settle(b.t.Context())
	if err := b.Unload(b.t.Context(), b.model); err != nil {
		b.t.Error(err)
	}
	if err := b.Close(); err != nil {
		b.t.Error(err)
	}
	wantKind(b.t, "ready when closed", b.Ready(b.t.Context()), fault.Offline)
	wantKind(b.t, "ask when closed", Ask(b.t.Context(), b, b.ref("1"), 2, 1, 1, 1, 2, 2), fault.Offline)
	wantKind(b.t, "load when closed", b.Load(b.t.Context(), infer.Bundle{Ref: b.ref("1"), ONNX: Affine1()}), fault.Offline)
}
