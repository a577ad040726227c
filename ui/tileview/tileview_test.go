package tileview_test

import (
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
)

// field is a pyramid of discs computed on demand: pixel (x, y) of level 0 is the
// same whatever tile it is read through.
type field struct {
	size   int
	typ    imageio.PixelType
	reads  atomic.Int64
	broken bool
}

func (f *field) ID() string { return "field" }

func (f *field) Close() error { return nil }

func (f *field) Info() imageio.Info {
	info := imageio.Info{
		Name: "field", TileSize: image.Pt(256, 256), Z: 1, T: 1, Type: f.typ,
		Channels: []imageio.Channel{{Name: "DAPI", Color: [3]uint8{90, 120, 255}}, {Name: "GFP", Color: [3]uint8{0, 255, 60}}},
		Micron:   imageio.Micron{X: 0.325, Y: 0.325},
	}
	for d := 1; f.size/d >= 256; d *= 2 {
		info.Levels = append(info.Levels, imageio.Level{Size: image.Pt(f.size/d, f.size/d), Downsample: float64(d)})
	}
	return info
}

// value is 200…3000: a disc every 128 pixels; the second channel is a ramp.
func value(c, x, y int) uint16 {
	if c == 1 {
		return uint16(200 + x/4)
	}
	dx, dy := x%128-64, y%128-64
	return uint16(max(200, 3000-dx*dx-dy*dy))
}

func (f *field) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	f.reads.Add(1)
	if f.broken && t.Level == 0 {
		return nil, fault.New(fault.Corrupt, "The image is cut short.", "", nil)
	}
	l := f.Info().Levels[t.Level]
	w, h := min(256, l.Size.X-t.Col*256), min(256, l.Size.Y-t.Row*256)
	p := &imageio.Pixels{Size: image.Pt(w, h), Type: imageio.Uint16, Data: make([]byte, 2*w*h)}
	for y := range h {
		for x := range w {
			d := int(l.Downsample)
			binary.LittleEndian.PutUint16(p.Data[2*(y*w+x):], value(t.C, (t.Col*256+x)*d, (t.Row*256+y)*d))
		}
	}
	return p, nil
}

// screen is the screen's thread: what was posted is run by settle.
type screen struct {
	mu  sync.Mutex
	fns []func()
}

func (s *screen) post(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fns = append(s.fns, f)
}

// settle paints until the workers have nothing left to do.
func (s *screen) settle(c fyne.Canvas) image.Image {
	for {
		m := c.Capture()
		synctest.Wait()
		if !s.run() {
			return m
		}
	}
}

// run runs what was posted, and reports whether that was anything.
func (s *screen) run() bool {
	s.mu.Lock()
	fns := s.fns
	s.fns = nil
	s.mu.Unlock()
	for _, f := range fns {
		f()
	}
	return len(fns) > 0
}

// show runs fn with a view of 800×600 whose workers run.
func show(t *testing.T, act tileview.Actions, fn func(v *tileview.View, c fyne.Canvas, s *screen)) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	synctest.Test(t, func(t *testing.T) {
		s := &screen{}
		var v *tileview.View
		if act.Ranged == nil {
			act.Ranged = func(r []tileview.Range) {
				cs := v.Channels()
				for i := range cs {
					cs[i].Min, cs[i].Max = r[i].Min, r[i].Max
				}
				v.SetChannels(cs)
			}
		}
		v = tileview.New(s.post, act)
		w := test.NewWindow(v)
		defer w.Close()
		w.SetPadded(false)
		w.Resize(fyne.NewSize(800, 600))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- v.Run(ctx) }()
		fn(v, w.Canvas(), s)
		cancel()
		<-done
	})
}

// only shows one channel in white, from 200 to 3000.
func only(v *tileview.View, c int) {
	cs := v.Channels()
	for i := range cs {
		cs[i].On, cs[i].Color, cs[i].Min, cs[i].Max = i == c, [3]uint8{255, 255, 255}, 200, 3000
	}
	v.SetChannels(cs)
}

