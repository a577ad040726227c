package infer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
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
	info.Levels[1].Merged, info.Levels[2].Merged = true, true
	if got := newView(info, 0.1); got.level != 0 || got.from != info.Levels[0].Size {
		t.Errorf("planes that are means of several are taken: %+v", got)
	}
}

// TestNothingIsFarAhead: what has not ended holds up what is far beyond it, and no other.
func TestNothingIsFarAhead(t *testing.T) {
	const n, far = 200, 11
	var ended atomic.Int64
	var first atomic.Bool
	others := make(chan struct{})
	err := each(t.Context(), n, func() int { return 3 }, func() int { return far }, func(_ context.Context, i int) error {
		switch {
		case i == 0:
			<-others
			first.Store(true)
		case i >= far && !first.Load():
			return fmt.Errorf("%d has begun before the first ended", i)
		case ended.Add(1) == far-1:
			close(others)
		}
		return nil
	})
	if err != nil || ended.Load() != n-1 {
		t.Errorf("%d of %d: %v", ended.Load(), n, err)
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

// TestShakyBoxes: two tiles see the middle of one square up to a pixel apart, and it comes out
// once, also where they meet.
func TestShakyBoxes(t *testing.T) {
	for _, iou := range []float64{0.3, 0.9} {
		shaky(t, iou)
	}
}

func shaky(t *testing.T, iou float64) {
	t.Helper()
	m, err := recipe.Read(fmt.Appendf(nil, "name: a\ntask: instances\ninputs: [{id: image, axes: bcyx}]\n"+
		"outputs: [{id: corners, axes: ic}, {id: scores, axes: i}]\ndecode: {id: boxes, kwargs: {threshold: 0.5, iou_threshold: %v}}", iou))
	if err != nil {
		t.Fatal(err)
	}
	const side, step, size = 14.0, 23.0, 1500
	spec := Spec{In: []Port{{Name: "image", Shape: []int64{-1, 1, -1, -1}}}}
	p, err := newPlan(m, spec, map[string]map[string]int{"image": {"batch": 1, "channel": 1, "y": size, "x": size}}, cutting{tile: 256, whole: true})
	if err != nil {
		t.Fatal(err)
	}
	d, err := newDecoder(m, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // no secret
	total := 0
	for i := range p.blocks() {
		var corners, scores []float32
		b := p.block(i)
		seen := image.Rect(b["x"].start, b["y"].start, b["x"].start+b["x"].size, b["y"].start+b["y"].size)
		total = 0
		for y := step / 2; y < size-side; y += step {
			for x := step / 2; x < size-side; x += step {
				total++
				if image.Rect(int(x), int(y), int(x+side)+1, int(y+side)+1).In(seen) {
					x0, y0 := float32(x)-float32(seen.Min.X)+2*random.Float32()-1, float32(y)-float32(seen.Min.Y)+2*random.Float32()-1
					corners, scores = append(corners, x0, y0, x0+side, y0+side), append(scores, 0.7+0.2*random.Float32())
				}
			}
		}
		out := map[string]*recipe.Array{
			"corners": {Axes: []string{"index", "channel"}, Shape: []int{len(scores), 4}, Data: corners},
			"scores":  {Axes: []string{"index"}, Shape: []int{len(scores)}, Data: scores},
		}
		if err := d.take(b, out); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := d.objects(t.Context()); err != nil || len(found) != total || total < 3000 {
		t.Errorf("iou %v: %d objects of %d: %v", iou, len(found), total, err)
	}
}

// TestOddSizes: an output of half the size covers an image of odd size, whether that fits one tile
// or not, and none of its numbers is from where the network's answers don't count.
func TestOddSizes(t *testing.T) {
	for _, halo := range []int{0, 5} {
		m, err := recipe.Read(fmt.Appendf(nil, "name: a\ntask: instances\ninputs: [{id: image, axes: bcyx}]\n"+
			"outputs: [{id: y, axes: bcyx, channels: [a], scale: 0.5, halo: %d}]\ndecode: {id: components}", halo))
		if err != nil {
			t.Fatal(err)
		}
		spec := Spec{In: []Port{{Name: "image", Shape: []int64{-1, 1, -1, -1}}}}
		for w := 90; w < 170; w++ {
			for _, tile := range []int{64, 65, w, w + 1, w + 4*halo, w + 4*halo + 1, 512} {
				p, err := newPlan(m, spec, map[string]map[string]int{"image": {"batch": 1, "channel": 1, "y": 66, "x": w}}, cutting{tile: tile})
				if err != nil {
					t.Fatal(err)
				}
				s := newStitcher(p)
				for i := range p.blocks() {
					if err := s.take(p.block(i), halves(p.block(i), halo)); err != nil {
						t.Fatalf("halo %d, width %d, tile %d: %v", halo, w, tile, err)
					}
				}
				y := s.out["y"]
				if y.Size("y") != 33 || y.Size("x") != (w+1)/2 {
					t.Fatalf("halo %d, width %d, tile %d: %v", halo, w, tile, y.Shape)
				}
				for i, v := range y.Data {
					if want := float32(i/y.Size("x")*1000 + i%y.Size("x")); v != want {
						t.Fatalf("halo %d, width %d, tile %d: %v, not %v", halo, w, tile, v, want)
					}
				}
			}
		}
	}
}

// halves are numbers that say where they lie in an output of half the size, and -1 in the halo.
func halves(b block, halo int) map[string]*recipe.Array {
	w, h := b["x"].size/2, b["y"].size/2
	a := recipe.NewArray([]string{"batch", "channel", "y", "x"}, []int{1, 1, h, w})
	for i := range a.Data {
		x, y := i%w, i/w
		if a.Data[i] = float32((b["y"].start/2+y)*1000 + b["x"].start/2 + x); x < halo || y < halo || x >= w-halo || y >= h-halo {
			a.Data[i] = -1
		}
	}
	return map[string]*recipe.Array{"y": a}
}

// TestInputsOfOtherScales: a second input that is to be of another scale is not given the image as
// it is.
func TestInputsOfOtherScales(t *testing.T) {
	axes := func(of string) string {
		return "axes: [{type: batch}, {type: channel, channel_names: [c]}, {type: space, id: y, " + of + "}, {type: space, id: x, " + of + "}]"
	}
	refer := func(scale string) string {
		s := axes("scale: " + scale + ", size: {tensor_id: image, axis_id: AXIS}")
		return strings.Replace(strings.Replace(s, "AXIS", "y", 1), "AXIS", "x", 1)
	}
	for low, want := range map[string]bool{
		refer("0.5"): true, refer("1"): false, axes("scale: 0.5, size: {min: 1, step: 1}"): true, axes("scale: 1, size: {min: 1, step: 1}"): false,
		axes("scale: 500, unit: nanometer, size: {min: 1, step: 1}"): true,
	} {
		m, err := recipe.Read([]byte("format_version: 0.5.10\nname: a\ninputs: [{id: image, " + axes("scale: 0.5, size: {min: 1, step: 1}") +
			"}, {id: low, " + low + "}]\noutputs: [{id: y, " + refer("0.5") + "}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		spec := Spec{In: []Port{{Name: "image", Shape: []int64{-1, 1, -1, -1}}, {Name: "low", Shape: []int64{-1, 1, -1, -1}}}}
		size := map[string]int{"batch": 1, "channel": 1, "y": 96, "x": 128}
		_, err = newPlan(m, spec, map[string]map[string]int{"image": size, "low": size}, cutting{})
		if got := err == nil; got != want {
			t.Errorf("%s: %v", low, err)
		}
		if err != nil && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "another scale along y")) {
			t.Errorf("%s: %v", low, err)
		}
	}
}
