package infer_test

import (
	"image"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/infer"
	"coverslip.dev/coverslip/core/segment"
)

// TestCellsDoNotShow looks at an image cell by cell, as one is whose outputs are too large to be
// held: what is found is what the whole image has, but for pixels between two that touch.
func TestCellsDoNotShow(t *testing.T) {
	src, nets := cells(433, 387), zoo(t, "nets")
	type way struct{ channels, decode string }
	for name, c := range map[string]way{
		"watershed": {"inside", "{id: watershed, kwargs: {min_distance: 6}}"}, "boundary": {"inside, edge", "{id: watershed, kwargs: {boundary: 1}}"},
		"flows": {"dy, dx, logit", "{id: cellpose_flow_dynamics}"}, "points": {"logit", "{id: points, kwargs: {threshold: 9, min_distance: 7, radius: 4}}"},
	} {
		m := description(t, c.channels, c.decode)
		opt := infer.Options{Tile: 160, Overlap: 40}
		if name == "points" {
			opt.Channel = 4
		}
		for engine, e := range engines(t, "GRPC") {
			ref := shelved(t, e, filepath.Join(nets, "same.onnx"))
			see := func(hold int, forming func(func() []annotation.Object)) []annotation.Object {
				t.Helper()
				o := opt
				o.Hold, o.Forming = hold, forming
				l, err := infer.Detect(t.Context(), e, ref, m, src, o, nil)
				if err != nil {
					t.Fatalf("%s on %s: %v", name, engine, err)
				}
				return l.Objects
			}
			whole := see(1<<30, nil)
			var seen []int
			got := see(90_000, func(sofar func() []annotation.Object) { seen = append(seen, len(sofar())) })
			if len(got) != len(whole) || len(whole) < 300 || len(seen) < 4 || seen[0] >= len(got)/2 || seen[len(seen)-1] != len(got) {
				t.Errorf("%s on %s: %d objects, %d in the whole image, seen %v", name, engine, len(got), len(whole), seen)
				continue
			}
			for _, o := range got { // middles in a row differ by less than a pixel, and with them the order
				a := segment.Bounds(o.Outline)
				if !slices.ContainsFunc(whole, func(x annotation.Object) bool {
					d := a.Min.Sub(segment.Bounds(x.Outline).Min)
					area := segment.Area(x.Outline)
					return max(d.X, -d.X, d.Y, -d.Y) <= 2 && math.Abs(segment.Area(o.Outline)-area) < 8+area/20
				}) {
					t.Errorf("%s on %s: there is nothing at %v in the whole image", name, engine, a)
					break
				}
			}
		}
	}
}

// steps are what a progress was told.
type steps struct{ said []string }

func (s *steps) Add(int64)      {}
func (s *steps) Grow(int64)     {}
func (s *steps) Step(to string) { s.said = append(s.said, to) }

// TestStarsInCells: star-convex objects of an image that is looked at cell by cell, as one is
// that has more possible centres than are held, are just those of the whole image.
func TestStarsInCells(t *testing.T) {
	src, _ := discs(431, 387, 10)
	see := func(hold int, region image.Rectangle) ([]annotation.Object, int) {
		t.Helper()
		var p steps
		l, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, infer.Options{Tile: 256, Hold: hold, Region: region}, &p)
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, s := range p.said {
			if s == "asking the model" {
				asked++
			}
		}
		return l.Objects, asked
	}
	for _, region := range []image.Rectangle{{}, image.Rect(70, 40, 420, 380)} {
		whole, once := see(0, region)
		got, cells := see(30_000, region)
		if !reflect.DeepEqual(got, whole) || len(whole) < 100 || once != 1 || cells < 6 {
			t.Errorf("region %v: %d objects in %d cells, %d in the whole image", region, len(got), cells, len(whole))
		}
	}
}
