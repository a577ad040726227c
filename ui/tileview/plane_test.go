package tileview_test

import (
	"context"
	"encoding/binary"
	"image"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/tileview"
)

// stack is one 256² tile a plane: every sample is 100·z + t, and slow takes that long a tile.
type stack struct {
	z, t  int
	times []time.Duration

	mu   sync.Mutex // guards both below
	slow time.Duration
	read map[int]bool // time points that were read
}

// pace sets how long a tile takes, and forgets what was read.
func (s *stack) pace(slow time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.slow, s.read = slow, map[int]bool{}
}

func (*stack) ID() string { return "stack" }

func (*stack) Close() error { return nil }

func (s *stack) Info() imageio.Info {
	return imageio.Info{
		Times: s.times, Interval: 100 * time.Millisecond, Name: "stack", TileSize: image.Pt(256, 256), Z: s.z, T: s.t, Type: imageio.Uint16,
		Levels:   []imageio.Level{{Size: image.Pt(256, 256), Downsample: 1}},
		Channels: []imageio.Channel{{Name: "DAPI", Color: [3]uint8{255, 255, 255}}},
	}
}

func (s *stack) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	s.mu.Lock()
	slow := s.slow
	if s.read != nil {
		s.read[t.T] = true
	}
	s.mu.Unlock()
	if slow > 0 {
		time.Sleep(slow)
	}
	p := &imageio.Pixels{Size: image.Pt(256, 256), Type: imageio.Uint16, Data: make([]byte, 2*256*256)}
	for i := range 256 * 256 {
		binary.LittleEndian.PutUint16(p.Data[2*i:], uint16(100*t.Z+t.T))
	}
	return p, ctx.Err()
}

// full shows samples 0…1000 as 0…255 on the whole screen's middle.
func full(v *tileview.View) {
	cs := v.Channels()
	cs[0].Min, cs[0].Max = 0, 1000
	v.SetChannels(cs)
}

func shows(t *testing.T, m image.Image, sample int) {
	t.Helper()
	if got := gray(m, 400, 300); abs(got-sample*255/1000) > 1 {
		t.Errorf("the screen shows %d, not %d, as samples of %d are", got, sample*255/1000, sample)
	}
}

func TestKeysGoThroughPlanesAndProjectionsAreExact(t *testing.T) {
	moved := 0
	act := tileview.Actions{Planed: func() { moved++ }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&stack{z: 9, t: 3})
		s.settle(c)
		full(v)
		shows(t, s.settle(c), 0)
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
		shows(t, s.settle(c), 200)
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		shows(t, s.settle(c), 100)
		v.SetPlane(99, 2) // beyond both ends: held
		shows(t, s.settle(c), 802)
		v.SetProjection(tileview.Mean)
		shows(t, s.settle(c), 402)
		v.SetProjection(tileview.Max)
		v.SetPlane(1, 1)
		shows(t, s.settle(c), 801)
		v.SetProjection(tileview.Slice)
		shows(t, s.settle(c), 101)
		if moved < 7 {
			t.Errorf("the screen heard of %d moves", moved)
		}
	})
}

// play runs the screen's thread for d of the bubble's time.
func play(v *tileview.View, c fyne.Canvas, s *screen, d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		v.Frame(800, 600)
		s.run()
		time.Sleep(25 * time.Millisecond)
	}
	s.settle(c)
}

func TestPlayKeepsTimeAndEnds(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&stack{z: 1, t: 50})
		s.settle(c)
		full(v)
		v.Play(20, false)
		play(v, c, s, time.Second)
		if _, at := v.Plane(); at < 18 || at > 21 {
			t.Errorf("after a second at 20 a second frame %d is shown", at)
		}
		play(v, c, s, 2*time.Second)
		if _, at := v.Plane(); at != 49 || v.Playing() {
			t.Errorf("at the end frame %d is shown, playing %v", at, v.Playing())
		}
		shows(t, s.settle(c), 49)
		v.Play(20, true)
		play(v, c, s, 3*time.Second)
		if _, at := v.Plane(); at < 5 || at > 12 || !v.Playing() {
			t.Errorf("in the second round frame %d is shown, playing %v", at, v.Playing())
		}
		v.Set(&stack{z: 1, t: 50})
		s.settle(c)
		play(v, c, s, time.Second)
		if _, at := v.Plane(); at != 0 || v.Playing() {
			t.Errorf("another image opened at frame %d, playing %v", at, v.Playing())
		}
	})
}