func gray(m image.Image, x, y int) int {
	c, _ := color.GrayModel.Convert(m.At(x, y)).(color.Gray)
	return int(c.Y)
}

// TestPixelsStandWhereTheyBelong compares the screen, at 1:1, with the source.
func TestPixelsStandWhereTheyBelong(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &field{size: 2048, typ: imageio.Uint16}
		v.Set(src)
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		v.SetOverview(false)
		m := s.settle(c)
		for _, p := range []image.Point{{1, 1}, {37, 411}, {400, 300}, {799, 599}, {255, 256}, {640, 17}} {
			at := v.At(fyne.NewPos(float32(p.X)+0.5, float32(p.Y)+0.5))
			want := (int(value(0, int(at.X), int(at.Y))) - 200) * 255 / 2800
			if got := gray(m, p.X, p.Y); abs(got-want) > 1 {
				t.Errorf("screen %v shows %d, the image has %d at %.1f, %.1f", p, got, want, at.X, at.Y)
			}
		}
	})
}

// TestRestIsInterpolated: an image that is made smaller shows its nearest pixels
// while it moves and, 0.1 s later, what lies between them, also across the borders of tiles.
// Enlarged pixels stay squares.
func TestRestIsInterpolated(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		v.SetOverview(false)
		v.Zoom(0.7)
		// far is the largest difference from what the image has there, in grey levels.
		far := func(m image.Image) float64 {
			worst := 0.0
			shown := func(x, y int) float64 { return (float64(value(0, x, y)) - 200) * 255 / 2800 }
			for y := range 540 { // the scale bar lies below
				for x := range 800 {
					at := v.At(fyne.NewPos(float32(x)+0.5, float32(y)+0.5))
					fx, fy := at.X-0.5, at.Y-0.5
					ix, iy := int(math.Floor(fx)), int(math.Floor(fy))
					fx, fy = fx-float64(ix), fy-float64(iy)
					want := (shown(ix, iy)*(1-fx)+shown(ix+1, iy)*fx)*(1-fy) + (shown(ix, iy+1)*(1-fx)+shown(ix+1, iy+1)*fx)*fy
					worst = max(worst, math.Abs(float64(gray(m, x, y))-want))
				}
			}
			return worst
		}
		if d := far(s.settle(c)); d < 4 {
			t.Errorf("while it moves, the screen differs by %.1f only: interpolated", d)
		}
		time.Sleep(time.Second)
		if d := far(s.settle(c)); d > 2.1 { // three roundings
			t.Errorf("at rest, the screen differs by %.1f", d)
		}
		v.Zoom(1 / 0.7 * 4)
		time.Sleep(time.Second)
		m := s.settle(c)
		for x := range 700 {
			at := v.At(fyne.NewPos(float32(x)+0.5, 300.5))
			if want := (int(value(0, int(at.X), int(at.Y))) - 200) * 255 / 2800; abs(gray(m, x, 300)-want) > 1 {
				t.Fatalf("enlarged, %d shows %d, the image has %d", x, gray(m, x, 300), want)
			}
		}
	})
}

func abs(n int) int { return max(n, -n) }

func TestEachTileIsReadOnce(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &field{size: 2048, typ: imageio.Uint16}
		v.Set(src)
		s.settle(c)
		n := src.reads.Load()
		only(v, 0)
		s.settle(c)
		v.SetChannels(v.Channels())
		s.settle(c)
		if more := src.reads.Load() - n; more != 0 {
			t.Errorf("a new contrast read %d tiles again", more)
		}
	})
}

func TestWheelKeepsWhatIsUnderThePointer(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		p := fyne.NewPos(511, 123)
		before := v.At(p)
		// test.Scroll leaves the position out of the event.
		v.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: p}, Scrolled: fyne.NewDelta(0, 30)})
		after := v.At(p)
		if math.Hypot(before.X-after.X, before.Y-after.Y) > 0.5 {
			t.Errorf("the pointer was at %v and is at %v", before, after)
		}
		test.Drag(c, p, -60, 20)
		moved := v.At(p)
		if moved.X <= after.X || moved.Y >= after.Y {
			t.Errorf("a drag to the left went from %v to %v", after, moved)
		}
	})
}

