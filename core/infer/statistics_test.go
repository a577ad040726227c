package infer

import (
	"image"
	"math"
	"strings"
	"testing"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/recipe"
)

// TestNothingBeginsAgain: an image with numbers that an input of whole numbers can't take is
// refused, also below 0 and beside pixels that are no numbers.
func TestNothingBeginsAgain(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		kind string
		of   imageio.PixelType
		x    []float32
		says string // empty: it may pass
	}{
		{"uint8", imageio.Uint16, []float32{0, 256}, "from 0 to 255, and the image has 256."},
		{"uint8", imageio.Float32, []float32{nan, 7, 3000}, "the image has 3000."},
		{"uint8", imageio.Float32, []float32{-1, 7}, "has -1."},
		{"uint8", imageio.Int16, []float32{-5}, "has -5."},
		{"uint16", imageio.Int16, []float32{-5}, "from 0 to 65535"},
		{"int16", imageio.Uint16, []float32{32768}, "from -32768 to 32767"},
		{"uint32", imageio.Float32, []float32{1 << 32}, "4294967295"},
		{"int32", imageio.Uint32, []float32{1 << 31}, "2147483647"},
		{"uint64", imageio.Float64, []float32{-2}, "has -2."},
		{"uint8", imageio.Float32, []float32{nan, inf, -inf, 0, 255, -0.5}, ""},
		{"int32", imageio.Uint16, []float32{65535}, ""},
		{"float32", imageio.Float32, []float32{-1e9}, ""},
	} {
		in := recipe.Tensor{Ops: []recipe.Op{{ID: "ensure_dtype", Kwargs: map[string]any{"dtype": c.kind}}}}
		takes, more := narrow(&in, c.of)
		err := within(c.x, takes, more)
		if refused := fault.KindOf(err) == fault.Invalid && err != nil; refused != (c.says != "") || refused && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s of %v, %v: %v", c.kind, c.of, c.x, err)
		}
	}
}

// TestWhatOvershootsIsHeld: pixels that scaling makes beyond a type are those at its ends.
func TestWhatOvershootsIsHeld(t *testing.T) {
	for kind, want := range map[string][]float32{"UINT8": {0, 200, 255}, "UINT32": {0, 200, 1<<32 - 256}, "INT32": {-7, 200, 1<<31 - 128}, "FP32": {-7, 200, 1 << 33}} {
		x := []float32{-7, 200, 1 << 33}
		r, _ := limitsOf(kind)
		if r.hold(x); x[0] != want[0] || x[1] != want[1] || x[2] != want[2] {
			t.Errorf("%s: %v, want %v", kind, x, want)
		}
	}
}

// TestCountersAreAsLargeAsTheyWillBe: one that grows is in memory twice.
func TestCountersAreAsLargeAsTheyWillBe(t *testing.T) {
	size := image.Pt(30, 17)
	c := newCounter(imageio.Float32, size, 1)
	before := cap(c.values)
	c.add(&imageio.Pixels{Size: size, Type: imageio.Float32, Data: make([]byte, 4*size.X*size.Y)}, 0)
	if len(c.values) != size.X*size.Y || cap(c.values) != before {
		t.Errorf("%d values, room for %d of %d", len(c.values), cap(c.values), before)
	}
	if c := newCounter(imageio.Float32, image.Pt(1<<14, 1<<14), 2); cap(c.values) != maxValues/2 {
		t.Errorf("room for %d of a slide's channel", cap(c.values))
	}
}
