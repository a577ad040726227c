package infer_test

import (
	"image"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
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

// course notes how far work is, and whether it ever went back.
type course struct {
	mu          sync.Mutex
	done, total int64
	furthest    float64
	back        bool
	reading     int64 // done when the model is asked
	asked       bool
}

func (c *course) Grow(n int64) { c.move(0, n) }

func (c *course) Add(n int64) { c.move(n, 0) }

func (c *course) Step(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if to == "asking the model" && !c.asked {
		c.asked, c.reading = true, c.done
	}
}

func (c *course) move(done, total int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done, c.total = c.done+done, c.total+total
	if total > 0 { // what comes besides is done at once
		return
	}
	at := float64(c.done) / float64(c.total)
	c.back = c.back || at < c.furthest
	c.furthest = at
}

// TestProgressDoesNotGoBack: all that is to be done is known before anything is, of an image that is looked at cell by
// cell too, and what is only read is a small part of it.
func TestProgressDoesNotGoBack(t *testing.T) {
	src, _ := discs(531, 487, 10)
	keep := infer.Keep{Dir: t.TempDir(), Bytes: 1 << 30, Of: "a"}
	for name, opt := range map[string]infer.Options{
		"cells": {Tile: 256, Hold: 30_000}, "a region": {Tile: 256, Region: image.Rect(100, 90, 300, 400)},
		"cells of a region": {Tile: 256, Hold: 30_000, Region: image.Rect(100, 40, 500, 480)},
	} {
		for _, opt.Keep = range []infer.Keep{keep, keep} { // and what is known
			var c course
			if _, err := infer.Detect(t.Context(), marcher{}, ref, describe(t), src, opt, &c); err != nil {
				t.Fatal(err)
			}
			if c.back || c.done != c.total || c.done == 0 || 2*c.reading > c.total || c.reading == 0 {
				t.Errorf("%s: %d of %d, %d of them read; went back: %v", name, c.done, c.total, c.reading, c.back)
			}
		}
	}
	big := disc(600, 500, 290, 210, 120) // is looked at again
	var c course
	opt := infer.Options{Tile: 128, Overlap: 32, Region: image.Rect(250, 180, 330, 260)}
	if l, err := infer.Detect(t.Context(), echo{}, ref, description(t, "inside", "{id: components}"), big, opt, &c); err != nil || len(l.Objects) != 1 || c.back || c.done != c.total {
		t.Errorf("%d objects, %d of %d, went back: %v, %v", len(l.Objects), c.done, c.total, c.back, err)
	}
}