func TestRectangleIsDrawnWhereThePointerWas(t *testing.T) {
	var ring []annotation.Point
	act := tileview.Actions{Drawn: func(r []annotation.Point) { ring = r }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.SetTool(tileview.Rectangle)
		from, to := v.At(fyne.NewPos(300, 200)), v.At(fyne.NewPos(420, 330))
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(310, 210)}, Dragged: fyne.NewDelta(10, 10)})
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(420, 330)}, Dragged: fyne.NewDelta(110, 120)})
		v.DragEnd()
		if len(ring) != 4 {
			t.Fatalf("drew %v", ring)
		}
		if math.Abs(ring[0].X-from.X) > 0.01 || math.Abs(ring[2].Y-to.Y) > 0.01 {
			t.Errorf("drew %v, not %v to %v", ring, from, to)
		}
	})
}

// TestEllipse: it fills the box of the drag, also from the lower right to the upper left; with Shift
// it is a circle.
func TestEllipse(t *testing.T) {
	var ring []annotation.Point
	act := tileview.Actions{Drawn: func(r []annotation.Point) { ring = r }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		v.SetTool(tileview.Ellipse)
		for shift, high := range map[bool]float64{false: 50, true: 120} {
			a, b := v.At(fyne.NewPos(420, 330)), v.At(fyne.NewPos(300, 280))
			v.MouseDown(&desktop.MouseEvent{Modifier: map[bool]fyne.KeyModifier{true: fyne.KeyModifierShift}[shift]})
			drag(v, fyne.NewPos(420, 330), fyne.NewPos(410, 310), fyne.NewPos(300, 280))
			rx, ry := (a.X-b.X)/2, high/2
			for _, p := range ring {
				if r := math.Hypot((p.X-a.X+rx)/rx, (p.Y-a.Y+ry)/ry); math.Abs(r-1) > 1e-6 {
					t.Fatalf("shift %v: a corner at %v is %.3f radii from the middle", shift, p, r)
				}
			}
			if area := tileview.Area(ring); math.Abs(area/(math.Pi*rx*ry)-1) > 0.01 {
				t.Errorf("shift %v: %d corners, %.0f px² large", shift, len(ring), area)
			}
		}
	})
}

func TestPolygonClosesOnEnterAndEscapeDropsIt(t *testing.T) {
	n := 0
	act := tileview.Actions{Drawn: func(r []annotation.Point) { n = len(r) }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.SetTool(tileview.Polygon)
		corners := []fyne.Position{{X: 300, Y: 200}, {X: 400, Y: 210}, {X: 390, Y: 300}, {X: 310, Y: 280}}
		for _, p := range corners {
			test.TapCanvas(c, p)
		}
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if n != 0 {
			t.Fatal("an outline that was dropped came through")
		}
		for _, p := range corners {
			test.TapCanvas(c, p)
		}
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if n != 4 {
			t.Errorf("the outline has %d corners", n)
		}
	})
}

func ring(x, y, r float64) []annotation.Point {
	var out []annotation.Point
	for i := range 24 {
		a := 2 * math.Pi * float64(i) / 24
		out = append(out, annotation.Point{X: x + r*math.Cos(a), Y: y + r*math.Sin(a)})
	}
	return out
}

func TestClickFindsTheSmallestObject(t *testing.T) {
	var picked string
	act := tileview.Actions{Selected: func(id string) { picked = id }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.SetObjects([]annotation.Object{
			{ID: "small", Outline: ring(1024, 1024, 40), State: annotation.Predicted, Score: 0.9},
			{ID: "large", Outline: ring(1024, 1024, 400), State: annotation.Accepted, Score: 1},
			{ID: "weak", Outline: ring(1024, 1024, 10), State: annotation.Predicted, Score: 0.2},
		})
		v.SetFilter(tileview.Filter{Score: 0.5})
		test.TapCanvas(c, fyne.NewPos(400, 300)) // the middle
		if picked != "small" {
			t.Errorf("picked %q", picked)
		}
		v.SetStyle(tileview.Style{Hidden: true})
		v.Select("")
		test.TapCanvas(c, fyne.NewPos(400, 300))
		if picked != "" {
			t.Errorf("picked %q though objects are hidden", picked)
		}
	})
}

