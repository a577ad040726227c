package tileview_test

import (
	"image"
	"math"
	"reflect"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// discs are objects of radius r in a row, 128 pixels apart.
func discs(id string, n int, r float64) []annotation.Object {
	var out []annotation.Object
	for i := range n {
		o := annotation.Object{ID: id + string(rune('a'+i)), Class: "nucleus", State: annotation.Accepted, Score: 0.9}
		for k := range 24 {
			s, c := math.Sincos(2 * math.Pi * float64(k) / 24)
			o.Outline = append(o.Outline, annotation.Point{X: float64(i*128+64) + r*c, Y: 64 + r*s})
		}
		out = append(out, o)
	}
	return out
}

// TestLensShowsTheOtherLayerAndCountsBoth moves the lens over the second of three objects, that
// the other layer has twice as wide.
func TestLensShowsTheOtherLayerAndCountsBoth(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		v.SetObjects(discs("a", 6, 20))
		v.SetOther("Corrected", "model", discs("b", 5, 40), 0)
		v.Center("ab")
		v.OneToOne()
		at := fyne.NewPos(400, 300)
		v.SetLens(true)
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
		s.settle(c)
		if a, b := v.Under(); a != 1 || b != 1 {
			t.Errorf("under the lens are %d and %d", a, b)
		}
		v.ScaleLens(2)
		if a, b := v.Under(); a != 3 || b != 3 {
			t.Errorf("under a wider lens are %d and %d", a, b)
		}
		far := at
		far.X += 128 * 4
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: far}})
		if a, b := v.Under(); a != 2 || b != 1 {
			t.Errorf("at the end under the lens are %d and %d", a, b)
		}
		v.ScaleLens(0.5)
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: at}})
		s.settle(c)
		test.AssertRendersToImage(t, "lens.png", c)
	})
}

// TestTheLensComparesLikeThings: the other layer is sifted as the image's own, whichever comes first,
// and in a film it is there at its own time point only.
func TestTheLensComparesLikeThings(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&odd{field: field{size: 512, typ: imageio.Uint16}, t: 3, read: func(imageio.Tile) (*imageio.Pixels, error) { return nil, nil }})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		weak := discs("a", 3, 20)
		for i := range weak {
			weak[i].State, weak[i].Score = annotation.Predicted, 0.3
		}
		v.SetPlane(0, 1)
		v.SetObjects(weak)
		v.SetObjectsAt(1)
		v.SetOther("Now", "before", slices.Clone(weak), 1)
		v.Center("ab")
		v.OneToOne()
		v.SetLens(true)
		v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(400, 300)}})
		counts := func(what string, wantA, wantB int) image.Image {
			t.Helper()
			m := s.settle(c)
			if a, b := v.Under(); a != wantA || b != wantB {
				t.Errorf("%s: under the lens are %d and %d", what, a, b)
			}
			return m
		}
		counts("all", 1, 1)
		v.SetFilter(tileview.Filter{Score: 0.5})
		counts("sifted", 0, 0)
		v.SetOther("Now", "before", slices.Clone(weak), 1)
		counts("brought anew", 0, 0)
		v.SetFilter(tileview.Filter{})
		v.SetPlane(0, 2)
		with := counts("at another time point", 0, 0)
		v.SetLens(false)
		if without := s.settle(c); !reflect.DeepEqual(with, without) {
			t.Error("the lens is drawn at another time point")
		}
		v.SetLens(true)
		v.SetPlane(0, 1)
		counts("back", 1, 1)
	})
}

// TestLinkedViewsShowTheSamePlace moves either of two views of different sizes.
func TestLinkedViewsShowTheSamePlace(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &field{size: 2048, typ: imageio.Uint16}
		v.Set(src)
		s.settle(c)
		o := tileview.New(s.post, tileview.Actions{})
		w := test.NewWindow(o)
		defer w.Close()
		w.SetPadded(false)
		w.Resize(fyne.NewSize(400, 600))
		o.Set(src)
		tileview.Link(v, o)
		same := func(what string) {
			t.Helper()
			a, b := v.At(fyne.NewPos(400, 300)), o.At(fyne.NewPos(200, 300))
			if math.Hypot(a.X-b.X, a.Y-b.Y) > 0.01 {
				t.Errorf("after %s the middles are %v and %v", what, a, b)
			}
			a, b = v.At(fyne.NewPos(500, 350)), o.At(fyne.NewPos(300, 350))
			if math.Hypot(a.X-b.X, a.Y-b.Y) > 0.01 {
				t.Errorf("after %s beside the middle there are %v and %v", what, a, b)
			}
		}
		same("linking")
		v.OneToOne()
		same("1:1")
		o.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
		same("a key in the other")
		o.Turn(30)
		same("a turn")
		v.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(10, 20)}, Scrolled: fyne.NewDelta(0, 50)})
		same("the wheel")
		v.Turn(-30)
		v.Fit()
		for _, size := range []float32{800, 400, 1200} { // one view is painted after the other, and each knows its old size only
			for _, x := range []*tileview.View{v, o} {
				x.Resize(fyne.NewSize(size, 500))
			}
			for _, x := range []*tileview.View{v, o, v, o} {
				x.Frame(int(size)+1, 500) // Fyne may round up
			}
			for _, x := range []*tileview.View{v, o} {
				if p := x.At(fyne.NewPos(size/2, 250)); math.Hypot(p.X-1024, p.Y-1024) > 4 {
					t.Errorf("at %v wide the middle is %v", size, p)
				}
				if p := x.At(fyne.NewPos(0, 0)); math.Abs(max(p.X, p.Y)+0.015*2048) > 14 {
					t.Errorf("at %v wide the view shows %v in its corner and does not fit", size, p)
				}
			}
		}
		tileview.Link(o)
		before := o.At(fyne.NewPos(0, 0))
		tileview.Link(v)
		v.Turn(-30)
		if o.At(fyne.NewPos(0, 0)) != before {
			t.Error("a view that is linked no more moved")
		}
	})
}

// TestScaleBarsOfLinkedViewsAgree links a view that nobody painted yet to one on a screen with
// two pixels a unit.
func TestScaleBarsOfLinkedViewsAgree(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, _ fyne.Canvas, s *screen) {
		src := &field{size: 2048, typ: imageio.Uint16}
		v.Set(src)
		v.Resize(fyne.NewSize(400, 300))
		v.Frame(800, 600)
		o := tileview.New(s.post, tileview.Actions{})
		o.Set(src)
		o.Resize(fyne.NewSize(400, 300))
		tileview.Link(v, o)
		o.Frame(800, 600)
		text, units := v.Bar()
		if other, n := o.Bar(); text == "" || other != text || n != units {
			t.Errorf("the bars are %q of %v and %q of %v", text, units, other, n)
		}
	})
}

// TestTheLensOfTheImageBefore: the next one has no other layer until it is brought.
func TestTheLensOfTheImageBefore(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 512, typ: imageio.Uint16})
		s.settle(c)
		v.SetOther("a", "b", []annotation.Object{{ID: "x", Outline: ring(256, 256, 30)}}, 0)
		v.SetLens(true)
		move := func() (n int) {
			v.MouseMoved(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(400, 300)}})
			_, n = v.Under()
			return n
		}
		if n := move(); n != 1 {
			t.Errorf("%d under the lens", n)
		}
		v.Set(&field{size: 512, typ: imageio.Uint16})
		s.settle(c)
		if n := move(); n != 0 {
			t.Errorf("%d under the lens are of the image before", n)
		}
	})
}
