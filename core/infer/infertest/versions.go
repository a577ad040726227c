package infertest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

func versions(b *bench) {
	b.load("1", Affine1())
	b.load("2", Affine2())
	b.want("1", 2, 1, 1, 1, 4, 4)
	b.want("2", 3, -1, 1, 1, 4, 4)
	b.want("", 3, -1, 1, 1, 4, 4) // the one that was loaded last
	list, err := b.Models(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range []string{"1", "2"} {
		if !slices.Contains(list, infer.Status{Ref: b.ref(v), Ready: true}) {
			b.t.Errorf("version %s is not in %+v", v, list)
		}
	}
	b.load("1", Affine1()) // back
	b.want("", 2, 1, 1, 1, 4, 4)
}

func sameVersion(b *bench) {
	b.load("1", Affine1())
	b.load("1", Affine1())
	b.want("1", 2, 1, 1, 1, 4, 4)
	b.load("1", Affine2())
	b.want("1", 3, -1, 1, 1, 4, 4)
}

// oddVersions: a registry may name versions as it likes.
func oddVersions(b *bench) {
	b.load("2026-03-rc.1", Affine1())
	b.load("12", Affine2())
	b.want("2026-03-rc.1", 2, 1, 1, 1, 4, 4)
	b.want("12", 3, -1, 1, 1, 4, 4)
	if _, err := b.Describe(b.t.Context(), b.ref("2026-03-rc.1")); err != nil {
		b.t.Error(err)
	}
	list, err := b.Models(b.t.Context())
	if err != nil || !slices.Contains(list, infer.Status{Ref: b.ref("2026-03-rc.1"), Ready: true}) {
		b.t.Errorf("models: %+v, %v", list, err)
	}
}

// manyVersions: the version in use stays while others come and go.
func manyVersions(b *bench) {
	b.load("1", Affine1())
	for v := 2; v <= 5; v++ {
		b.load(strconv.Itoa(v), Affine2())
		b.want(strconv.Itoa(v), 3, -1, 1, 1, 4, 4)
		b.want("1", 2, 1, 1, 1, 4, 4)
	}
	list, err := b.Models(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	n := 0
	for _, s := range list {
		if s.Model == b.model && s.Ready {
			n++
		}
	}
	if n > 4 {
		b.t.Errorf("%d versions are loaded", n)
	}
}

func brokenNetwork(b *bench) {
	whole := Affine1()
	b.load("1", whole)
	for what, onnx := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)/2], "no network": []byte("hello")} {
		wantKind(b.t, what, b.Load(b.t.Context(), infer.Bundle{Ref: b.ref("2"), ONNX: onnx}), fault.Corrupt)
		b.want("1", 2, 1, 1, 1, 4, 4)
		b.want("", 2, 1, 1, 1, 4, 4)
	}
	list, err := b.Models(b.t.Context())
	if err != nil || slices.ContainsFunc(list, func(s infer.Status) bool { return s.Ref == b.ref("2") }) {
		b.t.Errorf("what is no network got as far as the versions: %+v, %v", list, err)
	}
	b.load("2", Affine2())
	b.want("2", 3, -1, 1, 1, 4, 4)
}

// loadWhileAsked: a version that is in use answers while another one is loaded.
func loadWhileAsked(b *bench) {
	b.load("1", Affine1())
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()
	errs := make([]error, 4)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			for ctx.Err() == nil && errs[i] == nil {
				errs[i] = Ask(ctx, b, b.ref("1"), 2, 1, 1, 1, 32, 32)
			}
		})
	}
	b.load("2", Affine2())
	b.want("2", 3, -1, 1, 1, 4, 4)
	cancel()
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			b.t.Error(err)
		}
	}
}
