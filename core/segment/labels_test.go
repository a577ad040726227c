package segment_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/segment"
)

func TestMatchAsStardist(t *testing.T) {
	for _, v := range vectors(t) {
		truth, pred := labels(t, v.Name+".truth.u16.gz"), labels(t, v.Name+".labels.u16.gz")
		for _, want := range v.Match {
			got, err := segment.Match(truth, pred, want.IoU)
			if err != nil {
				t.Fatal(err)
			}
			a := got[0]
			if a.TP != want.TP || a.FP != want.FP || a.FN != want.FN || math.Abs(a.AP()-want.AP) > 1e-12 ||
				math.Abs(a.F1()-want.F1) > 1e-12 || math.Abs(a.MeanIoU-want.MeanIoU) > 1e-6 {
				t.Errorf("%s at %v: %+v, stardist %+v", v.Name, want.IoU, a, want)
			}
		}
	}
	if _, err := segment.Match(make([]uint32, 4), make([]uint32, 5), 0.5); err == nil {
		t.Error("compared images of different sizes")
	}
}

// TestShift moves labels: those that still overlap by half tell by how much, a stray one does not.
func TestShift(t *testing.T) {
	const w, h = 40, 30
	box := func(to []uint32, n uint32, x0, y0, x1, y1 int) {
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				to[y*w+x] = n
			}
		}
	}
	truth, pred := make([]uint32, w*h), make([]uint32, w*h)
	box(truth, 1, 2, 2, 12, 12)
	box(pred, 7, 3, 0, 13, 10) // 1 to the right, 2 up
	box(truth, 2, 20, 5, 30, 15)
	box(pred, 8, 22, 5, 32, 15) // 2 to the right
	box(truth, 3, 5, 20, 10, 25)
	box(pred, 9, 9, 20, 14, 25) // hardly touches
	if x, y := segment.Shift(truth, pred, w); x != 1.5 || y != -1 {
		t.Errorf("shifted by %g, %g", x, y)
	}
	if x, y := segment.Shift(truth, make([]uint32, w*h), w); x != 0 || y != 0 {
		t.Errorf("nothing is shifted by %g, %g", x, y)
	}
}

func TestComponentsAsSkimage(t *testing.T) {
	for _, v := range vectors(t) {
		truth := labels(t, v.Name+".truth.u16.gz")
		in := segment.Where(v.Size, v.Size, func(i int) bool { return truth[i] != 0 })
		for diagonal, want := range map[bool]int{false: v.Components4, true: v.Components8} {
			if l, n := segment.Components(in, diagonal); n != want || slices.Max(l) != uint32(want) {
				t.Errorf("%s: %d components, skimage %d", v.Name, n, want)
			}
		}
	}
}

// TestComponentsByFlooding compares with the slow and obvious way.
func TestComponentsByFlooding(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 50 {
		w, h := 23, 17
		if round%2 == 1 { // rows of more than a word, and of whole ones
			w, h = []int{64, 65, 127, 128, 200}[round/2%5], 9
		}
		m := make([]bool, w*h)
		for i := range m {
			m[i] = r.IntN(2) == 0
		}
		got, n := segment.Components(segment.Where(w, h, func(i int) bool { return m[i] }), false)
		want := make([]uint32, w*h)
		next := uint32(0)
		var flood func(x, y int)
		flood = func(x, y int) {
			if x < 0 || y < 0 || x >= w || y >= h || !m[y*w+x] || want[y*w+x] != 0 {
				return
			}
			want[y*w+x] = next
			flood(x+1, y)
			flood(x-1, y)
			flood(x, y+1)
			flood(x, y-1)
		}
		for i := range m {
			if m[i] && want[i] == 0 {
				next++
				flood(i%w, i/w)
			}
		}
		if n != int(next) || !slices.Equal(got, want) {
			t.Fatalf("%d components, want %d", n, next)
		}
	}
}

// TestContoursPaintBack outlines what is in one part, and paints it again.
func TestContoursPaintBack(t *testing.T) {
	for _, v := range vectors(t) {
		want := labels(t, v.Name+".labels.u16.gz")
		outlines := segment.Contours(want, v.Size)
		if len(outlines) < 30 {
			t.Fatalf("%s: %d outlines", v.Name, len(outlines))
		}
		for l, o := range outlines {
			one, n := segment.Components(segment.Where(v.Size, v.Size, func(i int) bool { return want[i] == l }), false)
			if n > 1 {
				continue
			}
			if got := segment.Labels([]annotation.Object{{Outline: o}}, v.Size, v.Size); !slices.Equal(got, one) {
				t.Errorf("%s: label %d is not itself again", v.Name, l)
			}
			pixels := 0
			for _, x := range one {
				pixels += int(x)
			}
			if a := segment.Area(o); a != float64(pixels) {
				t.Errorf("%s: label %d has area %v in %d pixels", v.Name, l, a, pixels)
			}
		}
	}
}

func TestFillTakesTheLine(t *testing.T) {
	tri := []annotation.Point{{X: 1.5, Y: 1.5}, {X: 4.5, Y: 1.5}, {X: 1.5, Y: 4.5}}
	got := segment.Labels([]annotation.Object{{Outline: tri}}, 6, 6)
	want := []uint32{
		0, 0, 0, 0, 0, 0,
		0, 1, 1, 1, 1, 0,
		0, 1, 1, 1, 0, 0,
		0, 1, 1, 0, 0, 0,
		0, 1, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

// TestContoursOfTheLargestPart: a stray pixel above a cell is not the cell. The sizes of
// parts are told by flooding.
func TestContoursOfTheLargestPart(t *testing.T) {
	cell := make([]uint32, 20*20)
	for y := 5; y < 15; y++ {
		for x := 5; x < 15; x++ {
			cell[y*20+x] = 7
		}
	}
	cell[3*20+9] = 7
	if o := segment.Contours(cell, 20)[7]; segment.Area(o) != 100 {
		t.Errorf("outline %v of a cell of 10×10 pixels and one more", o)
	}
	if len(segment.Contours(nil, 0)) != 0 {
		t.Error("outlines in no image")
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 50 {
		const w, h = 23, 17
		l := make([]uint32, w*h)
		for i := range l {
			l[i] = uint32(r.IntN(3))
		}
		outlines := segment.Contours(l, w)
		for label := uint32(1); label < 3; label++ {
			parts, n := segment.Components(segment.Where(w, h, func(i int) bool { return l[i] == label }), false)
			size, first := make([]int, n+1), make([]int, n+1)
			for i, p := range slices.Backward(parts) {
				size[p]++
				first[p] = i
			}
			size[0] = 0
			top := slices.Index(size, slices.Max(size))
			if p := outlines[label][0]; p.X != float64(first[top]%w) || p.Y != float64(first[top]/w) {
				t.Fatalf("label %d: outline begins at %v, want pixel %d, of sizes %v", label, p, first[top], size[1:])
			}
		}
	}
}
