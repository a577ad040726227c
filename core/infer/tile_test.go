package infer

import (
	"encoding/json"
	"errors"
	"image"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

func TestBeyond(t *testing.T) {
	if got, want := beyond("symmetric", -3, 8, 4), []int{2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("got %v, numpy's symmetric %v", got, want)
	}
	if got, want := beyond("edge", -2, 5, 3), []int{0, 0, 0, 1, 2, 2, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, numpy's edge %v", got, want)
	}
	if got, want := beyond("reflect", -3, 8, 4), []int{3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, numpy's reflect %v", got, want)
	}
	if got, want := beyond("reflect", -2, 3, 1), []int{0, 0, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("one pixel: %v", got)
	}
}

func TestScaleAsPillow(t *testing.T) {
	b, err := os.ReadFile("testdata/resize.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		W, H, OW, OH int
		In, Out      []float32
	}
	if err := json.Unmarshal(b, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		x, y := newKernel(0, c.OW, c.W, c.OW), newKernel(0, c.OH, c.H, c.OH)
		got := y.columns(x.rows(c.In, c.H), c.OW)
		for i, want := range c.Out {
			if math.Abs(float64(got[i]-want)) > 2e-3 {
				t.Errorf("%d×%d to %d×%d: pixel %d is %v, Pillow %v", c.W, c.H, c.OW, c.OH, i, got[i], want)
				break
			}
		}
	}
}

func TestPieces(t *testing.T) {
	for n := 1; n < 3000; n += 7 {
		for _, c := range []tiling{
			{min: 64, step: 16, tile: 512, overlap: 96},
			{min: 16, step: 16, tile: 96, overlap: 32, halo: 8},
			{min: 40, step: 8, tile: 100, overlap: 0},
			{min: 1, step: 1, tile: 77, overlap: 5},
		} {
			for _, fixed := range []int{-1, 256} {
				ps := c.pieces(n, fixed)
				at := 0
				halo := (c.halo + c.step - 1) / c.step * c.step
				for i, p := range ps {
					if p.from != at || p.to <= p.from || p.from-p.start < c.halo || p.start+p.size-p.to < c.halo && i < len(ps)-1 {
						t.Fatalf("%+v of %d: piece %+v at %d", c, n, p, at)
					}
					if len(ps) == 1 && fixed < 0 && p == (piece{start: -c.halo, size: n + 2*c.halo, to: n}) {
						at = n // just what is asked for
						continue
					}
					if (p.start%c.step) != 0 || fixed < 0 && (p.size < c.min || (p.size-c.min)%c.step != 0) || fixed > 0 && p.size != fixed {
						t.Fatalf("%+v of %d: odd piece %+v", c, n, p)
					}
					if i > 0 && ps[i-1].start+p.size-p.start < c.overlap {
						t.Fatalf("%+v of %d: %+v and %+v share too little", c, n, ps[i-1], p)
					}
					at = p.to
				}
				if last := ps[len(ps)-1]; at != n || len(ps) > 1 && last.start+last.size < n+halo {
					t.Fatalf("%+v of %d: ends at %d, %+v", c, n, at, ps[len(ps)-1])
				}
			}
		}
	}
	if ps := (tiling{min: 16, step: 16, tile: 64, overlap: 64}).pieces(500, -1); ps != nil {
		t.Errorf("tiles that share all: %v", ps)
	}
}

func TestViewTakesAFittingLevel(t *testing.T) {
	info := imageio.Info{Levels: []imageio.Level{{Size: image.Pt(1000, 800)}, {Size: image.Pt(500, 400)}, {Size: image.Pt(250, 200)}}}
	for scale, want := range map[float64]view{
		1:   {level: 0, from: image.Pt(1000, 800), size: image.Pt(1000, 800)},
		0.4: {level: 1, from: image.Pt(500, 400), size: image.Pt(400, 320)},
		0.5: {level: 1, from: image.Pt(500, 400), size: image.Pt(500, 400)},
		0.1: {level: 2, from: image.Pt(250, 200), size: image.Pt(100, 80)},
		2:   {level: 0, from: image.Pt(1000, 800), size: image.Pt(2000, 1600)},
	} {
		want.full = image.Pt(1000, 800)
		if got := newView(info, scale); got != want {
			t.Errorf("scale %v: %+v, want %+v", scale, got, want)
		}
	}
}

// TestDecodersThatBreakDown say that it is the model's answer, and nothing ends.
func TestDecodersThatBreakDown(t *testing.T) {
	g := guarded{nil, Ref{Model: "cells", Version: "3"}}
	_, last := g.objects(t.Context())
	for _, err := range []error{g.take(nil, nil), last} {
		say, hint := fault.Explain(err)
		_, crash := errors.AsType[*imageio.Crash](err)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "the model cells") || hint == "" || !crash {
			t.Errorf("%q %q, %v", say, hint, err)
		}
	}
}
