package infer_test

import (
	"context"
	"encoding/binary"
	"image"
	"math"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
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

// TestEmptyFields: an image of nothing but some odd pixels has no objects, whatever a model makes of
// numbers that are stretched without end. With as many as an object has, or of an image that has
// contrast, such answers are the model's fault.
func TestEmptyFields(t *testing.T) {
	lit := func(pixels int) plane {
		p := plane{size: image.Pt(600, 500), px: make([]uint16, 600*500)}
		for i := range pixels {
			p.px[(100+i/20*2)*600+200+i%20*2] = uint16(i + 1)
		}
		return p
	}
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
