package infer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

const text = `
name: discs
task: instances
class: disc
diameter: 20
inputs:
  - {id: image, axes: bcyx, min: 32, step: 16, ops: [{id: scale_range, kwargs: {min_percentile: 1, max_percentile: 99.8}}]}
outputs:
  - {id: prob, axes: bcyx, scale: 0.5}
  - {id: dist, axes: bcyx, scale: 0.5}
decode: {id: stardist_postprocessing, kwargs: {prob_threshold: 0.4, nms_threshold: 0.4, n_rays: 32, grid: 2}}
`

const reach = 40 // how far the network of marcher sees

// marcher is a network that needs no training: pixels above a half are inside, rays march
// to where that ends, and the shortest ray is the probability. It sees only its tile.
type marcher struct{ asked chan int }

func (m marcher) Name() string                                   { return "marcher" }
func (m marcher) Ready(context.Context) error                    { return nil }
func (m marcher) Models(context.Context) ([]infer.Status, error) { return nil, nil }
func (m marcher) Close() error                                   { return nil }
func (m marcher) Describe(context.Context, infer.Ref) (infer.Spec, error) {
	return infer.Spec{
		In:  []infer.Port{{Name: "image", Type: "FP32", Shape: []int64{-1, 1, -1, -1}}},
		Out: []infer.Port{{Name: "dist", Type: "FP32", Shape: []int64{-1, 32, -1, -1}}, {Name: "prob", Type: "FP32", Shape: []int64{-1, 1, -1, -1}}},
	}, nil
}

func (m marcher) Infer(ctx context.Context, _ infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	if m.asked != nil {
		m.asked <- 1
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, w := int(in[0].Shape[2]), int(in[0].Shape[3])
	at := func(x, y float64) float64 {
		xi, yi := int(math.Round(x)), int(math.Round(y))
		if xi < 0 || yi < 0 || xi >= w || yi >= h {
			return 0
		}
		return float64(math.Float32frombits(binary.LittleEndian.Uint32(in[0].Data[4*(yi*w+xi):])))
	}
	n := h / 2 * (w / 2)
	prob, dist := make([]float32, n), make([]float32, 32*n)
	for i := range n {
		x, y := float64(i%(w/2)*2), float64(i/(w/2)*2)
		if at(x, y) <= 0.5 {
			continue
		}
		least := float64(reach)
		for k := range 32 {
			s, c := math.Sincos(2 * math.Pi * float64(k) / 32)
			d := 0.0
			for d < reach && at(x+d*c, y+d*s) > 0.5 {
				d += 0.5
			}
			dist[k*n+i] = float32(d)
			least = min(least, d)
		}
		prob[i] = float32(least / (least + 5))
	}
	out := func(name string, c int64, x []float32) infer.Tensor {
		t := infer.Tensor{Port: infer.Port{Name: name, Type: "FP32", Shape: []int64{1, c, int64(h / 2), int64(w / 2)}}}
		for _, v := range x {
			t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(v))
		}
		return t
	}
	return []infer.Tensor{out("dist", 32, dist), out("prob", 1, prob)}, nil
}

// plane is an image in memory with tiles of 100 pixels.
type plane struct {
	size image.Point
	px   []uint16
}

func (p plane) ID() string   { return "a plane" }
func (p plane) Close() error { return nil }
func (p plane) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: p.size, Downsample: 1}}, TileSize: image.Pt(100, 100),
		Channels: make([]imageio.Channel, 1), Z: 1, T: 1, Type: imageio.Uint16,
	}
}

func (p plane) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	r, err := p.Info().Bounds(t)
	if err != nil {
		return nil, err
	}
	out := &imageio.Pixels{Size: r.Size(), Type: imageio.Uint16}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			out.Data = binary.LittleEndian.AppendUint16(out.Data, p.px[y*p.size.X+x])
		}
	}
	return out, nil
}

