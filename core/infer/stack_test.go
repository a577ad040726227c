package infer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"path/filepath"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// stack is an image in memory with planes, of one channel.
type stack struct {
	w, h, z int
	px      []float32
}

func (s stack) ID() string   { return "a stack" }
func (s stack) Close() error { return nil }
func (s stack) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: image.Pt(s.w, s.h), Downsample: 1}}, TileSize: image.Pt(s.w, s.h),
		Channels: make([]imageio.Channel, 1), Z: s.z, T: 1, Type: imageio.Float32,
	}
}

func (s stack) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	out := &imageio.Pixels{Size: image.Pt(s.w, s.h), Type: imageio.Float32}
	for _, v := range s.px[t.Z*s.w*s.h:][:s.w*s.h] {
		out.Data = binary.LittleEndian.AppendUint32(out.Data, math.Float32bits(v))
	}
	return out, nil
}

// TestStack asks a model of stacks about single planes, and wants the objects that its
// answer to the whole stack has there.
func TestStack(t *testing.T) {
	folder := filepath.Join(zoo(t), "stack")
	b, m, err := infer.ReadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	if m.Decode.ID != recipe.Floods || len(b.Tests) != 2 {
		t.Errorf("objects by %+v, %d test images", m.Decode, len(b.Tests))
	}
	in := arrays(t, folder, "in", m.Inputs)["raw"]
	src := stack{w: in.Shape[4], h: in.Shape[3], z: in.Shape[2], px: in.Data}
	want := arrays(t, folder, "out", m.Outputs)["prob"] // bioimageio.core's
	n := src.w * src.h
	for name, e := range engines(t) {
		ref := shelved(t, e, filepath.Join(folder, "model.onnx"))
		for _, z := range []int{0, 9, src.z - 1} {
			inside, edge := want.Data[z*n:][:n], want.Data[(src.z+z)*n:][:n]
			seeds := segment.Where(src.w, src.h, func(i int) bool { return inside[i]-edge[i] > 0.5 && inside[i] > 0.5 })
			labels, count := segment.SplitAt(edge, seeds, segment.Above(inside, src.w, 0.5))
			expected := outlines(labels, src.w)
			for _, tile := range []int{0, 48} {
				got, err := infer.Detect(t.Context(), e, ref, m, src, infer.Options{Z: z, Tile: tile}, nil)
				if err != nil {
					t.Fatal(err)
				}
				if got.Z != z {
					t.Errorf("%s: plane %d, asked about %d", name, got.Z, z)
				}
				hits := 0
				for _, o := range got.Objects {
					if expected[fmt.Sprint(o.Outline)] {
						hits++
					}
				}
				t.Logf("%s: plane %d in tiles of %d: %d objects of %d, %d the same", name, z, tile, len(got.Objects), count, hits)
				if hits < len(got.Objects)*95/100 || len(got.Objects) > count || hits == 0 {
					t.Errorf("%s: plane %d: %d objects, %d the same, of %d", name, z, len(got.Objects), hits, count)
				}
			}
		}
	}
}
