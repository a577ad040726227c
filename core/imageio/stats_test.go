package imageio_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"math"
	"os"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
)

// memory is a source of one tile that is in memory.
type memory struct{ px *imageio.Pixels }

func (memory) ID() string   { return "memory" }
func (memory) Close() error { return nil }
func (m memory) Info() imageio.Info {
	return imageio.Info{
		Levels: []imageio.Level{{Size: m.px.Size, Downsample: 1}}, TileSize: m.px.Size,
		Channels: make([]imageio.Channel, 1), Z: 1, T: 1, Type: m.px.Type,
	}
}

func (m memory) ReadTile(context.Context, imageio.Tile) (*imageio.Pixels, error) { return m.px, nil }

// sequence makes what testdata/gen.py makes.
func sequence(name string, n int) *imageio.Pixels {
	px := &imageio.Pixels{Size: image.Pt(n, 1)}
	le := binary.LittleEndian
	for i := range n {
		v := (i*7919 + i*i*31) % 60013
		switch name {
		case "uint16":
			px.Type, px.Data = imageio.Uint16, le.AppendUint16(px.Data, uint16(v))
		case "float32":
			px.Type, px.Data = imageio.Float32, le.AppendUint32(px.Data, math.Float32bits(float32(float64(v)/7-3000)))
		case "int8":
			px.Type, px.Data = imageio.Int8, append(px.Data, byte(int8(v%251-128)))
		case "uint32":
			px.Type, px.Data = imageio.Uint32, le.AppendUint32(px.Data, uint32(v*65537+5))
		}
	}
	return px
}

func TestStatisticsAreNumpys(t *testing.T) {
	data, err := os.ReadFile("testdata/percentiles.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Ps   []float64
		Want map[string]struct {
			N                   int
			P                   []float64
			Mean, Std, Min, Max float64
		}
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }
	for name, w := range vectors.Want {
		typ, _, _ := strings.Cut(name, "-")
		src := memory{sequence(typ, w.N)}
		got, err := imageio.Percentiles(t.Context(), src, 0, 0, 0, 0, vectors.Ps...)
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range vectors.Ps {
			if !near(got[i], w.P[i]) {
				t.Errorf("%s: percentile %g is %v, numpy says %v", name, p, got[i], w.P[i])
			}
		}
	}
	if _, err := imageio.Percentiles(t.Context(), memory{sequence("int8", 3)}, 0, 0, 0, 0, math.NaN()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("no percentile: %v", err)
	}
}

func TestFloat32s(t *testing.T) {
	for _, name := range []string{"uint16", "float32", "int8", "uint32"} {
		px := sequence(name, 50)
		got := px.Float32s([]float32{7})
		if len(got) != 51 || got[0] != 7 {
			t.Fatalf("%s: %v", name, got)
		}
		for i, v := range got[1:] {
			if v != float32(px.Sample(i)) {
				t.Errorf("%s %d: %g", name, i, v)
			}
		}
	}
}
