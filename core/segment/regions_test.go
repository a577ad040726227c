package segment_test

import (
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/segment"
)

// TestRegionsAsComponents: row by row the same regions come out as of the whole image.
func TestRegionsAsComponents(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 6)) //nolint:gosec // a test's
		w, h := 1+rng.IntN(60), 1+rng.IntN(60)
		share := rng.Float64()
		v := make([]float32, w*h)
		for i := range v {
			if rng.Float64() < share {
				v[i] = 0.5 + float32(rng.Float64())/2
			}
		}
		v[rng.IntN(len(v))] = float32(math.NaN())
		const level = 0.6
		labels, n := segment.Components(segment.Above(v, w, level), false)
		outlines := segment.Contours(labels, w)
		r := segment.NewRegions(level)
		for y := range h {
			r.Row(v[y*w:][:w])
		}
		all, err := r.All(1)
		if err != nil || len(all) != n {
			t.Fatalf("seed %d: %d regions, want %d, %v", seed, len(all), n, err)
		}
		for k, got := range all {
			var want segment.Region
			for i, l := range labels {
				if int(l) == k+1 {
					want.Pixels++
					want.X, want.Y, want.Mean = want.X+float64(i%w)+0.5, want.Y+float64(i/w)+0.5, want.Mean+float64(v[i])
				}
			}
			p := float64(want.Pixels)
			if got.Pixels != want.Pixels || off(got.X, want.X/p) || off(got.Y, want.Y/p) || off(got.Mean, want.Mean/p) {
				t.Errorf("seed %d: region %d is %+v, want %+v over %v", seed, k, got, want, p)
			}
			if !reflect.DeepEqual(got.Outline, outlines[uint32(k+1)]) {
				t.Errorf("seed %d: region %d has the outline %v, want %v", seed, k, got.Outline, outlines[uint32(k+1)])
			}
		}
		if some, err := r.All(3); err != nil || len(some) > len(all) {
			t.Errorf("%d of 3 pixels or more, of %d, %v", len(some), len(all), err)
		}
	}
}

// TestRegionsOfClasses: so do the regions of each class.
func TestRegionsOfClasses(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a test's
		w, h := 1+rng.IntN(60), 1+rng.IntN(60)
		class, score := make([]uint8, w*h), make([]float32, w*h)
		for i := range class {
			class[i], score[i] = []uint8{0, 1, 2, 255}[rng.IntN(2+int(seed%3))], float32(rng.Float64())
		}
		labels, of := segment.ClassComponents(class, w)
		outlines := segment.Contours(labels, w)
		r := segment.NewRegions(0)
		for y := range h {
			r.ClassRow(class[y*w:][:w], score[y*w:][:w])
		}
		all, err := r.All(1)
		if err != nil || len(all) != len(of)-1 {
			t.Fatalf("seed %d: %d regions, want %d, %v", seed, len(all), len(of)-1, err)
		}
		for k, got := range all {
			n, sum := 0, 0.0
			for i, l := range labels {
				if int(l) == k+1 {
					n, sum = n+1, sum+float64(score[i])
				}
			}
			if got.Class != of[k+1] || got.Pixels != n || off(got.Mean, sum/float64(n)) || !reflect.DeepEqual(got.Outline, outlines[uint32(k+1)]) {
				t.Errorf("seed %d: region %d is %+v, want %d pixels of class %d", seed, k, got, n, of[k+1])
			}
		}
	}
}

// TestARegionNearlyEverywhere is refused before it is painted: a pixel of its rectangle takes
// a byte. A smaller one takes no more than that.
func TestARegionNearlyEverywhere(t *testing.T) {
	const w, h = 1 << 18, 1<<12 + 1 // just too large
	r := segment.NewRegions(0.5)
	row := make([]float32, w)
	grow := func(rows int) {
		for range rows {
			row[0] = 1
			r.Row(row)
			clear(row)
		}
	}
	for i := range row {
		row[i] = 1
	}
	grow(64)
	var was, is runtime.MemStats
	runtime.ReadMemStats(&was)
	some, err := r.All(1)
	runtime.ReadMemStats(&is)
	if used := is.TotalAlloc - was.TotalAlloc; err != nil || len(some) != 1 || len(some[0].Outline) != 6 || used > w*64+1<<16 {
		t.Errorf("%d regions with %d bytes, %v", len(some), used, err)
	}
	grow(h - 64)
	if _, err := r.All(1); fault.KindOf(err) != fault.Invalid {
		t.Errorf("%v", err)
	}
}

func off(a, b float64) bool { return math.Abs(a-b) > 1e-9 }

// TestPainterInBands: rows painted by themselves are those of the whole image.
func TestPainterInBands(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's
	const w, h = 90, 700
	var objects []annotation.Object
	for range 300 {
		o := annotation.Object{Score: rng.Float64()}
		x, y := rng.Float64()*w, rng.Float64()*h
		for range 3 + rng.IntN(6) { // some corners lie in the middle of a row
			o.Outline = append(o.Outline, annotation.Point{X: math.Round(2*(x+20*rng.Float64())) / 2, Y: math.Round(2*(y+60*rng.Float64())) / 2})
		}
		objects = append(objects, o)
	}
	whole := segment.Labels(objects, w, h)
	p := segment.NewPainter(objects, w, h)
	for y := 0; y < h; {
		rows := min(1+rng.IntN(300), h-y)
		out := make([]uint32, rows*w)
		p.Rows(y, out)
		if !reflect.DeepEqual(out, whole[y*w:][:rows*w]) {
			t.Fatalf("rows %d to %d are others", y, y+rows)
		}
		y += rows
	}
}
