package infertest

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

func answers(b *bench) {
	b.load("1", Affine1())
	for _, shape := range [][]int64{{1, 1, 1, 1}, {2, 1, 3, 5}, {1, 1, 256, 384}, {8, 1, 16, 16}} {
		b.want("1", 2, 1, shape...)
		b.want("", 2, 1, shape...)
	}
}

func twoOutputs(b *bench) {
	b.load("1", Split())
	out, err := b.Infer(b.t.Context(), b.ref("1"), []infer.Tensor{Image(1, 1, 4, 6)})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(out) != 2 || out[0].Name != "prob" || out[1].Name != "dist" {
		b.t.Fatalf("outputs: %+v", ports(out))
	}
	if !slices.Equal(out[0].Shape, []int64{1, 1, 2, 3}) || !slices.Equal(out[1].Shape, []int64{1, 2, 2, 3}) {
		b.t.Errorf("shapes: %+v", ports(out))
	}
	if got := Numbers(out[0]); !slices.Equal(got, []float32{0, 1, 2, 6, 7, 8}) {
		b.t.Errorf("prob: %v", got)
	}
	if got := Numbers(out[1]); !slices.Equal(got, []float32{1, 2, 3, 7, 8, 9, 2, 3, 4, 8, 9, 10}) {
		b.t.Errorf("dist: %v", got)
	}
}

// scalarOutput is an output without dimensions, also where somebody else's is wanted.
func scalarOutput(b *bench) {
	b.load("1", Scalar())
	in := Image(2, 1, 3, 5)
	out, err := b.Infer(b.t.Context(), b.ref("1"), []infer.Tensor{in})
	if err != nil {
		b.t.Fatal(err)
	}
	if len(out) != 2 || out[0].Name != "y" || !slices.Equal(out[0].Shape, in.Shape) || out[1].Name != "top" {
		b.t.Fatalf("outputs: %+v", ports(out))
	}
	if y, top := Numbers(out[0]), Numbers(out[1]); len(top) != 1 || top[0] != slices.Max(y) {
		b.t.Errorf("top is %v, of shape %v", top, out[1].Shape)
	}
	ctx := infer.WithTerms(b.t.Context(), infer.Terms{Outputs: []string{"y"}})
	if out, err = b.Infer(ctx, b.ref("1"), []infer.Tensor{in}); err != nil || len(out) != 1 || out[0].Name != "y" {
		b.t.Errorf("asked for y: %+v, %v", ports(out), err)
	}
}

// wantedOutputs are all that comes, also of a question that was asked before with others.
func wantedOutputs(b *bench) {
	b.load("1", Split())
	in := []infer.Tensor{Image(1, 1, 128, 128)}
	all, err := b.Infer(b.t.Context(), b.ref("1"), in)
	if err != nil || len(all) != 2 {
		b.t.Fatalf("outputs: %+v, %v", ports(all), err)
	}
	for range 2 { // an engine may have learnt from the first
		for i, name := range []string{"prob", "dist"} {
			ctx := infer.WithTerms(b.t.Context(), infer.Terms{Outputs: []string{name}})
			out, err := b.Infer(ctx, b.ref("1"), in)
			if err != nil {
				b.t.Fatal(err)
			}
			if len(out) != 1 || out[0].Name != name || !slices.Equal(out[0].Shape, all[i].Shape) || !bytes.Equal(out[0].Data, all[i].Data) {
				b.t.Errorf("asked for %s: %+v", name, ports(out))
			}
		}
	}
	ctx := infer.WithTerms(b.t.Context(), infer.Terms{Outputs: []string{"dist", "prob"}})
	if out, err := b.Infer(ctx, b.ref("1"), in); err != nil || len(out) != 2 {
		b.t.Errorf("asked for both: %+v, %v", ports(out), err)
	}
	ctx = infer.WithTerms(b.t.Context(), infer.Terms{Outputs: []string{"prob", "third"}})
	_, err = b.Infer(ctx, b.ref("1"), in)
	wantKind(b.t, "an output that is not there", err, fault.Invalid)
}

func ownData(b *bench) {
	b.load("1", Affine1())
	in := Image(1, 1, 64, 64)
	before := bytes.Clone(in.Data)
	first, err := b.Infer(b.t.Context(), b.ref("1"), []infer.Tensor{in})
	if err != nil {
		b.t.Fatal(err)
	}
	kept := bytes.Clone(first[0].Data)
	clear(in.Data)
	if _, err := b.Infer(b.t.Context(), b.ref("1"), []infer.Tensor{in}); err != nil {
		b.t.Fatal(err)
	}
	if !bytes.Equal(kept, first[0].Data) || bytes.Equal(kept, before) {
		b.t.Error("a later question changed an earlier answer")
	}
}

