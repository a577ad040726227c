package infer_test

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/infer/infertest"
	"coverslip.dev/coverslip/core/recipe"
)

// film has as many bright spots in a frame as the frame's number says; one frame is broken.
type film struct {
	frames, broken int
	read           *atomic.Int64
}

func (f film) ID() string   { return "a film" }
func (f film) Close() error { return nil }
func (f film) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(96, 96), Downsample: 1}}, TileSize: image.Pt(96, 96),
		Channels: make([]imageio.Channel, 1), Z: 1, T: f.frames, Type: imageio.Float32, Interval: 500 * time.Millisecond,
	}
}

func (f film) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	f.read.Add(1)
	if t.T == f.broken {
		return nil, fault.New(fault.Corrupt, "The frame is broken.", "", nil)
	}
	px := make([]float32, 96*96)
	for i := range t.T {
		for y := range 3 {
			for x := range 3 {
				px[(2+i/15*6+y)*96+2+i%15*6+x] = 250
			}
		}
	}
	out := &imageio.Pixels{Size: image.Pt(96, 96), Type: imageio.Float32}
	for _, v := range px {
		out.Data = binary.LittleEndian.AppendUint32(out.Data, math.Float32bits(v))
	}
	return out, nil
}

// TestCountCountsEveryFrameInOrder also goes on at a later one, stops, and keeps what was
// counted before a broken one.
func TestCountCountsEveryFrameInOrder(t *testing.T) {
	m, err := recipe.Read([]byte("name: spots\ntask: instances\nclass: spot\ninputs: [{id: image, axes: bcyx}]\noutputs: [{id: y, axes: bcyx}]\ndecode: {id: components, kwargs: {threshold: 256}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range engines(t) {
		ref := infer.Ref{Model: infertest.UniqueName(), Version: "1"}
		if err := e.(infer.Loader).Load(t.Context(), infer.Bundle{Ref: ref, ONNX: infertest.Affine1()}); err != nil {
			t.Fatal(err)
		}
		count := func(ctx context.Context, f film, from int, each func(infer.Frame)) error {
			f.read = new(atomic.Int64)
			return infer.Count(ctx, e, ref, m, f, infer.Options{T: from}, nil, func(f infer.Frame, objects []annotation.Object) error {
				if len(objects) != f.Objects {
					t.Errorf("%s: %d objects of %+v", name, len(objects), f)
				}
				each(f)
				return nil
			})
		}
		var got []infer.Frame
		keep := func(f infer.Frame) { got = append(got, f) }
		if err := count(t.Context(), film{frames: 24, broken: -1}, 0, keep); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, f := range got {
			if want := (infer.Frame{T: i, Seconds: float64(i) / 2, Objects: i}); f != want {
				t.Errorf("%s: %+v, want %+v", name, f, want)
			}
		}
		if len(got) != 24 {
			t.Errorf("%s: %d frames", name, len(got))
		}
		got = nil
		if err := count(t.Context(), film{frames: 24, broken: 20}, 15, keep); fault.KindOf(err) != fault.Corrupt || len(got) > 5 || len(got) > 0 && got[0].T != 15 {
			t.Errorf("%s: with a broken frame %v, %+v", name, err, got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		if err := count(ctx, film{frames: 1_000_000, broken: -1}, 0, func(infer.Frame) {
			if n++; n == 3 {
				cancel()
			}
		}); !errors.Is(err, context.Canceled) || n != 3 {
			t.Errorf("%s: stopped with %v after %d", name, err, n)
		}
		if err := e.(infer.Loader).Unload(t.Context(), ref.Model); err != nil {
			t.Error(err)
		}
	}
	for want, frames := range map[string][]infer.Frame{
		"3,1.5,7\n":        {{T: 3, Seconds: 1.5, Objects: 7}},
		"0,0,7\n1,0.5,8\n": {{Objects: 7}, {T: 1, Seconds: 0.5, Objects: 8}},
		"0,,7\n1,,8\n":     {{Objects: 7}, {T: 1, Objects: 8}}, // nobody knows
	} {
		var b strings.Builder
		if err := infer.WriteFrames(&b, frames); err != nil || b.String() != "frame,seconds,objects\n"+want {
			t.Errorf("%q, want %q, %v", b.String(), want, err)
		}
	}
}
