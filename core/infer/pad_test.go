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

// TestPaddingAsNumpy wants of both suppliers what numpy.pad gives, in each mode.
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
	for mode, want := range cases {
		pad := "{mode: " + mode + "}"
		if mode == "constant" {
			pad = "{mode: constant, value: -8}"
		}
		m, err := recipe.Read([]byte("format_version: 0.5.10\nname: a\ninputs: [{id: image, pad: " + pad + ", " + axes + "}]\noutputs: [{id: y, " + axes + "}]\n"))
		if err != nil {
			t.Fatal(err)
		}
		d, err := prepare(m, Ref{}, squares{}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := newPlanes(d, &plan{model: m})
		if err != nil {
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
		for name, from := range map[string]supply{"tile by tile": s, "held": h} {
			got, err := from.cut(t.Context(), &m.Inputs[0], b)
			if err != nil || !slices.Equal(got.Data, want) {
				t.Errorf("%s, %s: %v, numpy %v, %v", mode, name, got, want, err)
			}
		}
	}
}
