package infertest

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/infer"
)

func versions(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	b.load(t, "2", Affine2())
	b.want(t, "1", 2, 1, 1, 1, 4, 4)
	b.want(t, "2", 3, -1, 1, 1, 4, 4)
	b.want(t, "", 3, -1, 1, 1, 4, 4) // the one that was loaded last
	list, err := b.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"1", "2"} {
		if !slices.Contains(list, infer.Status{Ref: b.ref(v), Ready: true}) {
			t.Errorf("version %s is not in %+v", v, list)
		}
	}
	b.load(t, "1", Affine1()) // back
	b.want(t, "", 2, 1, 1, 1, 4, 4)
}

func sameVersion(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	b.load(t, "1", Affine1())
	b.want(t, "1", 2, 1, 1, 1, 4, 4)
	b.load(t, "1", Affine2())
	b.want(t, "1", 3, -1, 1, 1, 4, 4)
}

// oddVersions: a registry may name versions as it likes.
func oddVersions(t *testing.T, b *bench) {
	b.load(t, "2026-03-rc.1", Affine1())
	b.load(t, "12", Affine2())
	b.want(t, "2026-03-rc.1", 2, 1, 1, 1, 4, 4)
	b.want(t, "12", 3, -1, 1, 1, 4, 4)
	if _, err := b.Describe(t.Context(), b.ref("2026-03-rc.1")); err != nil {
		t.Error(err)
	}
	list, err := b.Models(t.Context())
	if err != nil || !slices.Contains(list, infer.Status{Ref: b.ref("2026-03-rc.1"), Ready: true}) {
		t.Errorf("models: %+v, %v", list, err)
	}
}

// manyVersions: the version in use stays while others come and go.
func manyVersions(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	for v := 2; v <= 5; v++ {
		b.load(t, strconv.Itoa(v), Affine2())
		b.want(t, strconv.Itoa(v), 3, -1, 1, 1, 4, 4)
		b.want(t, "1", 2, 1, 1, 1, 4, 4)
	}
	list, err := b.Models(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, s := range list {
		if s.Model == b.model && s.Ready {
			n++
		}
	}
	if n > 4 {
		t.Errorf("%d versions are loaded", n)
	}
}

func brokenNetwork(t *testing.T, b *bench) {
	whole := Affine1()
	b.load(t, "1", whole)
	for what, onnx := range map[string][]byte{"empty": nil, "cut": whole[:len(whole)/2], "no network": []byte("hello")} {
		wantKind(t, what, b.Load(t.Context(), infer.Bundle{Ref: b.ref("2"), ONNX: onnx}), fault.Corrupt)
		b.want(t, "1", 2, 1, 1, 1, 4, 4)
		b.want(t, "", 2, 1, 1, 1, 4, 4)
	}
	b.load(t, "2", Affine2())
	b.want(t, "2", 3, -1, 1, 1, 4, 4)
}

// loadWhileAsked: a version that is in use answers while another one is loaded.
func loadWhileAsked(t *testing.T, b *bench) {
	b.load(t, "1", Affine1())
	ctx, cancel := context.WithCancel(t.Context())
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
	b.load(t, "2", Affine2())
	b.want(t, "2", 3, -1, 1, 1, 4, 4)
	cancel()
	wg.Wait()
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}
