package tileview_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// drag moves the pointer with the button down over the view, in steps.
func drag(v *tileview.View, at ...fyne.Position) {
	for i, p := range at[1:] {
		const steps = 8
		for n := range steps {
			from := at[i].AddXY((p.X-at[i].X)*float32(n)/steps, (p.Y-at[i].Y)*float32(n)/steps)
			to := at[i].AddXY((p.X-at[i].X)*float32(n+1)/steps, (p.Y-at[i].Y)*float32(n+1)/steps)
			v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: to}, Dragged: fyne.NewDelta(to.X-from.X, to.Y-from.Y)})
		}
	}
	v.DragEnd()
}

func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if math.Abs(got-want) > part*want {
		t.Errorf("%s is %.0f, not %.0f", what, got, want)
	}
}

// TestBrushDrawsAddsAndErases holds areas to what discs cover.
func TestBrushDrawsAddsAndErases(t *testing.T) {
	var drawn, reshaped []annotation.Point
	var off [][]annotation.Point
	var erased string
	act := tileview.Actions{
		Drawn:    func(ring []annotation.Point) { drawn = ring },
		Reshaped: func(_ string, ring []annotation.Point, cut [][]annotation.Point) { reshaped, off = ring, cut },
		Erased:   func(id string) { erased = id },
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		v.SetTool(tileview.Brush)
		r := v.BrushSize() / 2
		drag(v, fyne.NewPos(200, 200), fyne.NewPos(400, 200))
		near(t, "a stroke's area", tileview.Area(drawn), 200*2*r+math.Pi*r*r, 0.02)
		if n := len(drawn); n < 8 || n > 120 {
			t.Errorf("a stroke has %d corners", n)
		}

		v.SetObjects([]annotation.Object{{ID: "a", Outline: drawn, State: annotation.Drawn, Score: 1}})
		v.Select("a")
		drag(v, fyne.NewPos(300, 200), fyne.NewPos(300, 400)) // begins in it: adds
		near(t, "the T's area", tileview.Area(reshaped), 200*2*r+math.Pi*r*r+200*2*r-r*2*r/2, 0.06)

		v.SetTool(tileview.Eraser)
		drag(v, fyne.NewPos(340, 150), fyne.NewPos(340, 250)) // cuts it in two: both stay
		near(t, "the larger piece", tileview.Area(reshaped), (140-r)*2*r+math.Pi*r*r/2, 0.03)
		if len(off) != 1 {
			t.Errorf("%d pieces were cut off", len(off))
			return
		}
		near(t, "the smaller piece", tileview.Area(off[0]), (60-r)*2*r+math.Pi*r*r/2, 0.03)

		v.ScaleBrush(8)
		drag(v, fyne.NewPos(180, 200), fyne.NewPos(420, 200))
		if erased != "a" {
			t.Errorf("a brush over all of it erased %q", erased)
		}
		drawn = nil
		v.Select("")
		v.SetObjects(nil)
		drag(v, fyne.NewPos(180, 400), fyne.NewPos(420, 400)) // there is nothing to erase
		if drawn != nil {
			t.Error("the eraser drew")
		}
	})
}