func TestReadoutTellsPixelsAndMicrons(t *testing.T) {
	var r tileview.Readout
	act := tileview.Actions{Moved: func(x tileview.Readout) { r = x }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		s.settle(c)
		test.MoveMouse(c, fyne.NewPos(200, 150))
		want := float64(value(0, int(r.X), int(r.Y)))
		if !r.Inside || r.Values[0] != want || math.Abs(r.Micron.X-r.X*0.325) > 1e-9 {
			t.Errorf("read %+v, want %v", r, want)
		}
	})
}

func TestBrokenTileIsToldOnce(t *testing.T) {
	told := 0
	act := tileview.Actions{Trouble: func(error) { told++ }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16, broken: true})
		s.settle(c)
		v.OneToOne()
		s.settle(c)
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}

func TestPictures(t *testing.T) {
	for name, look := range map[string]tileview.Style{
		"outline": {}, "fill": {Fill: true}, "score": {By: tileview.ByScore, Fill: true, Labels: true, Clear: 0.4},
	} {
		show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
			v.Set(&field{size: 1024, typ: imageio.Uint16})
			s.settle(c)
			var objs []annotation.Object
			states := []annotation.State{annotation.Predicted, annotation.Accepted, annotation.Rejected, annotation.Drawn}
			for i := range 64 {
				objs = append(objs, annotation.Object{
					ID: string(rune('A' + i)), Outline: ring(float64(i%8*128+64), float64(i/8*128+64), 48),
					State: states[i%4], Score: 0.9,
				})
			}
			v.SetObjects(objs)
			v.SetStyle(look)
			v.Select(objs[18].ID)
			s.settle(c)
			test.AssertRendersToImage(t, name+".png", c)
		})
	}
}

// TestNothingIsShownBeforeItsContrast: an image is not white for as long as nobody knows how
// bright it is.
func TestNothingIsShownBeforeItsContrast(t *testing.T) {
	var ranges []tileview.Range
	act := tileview.Actions{Ranged: func(r []tileview.Range) { ranges = r }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		if m := s.settle(c); ranges == nil || gray(m, 400, 300) > 16 {
			t.Errorf("the middle is %d, the samples span %v", gray(m, 400, 300), ranges)
		}
		cs := v.Channels()
		cs[0].Min, cs[0].Max = -1, 1
		v.SetChannels(cs)
		if m := s.settle(c); gray(m, 400, 300) < 128 {
			t.Errorf("the middle is %d", gray(m, 400, 300))
		}
	})
}

func BenchmarkFrame(b *testing.B) {
	test.NewTempApp(b)
	for _, n := range []int{0, 10000} {
		b.Run(map[int]string{0: "tiles", 10000: "objects"}[n], func(b *testing.B) {
			ctx, cancel := context.WithCancel(b.Context())
			v := tileview.New(func(func()) {}, tileview.Actions{})
			v.Resize(fyne.NewSize(1920, 1080))
			v.Set(&field{size: 8192, typ: imageio.Uint16})
			v.SetChannels(v.Channels())
			var objs []annotation.Object
			for i := range n {
				objs = append(objs, annotation.Object{ID: string(rune(i)), Outline: ring(float64(i%100)*80, float64(i/100)*80, 30), Score: 1})
			}
			v.SetObjects(objs)
			done := make(chan error)
			go func() { done <- v.Run(ctx) }()
			for range 400 { // until the tiles are there
				v.Frame(1920, 1080)
			}
			for b.Loop() {
				v.Frame(1920, 1080)
			}
			cancel()
			<-done
		})
	}
}
