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
}

// Run checks the engines that open makes. Each must be able to load models.
func Run(t *testing.T, traits Traits, open func(t *testing.T) infer.Engine) {
	t.Helper()
	for name, check := range map[string]func(*testing.T, *bench){
		"ready": ready, "load": load, "answers": answers, "two outputs": twoOutputs, "own data": ownData,
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
			b := &bench{Engine: en, Loader: l, model: UniqueName(), frees: traits.FreesStopped}
			t.Cleanup(func() { b.tidy(t) })
			check(t, b)
		})
	}
}

// bench is an engine under test and the name of the model that a test may load.
type bench struct {
	infer.Engine
	infer.Loader
	model string
	frees bool
}

func (b *bench) tidy(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	defer cancel()
	if err := b.Unload(ctx, b.model); err != nil && fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Offline {
		t.Errorf("unload: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (b *bench) ref(version string) infer.Ref { return infer.Ref{Model: b.model, Version: version} }

// load loads a network under the version and fails the test if that fails.
func (b *bench) load(t *testing.T, version string, onnx []byte) {
	t.Helper()
	if err := b.Load(t.Context(), infer.Bundle{Ref: b.ref(version), ONNX: onnx}); err != nil {
		t.Fatalf("load %s: %v", version, err)
	}
}

// want asks version with numbers of the given shape, and wants a*x + b back.
func (b *bench) want(t *testing.T, version string, a, plus float32, shape ...int64) {
	t.Helper()
	if err := Ask(t.Context(), b, b.ref(version), a, plus, shape...); err != nil {
		t.Error(err)
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

func ready(t *testing.T, b *bench) {
	if err := b.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	if b.Name() == "" {
		t.Error("no name")
	}
}

func load(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	list, err := b.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(list, infer.Status{Ref: b.ref("1"), Ready: true}) {
		t.Errorf("models: %+v", list)
	}
	for _, version := range []string{"", "1"} {
		spec, err := b.Describe(t.Context(), b.ref(version))
		if err != nil {
			t.Fatal(err)
		}
		shape := []int64{-1, 1, -1, -1}
		if len(spec.In) != 1 || len(spec.Out) != 1 || spec.In[0].Name != "image" || spec.Out[0].Name != "y" ||
			spec.In[0].Type != "FP32" || spec.Out[0].Type != "FP32" ||
			!slices.Equal(spec.In[0].Shape, shape) || !slices.Equal(spec.Out[0].Shape, shape) {
			t.Errorf("described as %+v", spec)
		}
	}
}

func unload(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	b.load(t, "2", Affine2())
	if err := b.Unload(t.Context(), b.model); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"", "1", "2"} {
		wantKind(t, "after unload", Ask(t.Context(), b, b.ref(version), 2, 1, 1, 1, 2, 2), fault.NotFound)
	}
	list, err := b.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range list {
		if s.Model == b.model && s.Ready {
			t.Errorf("still there: %+v", s)
		}
	}
	wantKind(t, "unload again", b.Unload(t.Context(), b.model), fault.NotFound)
	b.load(t, "1", Affine2())
	b.want(t, "1", 3, -1, 1, 1, 2, 2)
}

func closed(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	if err := b.Unload(t.Context(), b.model); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	wantKind(t, "ready when closed", b.Ready(t.Context()), fault.Offline)
	wantKind(t, "ask when closed", Ask(t.Context(), b, b.ref("1"), 2, 1, 1, 1, 2, 2), fault.Offline)
	wantKind(t, "load when closed", b.Load(t.Context(), infer.Bundle{Ref: b.ref("1"), ONNX: Affine1()}), fault.Offline)
}