// TestWhatIsCutOffIsKept: the eraser cuts an object in three, leaves a crumb, and cuts a disc out of another; the
// brush paints beside an object, with Shift, and an object that it touches stays the object, however large the stroke is.
func TestWhatIsCutOffIsKept(t *testing.T) {
	var drawn, reshaped []float64
	act := tileview.Actions{
		Drawn: func(ring []annotation.Point) { drawn = append(drawn, tileview.Area(ring)) },
		Reshaped: func(_ string, ring []annotation.Point, off [][]annotation.Point) {
			reshaped = append(reshaped, tileview.Area(ring))
			for _, o := range off {
				reshaped = append(reshaped, tileview.Area(o))
			}
		},
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		lay := func(x0, y0, x1, y1 float32) {
			a, b := v.At(fyne.NewPos(x0, y0)), v.At(fyne.NewPos(x1, y1))
			v.SetObjects([]annotation.Object{{ID: "a", Outline: []annotation.Point{a, {X: b.X, Y: a.Y}, b, {X: a.X, Y: b.Y}}, State: annotation.Predicted, Score: 1}})
			v.Select("a")
			drawn, reshaped = nil, nil
		}
		v.SetTool(tileview.Eraser)
		w := v.BrushSize()
		lay(200, 200, 500, 260)
		drag(v, fyne.NewPos(280, 150), fyne.NewPos(280, 320), fyne.NewPos(440, 320), fyne.NewPos(440, 150))
		if len(reshaped) != 3 {
			t.Errorf("cut in three: %.0f", reshaped)
			return
		}
		near(t, "the first", reshaped[0], (160-w)*60, 0.03)
		near(t, "the second", reshaped[1], (80-w/2)*60, 0.03)
		near(t, "the third", reshaped[2], (60-w/2)*60, 0.03)

		lay(200, 200, 500, 202)
		drag(v, fyne.NewPos(500-3-float32(w/2), 150), fyne.NewPos(500-3-float32(w/2), 250))
		if len(reshaped) != 1 {
			t.Errorf("a crumb of six square pixels is kept: %.0f", reshaped)
		}

		lay(200, 150, 500, 450)
		round := make([]fyne.Position, 61)
		for i := range round {
			sin, cos := math.Sincos(2 * math.Pi * float64(i) / 60)
			round[i] = fyne.NewPos(350+float32(80*cos), 300+float32(80*sin))
		}
		drag(v, round...)
		if len(reshaped) != 2 {
			t.Errorf("a disc is cut out: %.0f", reshaped)
			return
		}
		disc := func(r float64) float64 { return math.Pi * r * r }
		near(t, "what is around it", reshaped[0], 300*300-disc(80+w/2), 0.02)
		near(t, "the disc", reshaped[1], disc(80-w/2), 0.02)

		v.SetTool(tileview.Brush)
		shift := &fyne.KeyEvent{Name: desktop.KeyShiftLeft}
		v.KeyDown(shift)
		lay(200, 200, 230, 230)
		drag(v, fyne.NewPos(300, 300), fyne.NewPos(600, 300))
		if len(reshaped) != 0 || len(drawn) != 1 {
			t.Errorf("beside it: drawn %.0f, reshaped %.0f", drawn, reshaped)
		}
		v.KeyUp(shift)
	})
}

// TestOutlineIsTheMasksBorder traces random blobs: filled again, the outlines of their pieces are the blobs.
func TestOutlineIsTheMasksBorder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		if err := tileview.TraceAgain(r, 5+r.IntN(40), 5+r.IntN(40), 0.3+0.6*r.Float64()); err != "" {
			t.Fatal(err)
		}
	}
}

// TestAStrokeThatMeetsNothingChangesNothing: an eraser beside the marked object, a brush within it, and
// both where the object is smaller than a pixel of the screen. One that meets it still does.
func TestAStrokeThatMeetsNothingChangesNothing(t *testing.T) {
	var changed, erased, drawn int
	act := tileview.Actions{
		Drawn:    func([]annotation.Point) { drawn++ },
		Reshaped: func(string, []annotation.Point, [][]annotation.Point) { changed++ },
		Erased:   func(string) { erased++ },
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		v.SetObjects([]annotation.Object{{ID: "a", Outline: ring(1024, 1024, 60), State: annotation.Predicted, Score: 1}})
		v.Center("a")
		v.Select("a")
		v.SetTool(tileview.Eraser)
		drag(v, fyne.NewPos(200, 150), fyne.NewPos(300, 150))
		v.SetTool(tileview.Brush)
		drag(v, fyne.NewPos(390, 300), fyne.NewPos(410, 300))
		if changed+erased+drawn != 0 {
			t.Errorf("changed %d times, erased %d, drawn %d", changed, erased, drawn)
		}
		drag(v, fyne.NewPos(400, 300), fyne.NewPos(480, 300))
		if changed != 1 {
			t.Errorf("a brush over its border changed it %d times", changed)
		}

		v.SetObjects([]annotation.Object{{ID: "b", Outline: ring(1024, 1024, 3), State: annotation.Predicted, Score: 1}})
		v.Zoom(0.1)
		v.Select("b")
		v.SetTool(tileview.Eraser)
		drag(v, fyne.NewPos(200, 150), fyne.NewPos(300, 150))
		if changed != 1 || erased+drawn != 0 {
			t.Errorf("a small one: changed %d times, erased %d, drawn %d", changed-1, erased, drawn)
		}
		drag(v, fyne.NewPos(380, 300), fyne.NewPos(420, 300))
		if erased != 1 {
			t.Errorf("an eraser over all of a small one erased it %d times", erased)
		}
	})
}