func unknown(b *bench) {
	ctx, in := b.t.Context(), []infer.Tensor{Image(1, 1, 2, 2)}
	_, err := b.Infer(ctx, b.ref(""), in)
	wantKind(b.t, "infer", err, fault.NotFound)
	_, err = b.Infer(ctx, b.ref("7"), in)
	wantKind(b.t, "infer a version", err, fault.NotFound)
	_, err = b.Describe(ctx, b.ref(""))
	wantKind(b.t, "describe", err, fault.NotFound)
	_, err = b.Describe(ctx, b.ref("7"))
	wantKind(b.t, "describe a version", err, fault.NotFound)
	wantKind(b.t, "unload", b.Unload(ctx, b.model), fault.NotFound)
	b.load("1", Affine1())
	_, err = b.Infer(ctx, b.ref("7"), in)
	wantKind(b.t, "infer another version", err, fault.NotFound)
	_, err = b.Describe(ctx, b.ref("7"))
	wantKind(b.t, "describe another version", err, fault.NotFound)
	_, err = b.Infer(ctx, b.ref("seven"), in)
	wantKind(b.t, "infer a version of letters", err, fault.NotFound)
}

func wrongTensors(b *bench) {
	b.load("1", Affine1())
	change := func(f func(*infer.Tensor)) []infer.Tensor {
		in := Image(1, 1, 4, 4)
		f(&in)
		return []infer.Tensor{in}
	}
	for what, in := range map[string][]infer.Tensor{
		"no input":      nil,
		"name":          change(func(p *infer.Tensor) { p.Name = "picture" }),
		"type":          change(func(p *infer.Tensor) { p.Type, p.Shape = "UINT8", []int64{1, 1, 8, 8} }),
		"no such type":  change(func(p *infer.Tensor) { p.Type = "FP33" }),
		"channels":      change(func(p *infer.Tensor) { p.Shape = []int64{1, 4, 2, 2} }),
		"dimensions":    change(func(p *infer.Tensor) { p.Shape = []int64{4, 4} }),
		"negative":      change(func(p *infer.Tensor) { p.Shape = []int64{1, 1, -4, -4} }),
		"too few bytes": change(func(p *infer.Tensor) { p.Data = p.Data[:60] }),
		"too many":      change(func(p *infer.Tensor) { p.Data = append(p.Data, 0, 0, 0, 0) }),
		"no bytes":      change(func(p *infer.Tensor) { p.Data = nil }),
		"one too many":  {Image(1, 1, 4, 4), func() infer.Tensor { x := Image(1); x.Name = "more"; return x }()},
	} {
		_, err := b.Infer(b.t.Context(), b.ref("1"), in)
		wantKind(b.t, what, err, fault.Invalid)
	}
	b.want("1", 2, 1, 1, 1, 4, 4)
}

func stopped(b *bench) {
	b.load("1", Affine1())
	ctx, cancel := context.WithCancel(b.t.Context())
	cancel()
	wantKind(b.t, "ready", b.Ready(ctx), fault.Canceled)
	_, err := b.Models(ctx)
	wantKind(b.t, "models", err, fault.Canceled)
	_, err = b.Describe(ctx, b.ref("1"))
	wantKind(b.t, "describe", err, fault.Canceled)
	wantKind(b.t, "infer", Ask(ctx, b, b.ref("1"), 2, 1, 1, 1, 2, 2), fault.Canceled)
	wantKind(b.t, "load", b.Load(ctx, infer.Bundle{Ref: b.ref("2"), ONNX: Affine2()}), fault.Canceled)
	wantKind(b.t, "unload", b.Unload(ctx, b.model), fault.Canceled)
	b.want("1", 2, 1, 1, 1, 2, 2)
}

// long asks the slow network about so many pixels, and tells how long that took.
func long(ctx context.Context, b *bench, side int64) (time.Duration, error) {
	begun := time.Now()
	_, err := b.Infer(ctx, b.ref("1"), []infer.Tensor{Image(1, 1, side, side)})
	return time.Since(begun), err
}

// cut ends a long question early, by the context that early makes, which must come back soon. What else
// the machine has to do makes any question long: so it is measured against a whole one before
// and a whole one after it, and tried a few times.
func cut(b *bench, kind fault.Kind, early func(context.Context, time.Duration) (context.Context, context.CancelFunc)) {
	b.load("1", Slow())
	ask := func(side int64) time.Duration {
		b.t.Helper()
		took, err := long(b.t.Context(), b, side)
		if err != nil {
			b.t.Fatal(err)
		}
		return took
	}
	for full, try := ask(1024), 0; ; try++ {
		ctx, cancel := early(b.t.Context(), full/4)
		took, err := long(ctx, b, 1024)
		cancel()
		next := ask(16)
		full = max(full, ask(1024))
		if err != nil && fault.KindOf(err) != kind {
			b.t.Errorf("cut short: %v", err)
		}
		if err != nil && took <= full*3/4 && (!b.traits.FreesStopped || next <= full/2) {
			return
		}
		if try == 5 {
			b.t.Fatalf("%v after %v, and the next answer after %v more; the whole takes %v", err, took, next, full)
		}
	}
}

func stoppedInTheMiddle(b *bench) {
	cut(b, fault.Canceled, func(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancel(ctx)
		time.AfterFunc(after, cancel)
		return ctx, cancel
	})
}

func late(b *bench) { cut(b, fault.Offline, context.WithTimeout) }

func manyAtOnce(b *bench) {
	b.load("1", Affine1())
	errs := make([]error, 8)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for k := range 10 {
				errs[i] = errors.Join(errs[i], Ask(b.t.Context(), b, b.ref("1"), 2, 1, 1, 1, int64(16+16*i), int64(16+k)))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		b.t.Error(err)
	}
}
