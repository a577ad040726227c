package infer_test

import (
	"context"
	"encoding/binary"
	"image"
	"math"
	"strings"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/recipe"
)

// loud is a marcher that sees a centre wherever it is bright, and that a star is as wide as it is
// bright there.
type loud struct {
	marcher
	times float32
}

func (e loud) Infer(ctx context.Context, ref infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	out, err := e.marcher.Infer(ctx, ref, in)
	if err != nil {
		return nil, err
	}
	x, w := infertest.Numbers(in[0]), int(in[0].Shape[3])
	n := len(x) / 4
	put := func(t, i int, v float32) { binary.LittleEndian.PutUint32(out[t].Data[4*i:], math.Float32bits(v)) }
	for i := range n {
		v := x[i/(w/2)*2*w+i%(w/2)*2]
		put(1, i, min(v, 1))
		for k := range 32 {
			put(0, k*n+i, 8*v*e.times)
		}
	}
	return out, nil
}

// lit is black but for so many pixels.
func lit(pixels int) plane {
	p := plane{size: image.Pt(600, 500), px: make([]uint16, 600*500)}
	for i := range pixels {
		p.px[(100+i/20*2)*600+200+i%20*2] = uint16(i + 1)
	}
	return p
}

// TestEmptyFields: an image of nothing but some odd pixels has no objects, whatever a model makes of
// numbers that are stretched without end. With as many as an object has, or of an image that has
// contrast, such answers are the model's fault.
func TestEmptyFields(t *testing.T) {
	discs, _ := discs(431, 317, 10)
	hot := sheets{w: 600, h: 500, channels: [][]float32{make([]float32, 600*500)}, names: []string{"a"}}
	hot.channels[0][100*600+200] = 0.5
	for name, c := range map[string]struct {
		src     imageio.Source
		times   float32
		objects bool
		kind    fault.Kind
	}{
		"discs":                {discs, 1, true, 0},
		"black":                {lit(0), 1, false, 0},
		"a hot pixel":          {lit(1), 1, false, 0},
		"of floating numbers":  {hot, 1, false, 0},
		"some":                 {lit(300), 1, false, 0},
		"as many as an object": {lit(320), 1, false, fault.Invalid},
		"a wrong model":        {discs, 1e5, false, fault.Invalid},
	} {
		l, err := infer.Detect(t.Context(), loud{times: c.times}, ref, describe(t), c.src, infer.Options{Parallel: 1}, nil)
		if fault.KindOf(err) != c.kind || (len(l.Objects) > 0) != c.objects {
			t.Errorf("%s: %d objects, %v", name, len(l.Objects), err)
		}
	}
}

// TestEmptyFieldsAreKeptWhole: their threshold can be moved as that of any other image.
func TestEmptyFieldsAreKeptWhole(t *testing.T) {
	src := lit(1)
	opt := infer.Options{Tile: 128, Keep: infer.Keep{Dir: t.TempDir(), Bytes: 1 << 30, Of: "a"}}
	if l, err := infer.Detect(t.Context(), loud{times: 1}, ref, describe(t), src, opt, nil); err != nil || len(l.Objects) > 0 {
		t.Fatalf("%d objects, %v", len(l.Objects), err)
	}
	for _, opt.Threshold = range []float64{0.3, 1} {
		if l, err := infer.Recall(t.Context(), ref, describe(t), src, opt, nil); err != nil || len(l.Objects) > 0 {
			t.Errorf("above %v: %d objects, %v", opt.Threshold, len(l.Objects), err)
		}
	}
}

// TestWrongModelsAreToldSoon: of an image that has contrast no more is read than shows that.
func TestWrongModelsAreToldSoon(t *testing.T) {
	m, err := recipe.Read([]byte(strings.Replace(text, "{id: scale_range, kwargs: {min_percentile: 1, max_percentile: 99.8}}", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	flat, _ := discs(1000, 1000, 10)
	src := watched{flat, new(atomic.Int64)}
	_, err = infer.Detect(t.Context(), loud{times: 1e5}, ref, m, src, infer.Options{Tile: 128, Parallel: 1}, nil)
	if n := src.read.Load(); fault.KindOf(err) != fault.Invalid || n > 20 {
		t.Errorf("%d of 100 tiles read: %v", n, err)
	}
}