// discs paints discs of a radius on a grid that no tile size divides, bright on grey; the
// last ones of a row or column may have their centres outside.
func discs(w, h int, radius float64) (p plane, centres [][2]float64) {
	p = plane{size: image.Pt(w, h), px: make([]uint16, w*h)}
	for i := range p.px {
		p.px[i] = uint16(500 + i%7)
	}
	step := radius * 2.7
	for y := 0.0; y < float64(h)+radius; y += step {
		for x := 0.0; x < float64(w)+radius; x += step {
			centres = append(centres, [2]float64{x + 0.5, y + 0.5})
			for v := max(0, int(y-radius)); v <= min(h-1, int(y+radius)); v++ {
				for u := max(0, int(x-radius)); u <= min(w-1, int(x+radius)); u++ {
					if math.Hypot(float64(u)-x, float64(v)-y) <= radius {
						p.px[v*w+u] = 3000
					}
				}
			}
		}
	}
	return p, centres
}

func describe(tb testing.TB) *recipe.Model {
	tb.Helper()
	r, err := recipe.Read([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

var ref = infer.Ref{Model: "discs", Version: "3"}

// TestTilesDoNotShow cuts the same plane in several ways and by several hands.
func TestTilesDoNotShow(t *testing.T) {
	src, centres := discs(431, 317, 10)
	whole, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, infer.Options{Tile: 1024}, nil)
	if err != nil {
		t.Fatal(err)
	}
	inside, found := 0, 0
	for _, c := range centres {
		at := image.Pt(int(c[0]), int(c[1]))
		if !at.In(image.Rectangle{Max: src.size}) {
			continue
		}
		inside++
		for _, o := range whole.Objects {
			if at.In(segment.Bounds(o.Outline)) && o.Class == "disc" && o.By == "discs@3" {
				found++
				break
			}
		}
	}
	if n := len(whole.Objects); inside < 150 || found < inside || n > len(centres) {
		t.Errorf("%d objects, %d of %d discs found", n, found, inside)
	}
	for _, opt := range []infer.Options{{Tile: 128, Parallel: 1}, {Tile: 192, Overlap: 128, Parallel: 4}} {
		got, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, opt, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Objects, whole.Objects) {
			t.Errorf("%+v: %d objects, %d as a whole, or others", opt, len(got.Objects), len(whole.Objects))
		}
	}
}

// TestDiameter asks for objects of half and double the size that the model was made for.
func TestDiameter(t *testing.T) {
	for _, radius := range []float64{6, 20} {
		src, centres := discs(340, 300, radius)
		got, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, infer.Options{Diameter: 2 * radius, Tile: 256}, nil)
		if err != nil {
			t.Fatal(err)
		}
		inner := 0
		for _, c := range centres {
			if c[0] < 1.5*radius || c[1] < 1.5*radius || c[0] > 340-1.5*radius || c[1] > 300-1.5*radius {
				continue // cut by the edge
			}
			inner++
			best := math.Inf(1)
			for _, o := range got.Objects {
				b := segment.Bounds(o.Outline)
				x, y := float64(b.Min.X+b.Max.X)/2, float64(b.Min.Y+b.Max.Y)/2
				if d := math.Hypot(x-c[0], y-c[1]); d < best {
					best = d
					if a := segment.Area(o.Outline) / (math.Pi * radius * radius); d < radius/2 && (a < 0.85 || a > 1.15) {
						t.Errorf("radius %v: a disc at %v has %.2f of its area", radius, c, a)
					}
				}
			}
			if best > 1.5 {
				t.Errorf("radius %v: the object next to %v is %.1f pixels off", radius, c, best)
			}
		}
		if inner < 9 {
			t.Fatalf("only %d discs", inner)
		}
	}
}

func TestDetectStops(t *testing.T) {
	src, _ := discs(431, 317, 10)
	ctx, cancel := context.WithCancel(t.Context())
	e := marcher{asked: make(chan int)}
	done := make(chan error, 1)
	go func() {
		_, err := infer.Detect(ctx, e, ref, describe(t), src, infer.Options{Tile: 128}, nil)
		done <- err
	}()
	<-e.asked
	cancel()
	for {
		select {
		case <-e.asked: // what was under way
		case err := <-done:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			return
		}
	}
}