// TestUnevenFramesStandAsLongAsTheyWere: the third of twenty stands for a second, the others 50 ms.
func TestUnevenFramesStandAsLongAsTheyWere(t *testing.T) {
	film := &stack{z: 1, t: 20}
	for i := range film.t {
		film.times = append(film.times, time.Duration(i)*50*time.Millisecond+map[bool]time.Duration{true: 950 * time.Millisecond}[i > 2])
	}
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(film)
		s.settle(c)
		full(v)
		v.Play(10, true)
		for _, want := range []struct {
			after  time.Duration
			lo, hi int
		}{{600 * time.Millisecond, 2, 2}, {400 * time.Millisecond, 2, 2}, {500 * time.Millisecond, 9, 11}, {700 * time.Millisecond, 0, 2}} {
			play(v, c, s, want.after)
			if _, at := v.Plane(); at < want.lo || at > want.hi || !v.Playing() {
				t.Errorf("after %v more frame %d is shown, playing %v", want.after, at, v.Playing())
			}
		}
		v.Stop()
	})
}

// TestTheNextPlaneIsReadAhead goes through a stack: the plane after the last step is there before
// it is asked for, and one that is looked at longer has none read beside it.
func TestTheNextPlaneIsReadAhead(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &stack{z: 9, t: 9}
		v.Set(src)
		s.settle(c)
		full(v)
		s.settle(c)
		asked := func() []int {
			src.mu.Lock()
			defer src.mu.Unlock()
			return slices.Sorted(maps.Keys(src.read))
		}
		for _, step := range []struct {
			t    int
			want []int
		}{
			{1, []int{1, 2}}, {2, []int{3}}, {7, []int{7}}, {6, []int{6}},
		} {
			src.pace(0)
			v.SetPlane(0, step.t)
			s.settle(c)
			if got := asked(); !slices.Equal(got, step.want) {
				t.Errorf("at time %d, %d were read, not %d", step.t, got, step.want)
			}
		}
	})
}

// TestPlayDropsFramesThatAreLate plays a film whose frames take four times as long to read as
// they are shown: time goes on as it should, on fewer frames.
func TestPlayDropsFramesThatAreLate(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		src := &stack{z: 1, t: 200}
		v.Set(src)
		s.settle(c)
		full(v)
		s.settle(c)
		src.pace(200 * time.Millisecond)
		v.Play(20, false)
		for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
			v.Frame(800, 600)
			time.Sleep(25 * time.Millisecond)
			s.run()
		}
		_, at := v.Plane()
		if at < 80 || at > 100 { // 25 if none were dropped
			t.Errorf("after 5 s at 20 a second frame %d is shown", at)
		}
		src.mu.Lock()
		n := len(src.read)
		src.mu.Unlock()
		if n > 30 || n < 10 {
			t.Errorf("%d frames were read in 5 s at 200 ms a frame", n)
		}
		v.Stop()
		src.pace(0)
	})
}

// TestTurnedViewShowsWhereThePointerIs compares the screen with the source under a turn.
func TestTurnedViewShowsWhereThePointerIs(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		only(v, 0)
		v.OneToOne()
		v.SetOverview(false)
		for _, step := range []float64{90, 90, 90, 25} {
			v.Turn(step)
			m := s.settle(c)
			worst := 0
			for _, p := range []image.Point{{2, 3}, {37, 411}, {400, 300}, {790, 590}, {640, 17}} {
				at := v.At(fyne.NewPos(float32(p.X)+0.5, float32(p.Y)+0.5))
				want := (int(value(0, int(at.X), int(at.Y))) - 200) * 255 / 2800
				worst = max(worst, abs(gray(m, p.X, p.Y)-want))
			}
			most := 1 // quarters move pixels whole
			if math.Mod(v.Angle(), 90) != 0 {
				most = 14 // the slope of the discs, over a pixel
			}
			if worst > most {
				t.Errorf("turned by %.0f° the screen is off by %d", v.Angle(), worst)
			}
		}
		from := fyne.NewPos(300, 200)
		before := v.At(from)
		v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: from.AddXY(40, -30)}, Dragged: fyne.NewDelta(40, -30)})
		after := v.At(from.AddXY(40, -30))
		if math.Hypot(before.X-after.X, before.Y-after.Y) > 0.5 {
			t.Errorf("a drag moved %v to %v under the pointer", before, after)
		}
	})
}

