package segment_test

import (
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"image"
	"io"
	"math"
	"os"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/segment"
)

type vector struct {
	Name                                 string
	Rays, Grid, Size, H, W, Border       int
	Prob, NMS                            float64
	Candidates, Components4, Components8 int
	Points                               [][2]int
	Scores                               []float64
	Match                                []struct {
		IoU, AP, F1, MeanIoU float64
		TP, FP, FN           int
	}
}

func vectors(t *testing.T) (vs []vector) {
	t.Helper()
	b, err := os.ReadFile("testdata/stars.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &vs); err != nil || len(vs) == 0 {
		t.Fatal(err)
	}
	return vs
}

func unzip(tb testing.TB, name string) []byte {
	tb.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func floats(tb testing.TB, name string) []float32 {
	tb.Helper()
	b := unzip(tb, name)
	out := make([]float32, len(b)/4)
	for i := range out {
		out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func labels(tb testing.TB, name string) []uint32 {
	tb.Helper()
	b := unzip(tb, name)
	out := make([]uint32, len(b)/2)
	for i := range out {
		out[i] = uint32(binary.LittleEndian.Uint16(b[2*i:]))
	}
	return out
}

func (v vector) maps(tb testing.TB) segment.Maps {
	tb.Helper()
	return segment.Maps{Prob: floats(tb, v.Name+".prob.f32.gz"), Dist: floats(tb, v.Name+".dist.f32.gz"), W: v.W, H: v.H, Rays: v.Rays}
}

func (v vector) stars(tb testing.TB) []segment.Star {
	tb.Helper()
	s, err := segment.Stars(tb.Context(), v.maps(tb), v.Grid, segment.Options{Prob: v.Prob, NMS: v.NMS, Border: v.Border})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func objects(stars []segment.Star) []annotation.Object {
	out := make([]annotation.Object, len(stars))
	for i, s := range stars {
		out[i] = annotation.Object{Outline: s.Outline, Score: s.Score}
	}
	return out
}

func TestStarsAsStardist(t *testing.T) {
	for _, v := range vectors(t) {
		got := v.stars(t)
		if len(got) != len(v.Points) {
			t.Errorf("%s: %d stars, stardist keeps %d of %d", v.Name, len(got), len(v.Points), v.Candidates)
			continue
		}
		for i, s := range got {
			if p := v.Points[i]; s.X != float64(p[1])+0.5 || s.Y != float64(p[0])+0.5 || s.Score != v.Scores[i] {
				t.Errorf("%s: star %d is %v, %v with %v, stardist %v with %v", v.Name, i, s.X, s.Y, s.Score, p, v.Scores[i])
			}
		}
		want := labels(t, v.Name+".labels.u16.gz")
		bad := 0
		for i, l := range segment.Labels(objects(got), v.Size, v.Size) {
			if l != want[i] {
				bad++
			}
		}
		if bad != 0 {
			t.Errorf("%s: %d of %d pixels have another label than stardist's", v.Name, bad, len(want))
		}
	}
}

// TestPiecesAsWhole gives the map in pieces, in another order.
func TestPiecesAsWhole(t *testing.T) {
	v := vectors(t)[0]
	m := v.maps(t)
	whole := v.stars(t)
	c := segment.NewCandidates(v.Rays, v.Grid)
	b := v.Border
	for _, r := range []image.Rectangle{
		image.Rect(20, b, v.W-b, 30), image.Rect(b, b, 20, 30), image.Rect(b, 30, v.W-b, v.H-b),
	} {
		p := crop(m, r.Inset(-1))
		if err := c.Collect(p, image.Rect(1, 1, p.W-1, p.H-1), r.Inset(-1).Min, v.Prob); err != nil {
			t.Fatal(err)
		}
	}
	if c.Len() != v.Candidates {
		t.Errorf("%d candidates, want %d", c.Len(), v.Candidates)
	}
	got, err := c.Stars(t.Context(), v.NMS, image.Point{})
	if err != nil || len(got) != len(whole) {
		t.Fatalf("%d stars, want %d (%v)", len(got), len(whole), err)
	}
	for i := range got {
		if got[i].X != whole[i].X || got[i].Y != whole[i].Y || got[i].Outline[3] != whole[i].Outline[3] {
			t.Fatalf("star %d differs", i)
		}
	}
}

func crop(m segment.Maps, r image.Rectangle) segment.Maps {
	out := segment.Maps{W: r.Dx(), H: r.Dy(), Rays: m.Rays}
	for k := -1; k < m.Rays; k++ {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			if k < 0 {
				out.Prob = append(out.Prob, m.Prob[y*m.W+r.Min.X:y*m.W+r.Max.X]...)
			} else {
				i := k*m.W*m.H + y*m.W
				out.Dist = append(out.Dist, m.Dist[i+r.Min.X:i+r.Max.X]...)
			}
		}
	}
	return out
}

// TestDistancesThatNoImageHas are refused, as they are what a model answers to numbers of the
// wrong range.
func TestDistancesThatNoImageHas(t *testing.T) {
	for _, d := range []float32{1e5, float32(math.Inf(1)), float32(math.NaN())} {
		m := segment.Maps{Prob: []float32{0.9}, Dist: []float32{3, 3, d, 3}, W: 1, H: 1, Rays: 4}
		if s, err := segment.Stars(t.Context(), m, 2, segment.Options{Prob: 0.5}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%v: %v, %v", d, s, err)
		}
	}
}

func TestWrongSizesAreSaid(t *testing.T) {
	m := segment.Maps{Prob: make([]float32, 4), Dist: make([]float32, 4*31), W: 2, H: 2, Rays: 32}
	if _, err := segment.Stars(t.Context(), m, 2, segment.Options{}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}
