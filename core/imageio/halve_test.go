package imageio_test

import (
	"encoding/binary"
	"image"
	"math"
	"testing"

	"coverslip.dev/coverslip/core/imageio"
)

// TestNothingHasNoMean halves samples of which some stand for nothing: the others have their mean, and
// where all do, nothing is what is left.
func TestNothingHasNoMean(t *testing.T) {
	le, nan, inf := binary.LittleEndian, math.NaN(), math.Inf(1)
	types := map[string]struct {
		typ imageio.PixelType
		put func([]byte, float64) []byte
	}{
		"uint32":  {imageio.Uint32, func(b []byte, v float64) []byte { return le.AppendUint32(b, uint32(v)) }},
		"float32": {imageio.Float32, func(b []byte, v float64) []byte { return le.AppendUint32(b, math.Float32bits(float32(v))) }},
		"float64": {imageio.Float64, func(b []byte, v float64) []byte { return le.AppendUint64(b, math.Float64bits(v)) }},
	}
	const most32 = math.MaxUint32
	for _, c := range []struct {
		typ  string
		size image.Point
		in   []float64
		want []float64
	}{
		{"float32", image.Pt(4, 2), []float64{1, nan, nan, nan, 3, 5, nan, inf}, []float64{3, nan}},
		{"float32", image.Pt(3, 1), []float64{-math.MaxFloat32, 2, nan}, []float64{2, nan}},
		{"float32", image.Pt(2, 2), []float64{math.MaxFloat32, 2, -math.MaxFloat32, 4}, []float64{3}},
		{"float64", image.Pt(2, 2), []float64{inf, 1e301, 2.5, 4.5}, []float64{3.5}},
		{"uint32", image.Pt(4, 2), []float64{5, most32, most32, most32, 6, 5, most32, most32}, []float64{5, most32}},
		{"uint32", image.Pt(2, 3), []float64{most32 - 1, most32 - 1, most32 - 1, most32 - 1, 2, 3}, []float64{most32 - 1, 3}},
	} {
		px := &imageio.Pixels{Size: c.size, Type: types[c.typ].typ}
		for _, v := range c.in {
			px.Data = types[c.typ].put(px.Data, v)
		}
		half := imageio.Halve(px)
		for i, want := range c.want {
			if got := half.Sample(i); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%s %v: mean %d is %g, want %g", c.typ, c.in, i, got, want)
			}
		}
	}
}

func BenchmarkHalve(b *testing.B) {
	for _, typ := range []imageio.PixelType{imageio.Uint32, imageio.Float32} {
		px := &imageio.Pixels{Size: image.Pt(1024, 1024), Type: typ, Data: make([]byte, 1024*1024*typ.Bytes())}
		b.Run(typ.String(), func(b *testing.B) {
			for b.Loop() {
				imageio.Halve(px)
			}
		})
	}
}