// onFrame counts the places on a frame, so many units inside the view, that show the image.
func onFrame(v *tileview.View, size float64, dx, dy float32) (n int) {
	on := func(x, y float32) {
		if p := v.At(fyne.NewPos(x, y)); p.X >= 0 && p.Y >= 0 && p.X <= size && p.Y <= size {
			n++
		}
	}
	w, h := v.Size().Components()
	for x := dx; x <= w-dx; x++ {
		on(x, dy)
		on(x, h-dy)
	}
	for y := dy; y <= h-dy; y++ {
		on(dx, y)
		on(w-dx, y)
	}
	return n
}

// TestFitShowsTheWholeTurnedImage: nothing of it touches the edge, and it could not be much
// larger; a turn of a whole image leaves it whole, of a part the same part.
func TestFitShowsTheWholeTurnedImage(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		for range 72 {
			v.Turn(5)
			if n := onFrame(v, 2048, 2, 2); n > 0 {
				t.Errorf("turned by %.0f° while whole, the image is cut at %d places", v.Angle(), n)
			}
			v.Zoom(3)
			v.Fit()
			if n := onFrame(v, 2048, 2, 2); n > 0 {
				t.Errorf("fit at %.0f°, the image is cut at %d places", v.Angle(), n)
			}
			if onFrame(v, 2048, 16, 12) == 0 {
				t.Errorf("fit at %.0f°, the image is small", v.Angle())
			}
		}
		v.OneToOne()
		was := v.At(fyne.NewPos(400, 300))
		v.Turn(30)
		if at := v.At(fyne.NewPos(400, 300)); math.Hypot(at.X-was.X, at.Y-was.Y) > 1e-6 || onFrame(v, 2048, 2, 2) == 0 {
			t.Errorf("a turn of a part moved %v to %v", was, at)
		}
	})
}

// TestATurnedImageCanNotBeLost pushes it as far as it goes, each way and at each turn.
func TestATurnedImageCanNotBeLost(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.Resize(fyne.NewSize(1200, 300))
		for range 24 {
			v.Turn(15)
			for _, to := range [][2]float32{{1, 0}, {-1, 0}, {0, 1}, {0, -1}, {1, 1}, {-1, 1}, {1, -1}, {-1, -1}} {
				v.Fit()
				d := fyne.NewDelta(5000*to[0], 5000*to[1])
				v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(600, 150).Add(d)}, Dragged: d})
				seen := 0
				for y := float32(1); y < 150; y += 3 {
					seen += onFrame(v, 2048, y*4, y)
				}
				if seen == 0 {
					t.Errorf("turned by %.0f° and pushed to %v, nothing of the image is seen", v.Angle(), to)
				}
			}
		}
	})
}

func TestOverviewGoesWhereItIsClicked(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		s.settle(c)
		// 180 units wide (at most a quarter of the view, 150 high at 600), 12 from the corner
		v.Tapped(&fyne.PointEvent{Position: fyne.NewPos(800-12-90, 12+90)})
		at := v.At(fyne.NewPos(400, 300))
		if math.Abs(at.X-1024) > 15 || math.Abs(at.Y-1024) > 15 {
			t.Errorf("a click on the middle went to %v", at)
		}
		v.Tapped(&fyne.PointEvent{Position: fyne.NewPos(800-12-180+45, 12+135)})
		at = v.At(fyne.NewPos(400, 300))
		if math.Abs(at.X-512) > 15 || math.Abs(at.Y-1536) > 15 {
			t.Errorf("a click on a quarter went to %v", at)
		}
	})
}

// ribbon is a hundred times as high as wide, and more.
type ribbon struct{ stack }

func (r *ribbon) Info() imageio.Info {
	info := r.stack.Info()
	info.Levels = []imageio.Level{{Size: image.Pt(100, 16384), Downsample: 1}}
	return info
}

func (r *ribbon) ReadTile(context.Context, imageio.Tile) (*imageio.Pixels, error) {
	return &imageio.Pixels{Size: image.Pt(100, 256), Type: imageio.Uint16, Data: make([]byte, 2*100*256)}, nil
}

// TestTheOverviewOfALongImageIsAllOfIt: a click on its end leads to the end of the image.
func TestTheOverviewOfALongImageIsAllOfIt(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&ribbon{stack{z: 1, t: 1}})
		s.settle(c)
		v.OneToOne()
		for y, want := range map[float32]float64{1: 0, 90: 8192, 179: 16384} {
			v.Tapped(&fyne.PointEvent{Position: fyne.NewPos(800-12-1, 12+y)})
			if at := v.At(fyne.NewPos(400, 300)); math.Abs(at.Y-want) > 300 || at.X < 0 || at.X > 100 {
				t.Errorf("a click on %g of 180 went to %v, not to %g", y, at, want)
			}
		}
	})
}