// TestAHandSlipsInAClick: corners that were clicked stay when a click becomes a short drag, also the
// one that closes the outline; a long one draws on.
func TestAHandSlipsInAClick(t *testing.T) {
	var drawn []annotation.Point
	show(t, tileview.Actions{Drawn: func(ring []annotation.Point) { drawn = ring }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		click := func(x, y float32) { v.Tapped(&fyne.PointEvent{Position: fyne.NewPos(x, y)}) }
		slip := func(x, y float32) { drag(v, fyne.NewPos(x, y), fyne.NewPos(x+3, y)) }
		v.SetTool(tileview.Polygon)
		click(100, 100)
		slip(300, 100)
		click(300, 300)
		click(100, 300)
		if drawn != nil {
			t.Errorf("a slip ended the outline: %v", drawn)
		}
		slip(101, 102)
		near(t, "the area", tileview.Area(drawn), 200*200, 0.03)

		drawn = nil
		click(100, 100)
		drag(v, fyne.NewPos(100, 100), fyne.NewPos(300, 100), fyne.NewPos(300, 300))
		click(100, 300)
		click(100, 100)
		near(t, "the area of drags and clicks", tileview.Area(drawn), 200*200, 0.03)
	})
}

// TestWhatDoesNotDrawClosesNoOutline: an image is moved with the space bar while corners are clicked,
// also where they lie close together by then, and Escape ends a drag that goes on from the last one.
func TestWhatDoesNotDrawClosesNoOutline(t *testing.T) {
	drawn := 0
	show(t, tileview.Actions{Drawn: func([]annotation.Point) { drawn++ }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		v.SetTool(tileview.Polygon)
		corners := func(at ...fyne.Position) {
			for _, p := range at {
				v.Tapped(&fyne.PointEvent{Position: p})
			}
		}
		corners(fyne.NewPos(100, 100), fyne.NewPos(400, 100), fyne.NewPos(400, 400), fyne.NewPos(100, 120))
		v.Zoom(0.25)
		space := &fyne.KeyEvent{Name: fyne.KeySpace}
		v.KeyDown(space)
		drag(v, fyne.NewPos(300, 300), fyne.NewPos(320, 330))
		v.KeyUp(space)
		if drawn != 0 {
			t.Error("moving the image closed an outline")
		}
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		v.OneToOne()
		corners(fyne.NewPos(100, 100), fyne.NewPos(400, 100))
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(400, 200)}, Dragged: fyne.NewDelta(0, 100)})
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		drag(v, fyne.NewPos(400, 200), fyne.NewPos(300, 400), fyne.NewPos(200, 300), fyne.NewPos(390, 210))
		if drawn != 0 {
			t.Error("the rest of a drag was drawn after Escape")
		}
	})
}

// TestTheBrushesCircleGoesWithTheStroke: Fyne tells of no other move of the pointer in a drag.
func TestTheBrushesCircleGoesWithTheStroke(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetTool(tileview.Brush)
		to := fyne.NewPos(400, 250)
		drag(v, fyne.NewPos(100, 100), to)
		if at, want := v.Pointer(), v.At(to); math.Hypot(at.X-want.X, at.Y-want.Y) > 0.01 {
			t.Errorf("the circle is at %v, the pointer at %v", at, want)
		}
	})
}

// TestEscapeEndsAStroke: the rest of the drag draws nothing, nor after another tool was taken; the next
// one does.
func TestEscapeEndsAStroke(t *testing.T) {
	drawn := 0
	show(t, tileview.Actions{Drawn: func([]annotation.Point) { drawn++ }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetOverview(false)
		for _, tool := range []tileview.Tool{tileview.Brush, tileview.Rectangle, tileview.Polygon} {
			for name, stop := range map[string]func(){
				"Escape":       func() { v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
				"another tool": func() { v.SetTool(tileview.Brush) },
			} {
				drawn = 0
				v.SetTool(tool)
				v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(200, 200)}, Dragged: fyne.NewDelta(20, 20)})
				stop()
				drag(v, fyne.NewPos(200, 200), fyne.NewPos(300, 300), fyne.NewPos(300, 240))
				if drawn != 0 {
					t.Errorf("tool %d: the rest of a drag was drawn after %s", tool, name)
				}
				v.SetTool(tool)
				drag(v, fyne.NewPos(200, 200), fyne.NewPos(300, 300), fyne.NewPos(300, 240))
				if drawn != 1 {
					t.Errorf("tool %d: after %s the next drag drew %d times", tool, name, drawn)
				}
			}
		}
	})
}

