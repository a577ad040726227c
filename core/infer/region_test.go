package infer_test

import (
	"context"
	"image"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/recipe"
	"coverslip.dev/coverslip/core/segment"
)

// TestARegionIsAPartOfTheWhole: what is found in it is what the whole image has there, also
// where the image is scaled or is held for its operations, and less is asked for.
func TestARegionIsAPartOfTheWhole(t *testing.T) {
	held := strings.Replace(text, "{min_percentile", "{axes: [x], min_percentile", 1) // row by row
	for name, c := range map[string]struct {
		text string
		opt  infer.Options
	}{
		"plain":  {text, infer.Options{Tile: 128}},
		"scaled": {text, infer.Options{Tile: 128, Diameter: 40}},
		"held":   {held, infer.Options{Tile: 128}},
	} {
		r, err := recipe.Read([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if r.Held() != (name == "held") {
			t.Fatalf("%s: held %v", name, r.Held())
		}
		src, _ := discs(1000, 800, max(10, c.opt.Diameter/2))
		see := func(region image.Rectangle) ([]annotation.Object, int) {
			t.Helper()
			opt, e := c.opt, marcher{make(chan int, 1000)}
			opt.Region = region
			l, err := infer.Detect(t.Context(), e, ref, r, src, opt, nil)
			if err != nil {
				t.Fatal(name, err)
			}
			return l.Objects, len(e.asked)
		}
		whole, all := see(image.Rectangle{})
		region := image.Rect(611, 403, 805, 633)
		part, few := see(region)
		if few >= all || len(part) == 0 {
			t.Errorf("%s: %d of %d questions, %d objects", name, few, all, len(part))
		}
		have := map[string]annotation.Object{}
		for _, o := range part {
			have[o.ID] = o
			if !segment.Bounds(o.Outline).Overlaps(region) {
				t.Errorf("%s: an object of %v is not of the region", name, segment.Bounds(o.Outline))
			}
		}
		for _, o := range whole {
			got, ok := have[o.ID]
			if in := segment.Bounds(o.Outline).In(region); in && !ok || ok && !alike(got, o) {
				t.Errorf("%s: the object of %v, in the region %v, is there: %v, or is another", name, segment.Bounds(o.Outline), in, ok)
			}
			delete(have, o.ID)
		}
		if len(have) > 0 {
			t.Errorf("%s: %d objects that the whole image has not", name, len(have))
		}
	}
	src, _ := discs(210, 150, 10)
	_, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, infer.Options{Region: image.Rect(300, 0, 400, 90)}, nil)
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.Invalid || !strings.Contains(say, "region") {
		t.Errorf("a region beside the image: %v", err)
	}
}

// alike tells if two objects are one, but for how corners are rounded to 24 bits.
func alike(a, b annotation.Object) bool {
	if len(a.Outline) != len(b.Outline) {
		return false
	}
	for i, p := range a.Outline {
		if q := b.Outline[i]; math.Abs(p.X-q.X) > 1e-3 || math.Abs(p.Y-q.Y) > 1e-3 {
			return false
		}
	}
	a.Outline, b.Outline = nil, nil
	return reflect.DeepEqual(a, b)
}

// TestObjectsFormWhileAnswersComeIn: there are more and more, and at the end all.
func TestObjectsFormWhileAnswersComeIn(t *testing.T) {
	src, _ := discs(431, 317, 10)
	var seen []int
	opt := infer.Options{Tile: 128, Parallel: 1, Forming: func(sofar func() []annotation.Object) { seen = append(seen, len(sofar())) }}
	l, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, infer.Options{Tile: 128}, nil)
	if err != nil || !reflect.DeepEqual(l.Objects, plain.Objects) {
		t.Errorf("%d objects, %d if nobody looks: %v", len(l.Objects), len(plain.Objects), err)
	}
	if n := len(seen); n < 6 || seen[0] == 0 || seen[0] > len(l.Objects)/4 || seen[n/2] <= seen[0] || seen[n-1] != len(l.Objects) {
		t.Errorf("seen %v of %d", seen, len(l.Objects))
	}
}

// watched counts the tiles that are read.
type watched struct {
	plane

	read *atomic.Int64
}

func (w watched) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	w.read.Add(1)
	return w.plane.ReadTile(ctx, t)
}