// hostile brings down whoever reads a tile of it.
type hostile struct{ plane }

func (h hostile) ReadTile(context.Context, imageio.Tile) (*imageio.Pixels, error) {
	return &imageio.Pixels{Data: make([]byte, h.px[len(h.px)])}, nil
}

// fatal is a marcher that can't take an answer to an end.
type fatal struct{ marcher }

func (fatal) Infer(_ context.Context, _ infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	return []infer.Tensor{in[len(in)]}, nil
}

// TestPanicsAreErrors: in whatever goroutine the reader runs.
func TestPanicsAreErrors(t *testing.T) {
	src, _ := discs(431, 317, 10)
	plain := describe(t)
	plain.Inputs[0].Ops = nil // no statistics are taken before
	ask := func(e infer.Engine, m *recipe.Model, src imageio.Source) error {
		_, err := infer.Detect(t.Context(), e, ref, m, src, infer.Options{Tile: 256}, nil)
		return err
	}
	for what, err := range map[string]error{
		"statistics": ask(marcher{}, describe(t), hostile{src}),
		"tiles":      ask(marcher{}, plain, hostile{src}),
		"an answer":  ask(fatal{}, plain, src),
		"a count": infer.Count(t.Context(), marcher{}, ref, plain, hostile{src}, infer.Options{}, nil, func(infer.Frame, []annotation.Object) error {
			return nil
		}),
		"counting": infer.Count(t.Context(), marcher{}, ref, plain, src, infer.Options{}, nil, func(_ infer.Frame, o []annotation.Object) error {
			return errors.New(o[len(o)].ID)
		}),
	} {
		if c, ok := errors.AsType[*imageio.Crash](err); fault.KindOf(err) != fault.Corrupt || !ok || len(c.Stack) == 0 {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// puzzled is an engine that brings down who asks what goes into a model.
type puzzled struct{ marcher }

func (puzzled) Describe(_ context.Context, r infer.Ref) (infer.Spec, error) {
	return make([]infer.Spec, 1)[len(r.Model)], nil
}

// TestDescriptionsBringNothingDown: what nobody thought of before the first tile is said of the model.
func TestDescriptionsBringNothingDown(t *testing.T) {
	src, _ := discs(100, 100, 10)
	_, detect := infer.Detect(t.Context(), puzzled{}, ref, describe(t), src, infer.Options{}, nil)
	_, run := infer.Run(t.Context(), puzzled{}, ref, describe(t), nil, infer.Cut{})
	for _, err := range []error{detect, run} {
		say, hint := fault.Explain(err)
		c, ok := errors.AsType[*imageio.Crash](err)
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "the model discs@3") || hint == "" || !ok || len(c.Stack) == 0 {
			t.Errorf("%q %q: %v", say, hint, err)
		}
	}
}

// stained is a map under one of two names.
func stained(name string) sheets {
	src := cells(120, 90)
	return sheets{w: src.w, h: src.h, channels: [][]float32{make([]float32, 120*90), src.channels[0]}, names: []string{"DAPI", name}}
}

// TestChannelsOfTheModel: a channel is looked at under the model's name for it, and none twice in place
// of one that the image has not.
func TestChannelsOfTheModel(t *testing.T) {
	see := func(src imageio.Source, m *recipe.Model) (int, error) {
		l, err := infer.Detect(t.Context(), echo{}, ref, m, src, infer.Options{}.Named(m, src.Info()), nil)
		return len(l.Objects), err
	}
	one := description(t, "gfp", "{id: components}")
	for name, want := range map[string]bool{"GFP": true, "RFP": false} {
		if n, err := see(stained(name), one); err != nil || n > 0 != want {
			t.Errorf("the image has %s: %d objects, %v", name, n, err)
		}
	}
	src := stained("GFP")
	src.channels, src.names = src.channels[1:], []string{"DAPI"}
	if _, err := see(src, description(t, "DAPI, actin", "{id: components}")); fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), "takes 2 channels, and the image has 1") {
		t.Errorf("one channel of two: %v", err)
	}
	if n, err := see(src, description(t, "red, green, blue", "{id: components}")); err != nil || n == 0 {
		t.Errorf("grey for colours: %d objects, %v", n, err)
	}
}