// TestSmallOnesAreNoSlipWhereTheyAreLarge: at 64 times, a spot of two and a half square pixels takes a
// dab of the brush and a bite of the eraser, and as small a rectangle is drawn. On an image that is
// made smaller, a slip of the hand draws nothing.
func TestSmallOnesAreNoSlipWhereTheyAreLarge(t *testing.T) {
	var changed, drawn []float64
	erased := 0
	act := tileview.Actions{
		Drawn: func(ring []annotation.Point) { drawn = append(drawn, tileview.Area(ring)) },
		Reshaped: func(_ string, ring []annotation.Point, _ [][]annotation.Point) {
			changed = append(changed, tileview.Area(ring))
		},
		Erased: func(string) { erased++ },
	}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.SetOverview(false)
		v.SetObjects([]annotation.Object{{ID: "spot", Outline: []annotation.Point{{X: 1000, Y: 1000}, {X: 1001.6, Y: 1000}, {X: 1001.6, Y: 1001.6}, {X: 1000, Y: 1001.6}}, State: annotation.Predicted}})
		v.Center("spot")
		v.Zoom(1000)
		v.Center("spot")
		s.settle(c)
		v.Select("spot")
		v.SetTool(tileview.Brush)
		edge := fyne.NewPos(400+49, 300) // the circle of 36 reaches over the border
		v.Tapped(&fyne.PointEvent{Position: edge})
		v.SetTool(tileview.Eraser)
		v.Tapped(&fyne.PointEvent{Position: edge})
		if len(changed) != 2 || erased != 0 || !(changed[0] > 2.56) || !(changed[1] < 2.56) {
			t.Errorf("of 2.56 square pixels the brush and the eraser made %.2f; erased %d times", changed, erased)
		}
		v.SetTool(tileview.Rectangle)
		drag(v, fyne.NewPos(200, 200), fyne.NewPos(322, 328))
		if len(drawn) != 1 {
			t.Errorf("drawn %.2f", drawn)
			return
		}
		near(t, "the rectangle", drawn[0], 122*128/64.0/64, 0.02)
		v.Fit()
		drag(v, fyne.NewPos(200, 200), fyne.NewPos(201.5, 201.5))
		if len(drawn) != 1 {
			t.Errorf("a slip drew %.1f square pixels", drawn[1])
		}
	})
}

// TestAnOutlineBeyondTheBorderIsCut: a triangle keeps what of it lies on the image.
func TestAnOutlineBeyondTheBorderIsCut(t *testing.T) {
	var drawn []annotation.Point
	show(t, tileview.Actions{Drawn: func(ring []annotation.Point) { drawn = ring }}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 512, typ: imageio.Uint16})
		s.settle(c)
		v.SetOverview(false)
		v.Zoom(0.5)
		s.settle(c)
		v.SetTool(tileview.Polygon)
		var x, y float32 // where the image begins
		for v.At(fyne.NewPos(x, 0)).X < 0 {
			x++
		}
		for v.At(fyne.NewPos(0, y)).Y < 0 {
			y++
		}
		corners := []fyne.Position{fyne.NewPos(x-60, y+100), fyne.NewPos(x+60, y+40), fyne.NewPos(x+60, y+160)}
		for _, p := range append(corners, corners[0]) {
			v.Tapped(&fyne.PointEvent{Position: p})
		}
		k := v.At(fyne.NewPos(1, 0)).X - v.At(fyne.Position{}).X
		near(t, "the area", tileview.Area(drawn), (120*120-60*60)/2*k*k, 0.03)
		for _, p := range drawn {
			if p.X < 0 {
				t.Errorf("%v lies beside the image", p)
			}
		}
	})
}
