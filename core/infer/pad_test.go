package infer

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"math"
	"os"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// squares is a stack of 2×3×4 pixels, z, y, x: 0, 1, 4, 9…
type squares struct{}

func (squares) ID() string   { return "squares" }
func (squares) Close() error { return nil }
func (squares) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(4, 3), Downsample: 1}}, TileSize: image.Pt(4, 3),
		Channels: make([]imageio.Channel, 1), Z: 2, T: 1, Type: imageio.Float32,
	}
}

func (squares) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	out := &imageio.Pixels{Size: image.Pt(4, 3), Type: imageio.Float32}
	for i := range 12 {
		out.Data = binary.LittleEndian.AppendUint32(out.Data, math.Float32bits(float32((12*t.Z+i)*(12*t.Z+i))))
	}
	return out, nil
}

// TestPaddingAsNumpy wants of both suppliers what numpy.pad gives, in each mode, and with
// operations what they make of that, as bioimageio.core does.
func TestPaddingAsNumpy(t *testing.T) {
	text, err := os.ReadFile("testdata/pad.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string][]float32
	if err := json.Unmarshal(text, &cases); err != nil || len(cases) != 4 {
		t.Fatal(len(cases), err)
	}
	axes := "axes: [{type: batch}, {type: channel, channel_names: [c]}, {type: space, id: z, size: {min: 1, step: 1}}, " +
		"{type: space, id: y, size: {min: 1, step: 1}}, {type: space, id: x, size: {min: 1, step: 1}}]"
	b := block{"batch": {size: 1, to: 1}, "z": {start: -2, size: 6, to: 2}, "y": {start: -3, size: 9, to: 3}, "x": {start: -5, size: 14, to: 4}}
	for mode, padded := range cases {
		for ops, f := range map[string]func(x float32) float32{
			"": func(x float32) float32 { return x },
			"{id: scale_linear, kwargs: {offset: 40}}": func(x float32) float32 { return x + 40 },
			"{id: scale_range, kwargs: {eps: 7}}":      func(x float32) float32 { return float32(float64(x) / (23*23 + 7)) },
		} {
			pad := "{mode: " + mode + "}"
			if mode == "constant" {
				pad = "{mode: constant, value: -8}"
			}
			m, err := recipe.Read([]byte("format_version: 0.5.10\nname: a\ninputs: [{id: image, pad: " + pad + ", preprocessing: [" + ops + "], " + axes + "}]\noutputs: [{id: y, " + axes + "}]\n"))
			if err != nil {
				t.Fatal(err)
			}
			want := slices.Clone(padded)
			for i, x := range want {
				want[i] = f(x)
			}
			for name, from := range supplies(t, m) {
				got, err := from.cut(t.Context(), &m.Inputs[0], b)
				if err != nil || !slices.Equal(got.Data, want) {
					t.Errorf("%s, %s, %s: %v, numpy %v, %v", mode, ops, name, got, want, err)
				}
			}
		}
	}
}

// supplies are those of squares, tile by tile and held.
func supplies(t *testing.T, m *recipe.Model) map[string]supply {
	t.Helper()
	d, err := prepare(m, Ref{}, squares{}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := newPlanes(d, &plan{model: m})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.fit(t.Context(), silent{}); err != nil {
		t.Fatal(err)
	}
	raw := recipe.NewArray([]string{"batch", "channel", "z", "y", "x"}, []int{1, 1, 2, 3, 4})
	for i := range raw.Data {
		raw.Data[i] = float32(i * i)
	}
	h, err := newHeld(m, map[string]*recipe.Array{"image": raw})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]supply{"tile by tile": s, "held": h}
}