// TestChannelsThatArePicked: as many as the model takes, in its order; what it is given without that is told.
func TestChannelsThatArePicked(t *testing.T) {
	src := stained("GFP") // DAPI, GFP
	info := src.Info()
	for _, c := range []struct {
		names  string // of the model's channels
		chosen []int
		want   []int // nil: refused
		note   string
	}{
		{"gfp", nil, []int{1}, ""},
		{"gfp", []int{0}, []int{0}, ""},
		{"gfp", []int{0, 1}, nil, "takes one channel, not 2"},
		{"gfp, dapi", nil, []int{1, 0}, ""},
		{"gfp, dapi", []int{0, 1}, []int{0, 1}, ""},
		{"gfp, dapi", []int{1}, nil, "takes 2 channels, not 1"},
		{"actin, dapi", nil, []int{1, 0}, "has 1 of the 2"},
		{"dapi, actin", nil, []int{0, 1}, "given what was left, in order"},
		{"gfp, actin", nil, []int{1, 0}, "has 1 of the 2 channels that the model names (gfp, actin)"},
		{"gfp, actin", []int{1, 0}, []int{1, 0}, ""},
		{"membrane, actin", nil, []int{0, 1}, "has none of the 2 channels that the model names (membrane, actin)"},
		{"membrane, actin", []int{0, 1}, []int{0, 1}, ""},
	} {
		m := description(t, c.names, "{id: components}")
		opt, err := infer.Options{}.Named(m, info).Choose(m, c.chosen)
		if c.want == nil {
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.note) {
				t.Errorf("%v of %s: %v", c.chosen, c.names, err)
			}
			continue
		}
		g, gerr := opt.Given(m, info)
		if err != nil || gerr != nil || !slices.Equal(g.Channels, c.want) || !strings.Contains(g.Note, c.note) || g.Note != "" && c.note == "" {
			t.Errorf("%v of %s: %+v, %v, %v", c.chosen, c.names, g, err, gerr)
		}
		if _, err := infer.Detect(t.Context(), echo{}, ref, m, src, opt, nil); err != nil {
			t.Errorf("%v of %s: %v", c.chosen, c.names, err)
		}
	}
	for text, want := range map[string][]int{"1,0": {1, 0}, "7": {7}, "": nil, "1,": nil, "-1": nil, "a": nil, "1, 2": nil, "+1": nil, strings.Repeat("0,", 64) + "0": nil} {
		if got, err := infer.ParseChannels(text); !slices.Equal(got, want) || (err == nil) != (want != nil) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestDetectSaysWhatDoesNotFit(t *testing.T) {
	src, _ := discs(100, 100, 10)
	for name, change := range map[string]func(*recipe.Model, *infer.Options){
		"channel":  func(_ *recipe.Model, o *infer.Options) { o.Channel = 1 },
		"diameter": func(_ *recipe.Model, o *infer.Options) { o.Diameter = 5000 },
		"scale":    func(r *recipe.Model, _ *infer.Options) { r.Outputs[0].Axes[2].Scale = 1 },
		"output":   func(r *recipe.Model, _ *infer.Options) { r.Outputs[0].ID = "probability" },
		"rays":     func(r *recipe.Model, _ *infer.Options) { r.Decode.Kwargs["n_rays"] = 64 },
		"input":    func(r *recipe.Model, _ *infer.Options) { r.Inputs = nil },
		"more numbers at once": func(r *recipe.Model, _ *infer.Options) {
			r.Inputs[0].Axes[2].Size.Min, r.Inputs[0].Axes[3].Size.Min = 60_000, 60_000
		},
		"5 positions along time": func(r *recipe.Model, _ *infer.Options) {
			times := recipe.Axis{ID: "time", Kind: recipe.Time, Size: recipe.Size{Fixed: 5}, Scale: 1}
			r.Inputs[0].Axes = slices.Insert(r.Inputs[0].Axes, 1, times)
		},
	} {
		r, o := describe(t), infer.Options{}
		change(r, &o)
		_, err := infer.Detect(t.Context(), marcher{}, ref, r, src, o, nil)
		if fault.KindOf(err) != fault.Invalid || strings.Contains(name, " ") && !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if _, hint := fault.Explain(err); strings.Contains(name, "along time") && strings.Contains(hint, "newer") {
			t.Errorf("%s: nothing is wrong with the model, but %s", name, hint)
		}
	}
}

// broken is a marcher that answers one value that is no number.
type broken struct{ marcher }

func (b broken) Infer(ctx context.Context, r infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	out, err := b.marcher.Infer(ctx, r, in)
	if err == nil {
		data := out[0].Data
		binary.LittleEndian.PutUint32(data[len(data)-4:], math.Float32bits(float32(math.NaN())))
	}
	return out, err
}

// bright is a film with a pixel that is infinitely bright.
type bright struct{ film }

func (b bright) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	px, err := b.film.ReadTile(ctx, t)
	if err == nil {
		binary.LittleEndian.PutUint32(px.Data, math.Float32bits(float32(math.Inf(1))))
	}
	return px, err
}

