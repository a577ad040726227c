package segment_test

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/segment"
)

// half is a float16, which none of these flows is too large or too small for.
func half(b uint16) float32 {
	exp, frac := int(b>>10&31), float64(b&1023)
	v := math.Ldexp(1+frac/1024, exp-15)
	if exp == 0 {
		v = math.Ldexp(frac, -24)
	}
	if b>>15 == 1 {
		v = -v
	}
	return float32(v)
}

// TestFlowsAsCellpose compares with labels that cellpose's own code made (testdata/gen_flows.py).
func TestFlowsAsCellpose(t *testing.T) {
	f, err := os.Open("testdata/flows.bin.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	for ; ; cases++ {
		var side uint32
		if err := binary.Read(z, binary.LittleEndian, &side); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		n := int(side * side)
		raw := make([]uint16, 4*n)
		if err := binary.Read(z, binary.LittleEndian, raw); err != nil {
			t.Fatal(err)
		}
		maps := make([]float32, 3*n)
		for i := range maps {
			maps[i] = half(raw[i])
		}
		in := segment.Flows{Y: maps[:n], X: maps[n : 2*n], Prob: maps[2*n:], W: int(side), H: int(side)}
		got, cells, err := segment.FollowFlows(t.Context(), in, segment.FlowOptions{Error: 0.4, MinSize: 15})
		if err != nil {
			t.Fatal(err)
		}
		want := make([]uint32, n)
		for i, l := range raw[3*n:] {
			want[i] = uint32(l)
		}
		if off := differ(got, want); off > 0 || cells != int(slices.Max(want)) || cells < 5 {
			t.Errorf("case %d: %d cells, cellpose %d; %d of %d pixels have another label", cases, cells, slices.Max(want), off, n)
		}
	}
	if cases != 3 {
		t.Errorf("%d cases", cases)
	}
}

// TestFlowsOfInfinities: where a flow is no number, as of an image with infinities, there is
// none, and no cell; the others stay as they are.
func TestFlowsOfInfinities(t *testing.T) {
	const w, h = 80, 40
	f := segment.Flows{Y: make([]float32, w*h), X: make([]float32, w*h), Prob: make([]float32, w*h), W: w, H: h}
	for i := range f.Prob { // two discs
		cx, cy := 20+40*(i%w/40), 20
		dx, dy := float64(cx-i%w), float64(cy-i/w)
		d := math.Hypot(dx, dy)
		f.Prob[i] = float32(12 - d)
		if d > 0 {
			f.X[i], f.Y[i] = float32(5*dx/d), float32(5*dy/d)
		}
	}
	o := segment.FlowOptions{Error: 0.4, MinSize: 15}
	want, n, err := segment.FollowFlows(t.Context(), f, o)
	if err != nil || n != 2 {
		t.Fatal(n, err)
	}
	for i := range f.X { // of the second one
		if i%w >= 40 {
			f.X[i], f.Y[i] = float32(math.Inf(1-i%3)), float32(math.NaN())
		}
	}
	got, n, err := segment.FollowFlows(t.Context(), f, o)
	if err != nil || n != 1 {
		t.Fatal(n, err)
	}
	for i, l := range got {
		if i%w < 40 && l != want[i] || i%w >= 40 && l != 0 {
			t.Fatalf("pixel %d has label %d, was %d", i, l, want[i])
		}
	}
	thin := segment.Flows{Y: f.Y[:9], X: f.X[:9], Prob: f.Prob[:9], W: 9, H: 1}
	if labels, n, err := segment.FollowFlows(t.Context(), thin, o); len(labels) != 9 || n != 0 || err != nil {
		t.Errorf("of one row: %v, %d, %v", labels, n, err)
	}
	thin.W = 8
	if _, _, err := segment.FollowFlows(t.Context(), thin, o); err == nil {
		t.Error("took flows of another size")
	}
}