// TestTheOverviewFitsALowView, also one that is lower than its distance from the edge.
func TestTheOverviewFitsALowView(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.Zoom(20)
		for _, h := range []int{150, 100, 30, 8, 1} {
			v.Frame(1600, h)
		}
	})
}

// TestADragGoesOnAsItBegan: one of the image across the overview moves the image, one from the
// overview on goes where the pointer is on that, also with a tool that draws.
func TestADragGoesOnAsItBegan(t *testing.T) {
	drawn := 0
	act := tileview.Actions{Drawn: func([]annotation.Point) { drawn++ }}
	show(t, act, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.OneToOne()
		s.settle(c)
		press := func(x, y float32) {
			v.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}})
		}
		drag := func(x, y, dx, dy float32) {
			v.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, y)}, Dragged: fyne.NewDelta(dx, dy)})
		}
		mid := func() annotation.Point { return v.At(fyne.NewPos(400, 300)) }
		was := mid()
		press(700, 300)
		drag(700, 150, 0, -150) // onto the overview
		drag(700, 50, 0, -100)
		v.DragEnd()
		if at := mid(); math.Abs(at.X-was.X) > 1e-6 || math.Abs(at.Y-was.Y-250) > 1e-6 {
			t.Errorf("a drag by 250 across the overview went from %v to %v", was, at)
		}
		for _, tool := range []tileview.Tool{tileview.Select, tileview.Rectangle} {
			v.SetTool(tool)
			press(800-12-90, 12+90)
			drag(800-12-180+45, 12+135, -45, 45)
			drag(300, 400, -300, 250) // off it
			v.DragEnd()
			if at := mid(); math.Abs(at.X-512) > 15 || math.Abs(at.Y-1536) > 15 {
				t.Errorf("a drag to a quarter of the overview went to %v", at)
			}
			v.OneToOne()
		}
		if drawn != 0 {
			t.Errorf("%d outlines were drawn on the overview", drawn)
		}
	})
}

// TestTheOverviewsFrameIsCutNotBent: a screen that is turned by 45° is a square on its tip, of
// which the picture's edge cuts tips off; its sides keep their turn.
func TestTheOverviewsFrameIsCutNotBent(t *testing.T) {
	tip := func(r float64) []annotation.Point {
		return []annotation.Point{{X: 50, Y: 50 - r}, {X: 50 + r, Y: 50}, {X: 50, Y: 50 + r}, {X: 50 - r, Y: 50}}
	}
	box := image.Rect(0, 0, 100, 100)
	for r, want := range map[float64]float64{40: 2 * 40 * 40, 60: 2*60*60 - 4*10*10, 200: 100 * 100} {
		cut := tileview.Within(tip(r), box)
		if got := tileview.Area(cut); math.Abs(got-want) > 1e-6 {
			t.Errorf("of a square of ±%v %v is left, not %v: %v", r, got, want, cut)
		}
	}
	if cut := tileview.Within(tip(40), image.Rect(200, 200, 300, 300)); len(cut) > 0 {
		t.Errorf("beside the box lies %v", cut)
	}
}

// TestTheMiddleStaysWhenTheWindowGrows resizes a fitted view, and one that is zoomed in.
func TestTheMiddleStaysWhenTheWindowGrows(t *testing.T) {
	show(t, tileview.Actions{}, func(v *tileview.View, c fyne.Canvas, s *screen) {
		v.Set(&field{size: 2048, typ: imageio.Uint16})
		s.settle(c)
		v.Resize(fyne.NewSize(400, 500))
		v.Frame(400, 500)
		if p := v.At(fyne.NewPos(0, 250)); math.Abs(p.X+0.015*2048) > 12 || math.Abs(p.Y-1024) > 2 {
			t.Errorf("a fitted view shows %v at its left", p)
		}
		v.OneToOne()
		v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
		before := v.At(fyne.NewPos(200, 250))
		v.Resize(fyne.NewSize(800, 600))
		v.Frame(800, 600)
		if p := v.At(fyne.NewPos(400, 300)); math.Hypot(p.X-before.X, p.Y-before.Y) > 0.6 {
			t.Errorf("the middle was %v and is %v", before, p)
		}
	})
}