// TestAnswersThatAreNoNumbersAreRefused: but where the image is the cause.
func TestAnswersThatAreNoNumbersAreRefused(t *testing.T) {
	src, _ := discs(100, 100, 10)
	_, err := infer.Detect(t.Context(), broken{}, ref, describe(t), src, infer.Options{}, nil)
	if say, hint := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "(NaN)") || hint == "" {
		t.Errorf("said %q, %q", say, hint)
	}
	odd := describe(t)
	odd.Inputs[0].Ops = nil
	hot := bright{film{frames: 1, broken: -1, read: new(atomic.Int64)}}
	if _, err := infer.Detect(t.Context(), broken{}, ref, odd, hot, infer.Options{}, nil); err != nil {
		t.Errorf("of an image with infinities: %v", err)
	}
}

// wide is a marcher with an output more than its description has, and tells which were asked
// for.
type wide struct {
	marcher
	wanted chan []string
}

func (w wide) Describe(ctx context.Context, r infer.Ref) (infer.Spec, error) {
	s, err := w.marcher.Describe(ctx, r)
	s.Out = append(s.Out, infer.Port{Name: "features", Type: "FP32", Shape: []int64{-1, 64, -1, -1}})
	return s, err
}

func (w wide) Infer(ctx context.Context, r infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	w.wanted <- infer.TermsOf(ctx).Outputs
	return w.marcher.Infer(ctx, r, in)
}

// TestOnlyDescribedOutputsAreAskedFor, and only where there are others.
func TestOnlyDescribedOutputsAreAskedFor(t *testing.T) {
	src, _ := discs(100, 100, 10)
	w := wide{wanted: make(chan []string, 100)}
	got, err := infer.Detect(t.Context(), w, ref, describe(t), src, infer.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, infer.Options{}, nil)
	if err != nil || !reflect.DeepEqual(got.Objects, want.Objects) {
		t.Errorf("other objects: %d, not %d, %v", len(got.Objects), len(want.Objects), err)
	}
	close(w.wanted)
	n := 0
	for names := range w.wanted {
		if n++; !reflect.DeepEqual(names, []string{"prob", "dist"}) {
			t.Errorf("asked for %q", names)
		}
	}
	if n == 0 {
		t.Error("not asked")
	}
}