// TestRecallReadsNoPixels, and says where there is more than is kept.
func TestRecallReadsNoPixels(t *testing.T) {
	flat, _ := discs(431, 317, 10)
	src := watched{flat, new(atomic.Int64)}
	opt := infer.Options{Tile: 128, Keep: infer.Keep{Dir: filepath.Join(t.TempDir(), "kept"), Bytes: 1 << 30, Of: "a"}}
	want, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	src.read.Store(0)
	got, err := infer.Recall(t.Context(), ref, describe(t), src, opt, nil)
	if n := src.read.Load(); err != nil || n > 0 || !reflect.DeepEqual(got.Objects, want.Objects) {
		t.Errorf("%d tiles read for %d of %d objects: %v", n, len(got.Objects), len(want.Objects), err)
	}
	m := description(t, "inside", "{id: points, kwargs: {threshold: 0.6, min_distance: 7, radius: 4}}")
	e := engines(t)["embedded"]
	net := shelved(t, e, filepath.Join(zoo(t, "nets"), "same.onnx"))
	maps := cells(433, 387)
	for _, bytes := range []int64{1 << 30, 1 << 20} { // of all cells together
		opt := infer.Options{Tile: 160, Overlap: 40, Hold: 90_000, Keep: infer.Keep{Dir: filepath.Join(t.TempDir(), "cells"), Bytes: bytes, Of: "a"}}
		want, err := infer.Detect(t.Context(), e, net, m, maps, opt, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := infer.Recall(t.Context(), net, m, maps, opt, nil)
		if few := bytes < 1<<30; few && (err == nil || !strings.Contains(err.Error(), "more than is kept")) || !few && (err != nil || len(got.Objects) != len(want.Objects)) {
			t.Errorf("cells in %d bytes: %d of %d objects, %v", bytes, len(got.Objects), len(want.Objects), err)
		}
	}
	opt.Keep.Dir, opt.Keep.Bytes = filepath.Join(t.TempDir(), "little"), 1<<20
	if _, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, opt, nil); err != nil {
		t.Fatal(err)
	}
	_, err = infer.Recall(t.Context(), ref, describe(t), src, opt, nil)
	if say, _ := fault.Explain(err); fault.KindOf(err) != fault.NotFound || !strings.Contains(say, "more than is kept") {
		t.Errorf("answers that have no room: %v", err)
	}
}

// echo is a network that answers what it is asked.
type echo struct{ marcher }

func (echo) Describe(context.Context, infer.Ref) (infer.Spec, error) {
	shape := []int64{-1, -1, -1, -1}
	return infer.Spec{In: []infer.Port{{Name: "image", Type: "FP32", Shape: shape}}, Out: []infer.Port{{Name: "y", Type: "FP32", Shape: shape}}}, nil
}

func (echo) Infer(_ context.Context, _ infer.Ref, in []infer.Tensor) ([]infer.Tensor, error) {
	in[0].Name = "y"
	return in, nil
}

// disc is an image of one disc.
func disc(w, h, x, y int, radius float64) sheets {
	s := sheets{w: w, h: h, channels: [][]float32{make([]float32, w*h)}, names: []string{"inside"}}
	for i := range s.channels[0] {
		if math.Hypot(float64(i%w-x), float64(i/w-y)) <= radius {
			s.channels[0][i] = 1
		}
	}
	return s
}

// TestWhatIsLargerThanASurround is looked at again: it is whole in the region or the cell that
// its middle lies in, and in no other. What reaches too far is not there, rather than cut.
func TestWhatIsLargerThanASurround(t *testing.T) {
	see := func(src sheets, decode string, opt infer.Options) []annotation.Object {
		t.Helper()
		l, err := infer.Detect(t.Context(), echo{}, ref, description(t, "inside", decode), src, opt, nil)
		if err != nil {
			t.Fatal(err)
		}
		return l.Objects
	}
	large := disc(1300, 1000, 600, 600, 300)
	for region, want := range map[image.Rectangle]int{
		image.Rect(450, 450, 750, 750): 1, image.Rect(300, 300, 500, 500): 0, image.Rect(620, 500, 900, 700): 0, image.Rect(0, 0, 250, 250): 0,
	} {
		got := see(large, "{id: components}", infer.Options{Region: region})
		if len(got) != want || want == 1 && segment.Bounds(got[0].Outline) != image.Rect(300, 300, 902, 902) {
			t.Errorf("region %v: %d objects, %v", region, len(got), got)
		}
	}
	far := infer.Options{Region: image.Rect(410, 410, 510, 510), Overlap: 24}
	if got := see(disc(950, 950, 460, 460, 450), "{id: components}", far); len(got) != 0 {
		t.Errorf("what reaches further than eight times as far as is looked first: %v", segment.Bounds(got[0].Outline))
	}
	for _, hold := range []int{90_000, 1 << 30} { // in cells of 150 pixels, and as a whole
		got := see(disc(700, 600, 310, 290, 150), "{id: watershed, kwargs: {min_distance: 40}}", infer.Options{Hold: hold})
		if len(got) != 1 || segment.Bounds(got[0].Outline) != image.Rect(160, 140, 462, 442) {
			t.Errorf("hold %d: %d objects, %v", hold, len(got), got)
		}
	}
}
