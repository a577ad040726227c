package segment_test

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

// sieve is a mask with many holes, also in what lies in holes.
func sieve(rng *rand.Rand, w, h int) segment.Mask {
	share, coarse := 0.3+0.6*rng.Float64(), 1+rng.IntN(3)
	in := make([]bool, w*h)
	for i := range in {
		in[i] = rng.Float64() < share
	}
	return segment.Where(w, h, func(i int) bool { return in[i/w/coarse*coarse*w+i%w/coarse*coarse] })
}

// TestHolesPaintBack: whatever a mask encloses, all its parts together paint it again, each has
// the area of its pixels, and has as many rings as background is enclosed in it, and one more.
// Scaled as by a view, an outline has the same rings.
func TestHolesPaintBack(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 8)) //nolint:gosec // a test's
		w, h := 1+rng.IntN(50), 1+rng.IntN(50)
		labels, n := segment.Components(sieve(rng, w, h), false)
		objects, pixels := make([]annotation.Object, n), make([]int, n+1)
		for _, l := range labels {
			pixels[l]++
		}
		for l, o := range segment.Contours(labels, w) {
			objects[l-1] = annotation.Object{Outline: o, Score: rng.Float64()}
			if a := segment.Area(o); a != float64(pixels[l]) {
				t.Errorf("seed %d: part %d has area %v in %d pixels", seed, l, a, pixels[l])
			}
			// Around the image is nothing, too.
			_, around := segment.Components(segment.Where(w+2, h+2, func(i int) bool {
				x, y := i%(w+2)-1, i/(w+2)-1
				return x < 0 || y < 0 || x >= w || y >= h || labels[y*w+x] != l
			}), true)
			rings := annotation.Rings(o)
			if len(rings) != around {
				t.Fatalf("seed %d: part %d has %d rings, want %d", seed, l, len(rings), around)
			}
			kx, ky, dx := rng.Float64(), rng.Float64(), rng.Float64()
			scale := func(o []annotation.Point) (out []annotation.Point) {
				for _, p := range o {
					out = append(out, annotation.Point{X: (p.X + dx) * kx, Y: p.Y * ky})
				}
				return out
			}
			for i, r := range annotation.Rings(scale(o)) {
				if !reflect.DeepEqual(r, scale(rings[i])) {
					t.Errorf("seed %d: scaled, part %d has another ring %d", seed, l, i)
				}
			}
			if got := segment.Labels([]annotation.Object{{Outline: annotation.Join(rings[0], rings[1:])}}, w, h); !slices.EqualFunc(got, labels, func(g, m uint32) bool { return (g == 1) == (m == l) }) {
				t.Errorf("seed %d: part %d is another one when its rings are joined again", seed, l)
			}
		}
		if !slices.Equal(segment.Labels(objects, w, h), labels) {
			t.Errorf("seed %d: the parts do not paint the mask", seed)
		}
	}
}

// TestJoinOfWhatOthersDraw: rings turn as they like, edges are slanted, holes lie one below the
// other and touch; what lies nowhere in the outer ring is left out.
func TestJoinOfWhatOthersDraw(t *testing.T) {
	outer := []annotation.Point{{X: 0, Y: 4}, {X: 20, Y: 0}, {X: 40, Y: 4}, {X: 38, Y: 60}, {X: 1, Y: 61}}
	one := []annotation.Point{{X: 10, Y: 20}, {X: 13, Y: 10}, {X: 16, Y: 20}, {X: 13, Y: 24}}
	two := []annotation.Point{{X: 13, Y: 30}, {X: 16, Y: 40}, {X: 10, Y: 40}}
	touching := []annotation.Point{{X: 13, Y: 24}, {X: 12, Y: 27}, {X: 14, Y: 27}}
	beyond := []annotation.Point{{X: 50, Y: 10}, {X: 60, Y: 10}, {X: 60, Y: 20}}
	want := segment.Area(outer)
	holes := [][]annotation.Point{two, one, touching, beyond, {{X: 3, Y: 3}}}
	for _, h := range holes[:3] {
		want -= segment.Area(h)
	}
	for range 2 {
		o := annotation.Join(outer, holes)
		if a := segment.Area(o); off(a, want) {
			t.Errorf("area %v, want %v", a, want)
		}
		if r := annotation.Rings(o); len(r) != 3 { // those that touch are one
			t.Errorf("%d rings: %v", len(r), r)
		}
		for _, h := range holes[:2] {
			slices.Reverse(h)
		}
	}
	if got := annotation.Join(outer, holes[3:]); !reflect.DeepEqual(got, outer) {
		t.Errorf("without holes: %v", got)
	}
	back := []annotation.Point{{X: 5}, {X: 5, Y: 9}, {X: 5}, {X: 0, Y: 9}, {X: 3, Y: 3}, {X: 4, Y: 9}, {X: 6, Y: 6}, {X: 6, Y: 2}}
	for _, o := range [][]annotation.Point{nil, outer, back[:3], back} { // drawn so
		if r := annotation.Rings(o); len(r) != 1 || len(o) < 4 && !reflect.DeepEqual(r[0], o) {
			t.Errorf("%v: rings %v", o, r)
		}
	}
}
