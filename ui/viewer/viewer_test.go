package viewer_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

// cells is a 1024² image of two channels with a soft nucleus every 128 pixels.
type cells struct{}

func (cells) ID() string { return "cells" }

func (cells) Close() error { return nil }

func (cells) Info() imageio.Info {
	return imageio.Info{
		Name: "plate7_A01.ome.tif", Format: "OME-TIFF", TileSize: image.Pt(512, 512), Z: 5, T: 1, Type: imageio.Uint16,
		Levels:     []imageio.Level{{Size: image.Pt(1024, 1024), Downsample: 1}, {Size: image.Pt(512, 512), Downsample: 2}},
		Channels:   []imageio.Channel{{Name: "DAPI", Color: [3]uint8{80, 110, 255}}, {Name: "GFP", Color: [3]uint8{0, 220, 80}}},
		Micron:     imageio.Micron{X: 0.325, Y: 0.325},
		Acquired:   time.Date(2026, 3, 4, 9, 12, 0, 0, time.UTC),
		Instrument: "Confocal 2",
	}
}

func (cells) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	p := &imageio.Pixels{Size: image.Pt(512, 512), Type: imageio.Uint16, Data: make([]byte, 2*512*512)}
	d := 1 << t.Level
	for y := range 512 {
		for x := range 512 {
			ix, iy := (t.Col*512+x)*d, (t.Row*512+y)*d
			dx, dy := float64(ix%128-64), float64(iy%128-64)
			v := 180 + 3200*math.Exp(-(dx*dx+dy*dy)/900)
			if t.C == 1 {
				v = 150 + 700*math.Exp(-(dx*dx+dy*dy)/2600)*(1+math.Sin(float64(ix)/90))
			}
			binary.LittleEndian.PutUint16(p.Data[2*(y*512+x):], uint16(v))
		}
	}
	return p, nil
}

func objects() []annotation.Object {
	var out []annotation.Object
	states := []annotation.State{annotation.Predicted, annotation.Accepted, annotation.Predicted, annotation.Drawn, annotation.Rejected}
	for i := range 64 {
		o := annotation.Object{
			ID: string(rune('A'+i/8)) + string(rune('1'+i%8)), Class: "nucleus",
			State: states[i%5], Score: 0.35 + float64(i%13)/20, By: "nuclei@4",
		}
		if o.State == annotation.Drawn {
			o.By, o.Score = "Ada", 1
		}
		for k := range 24 {
			a := 2 * math.Pi * float64(k) / 24
			r := 40 + 4*math.Sin(3*a+float64(i))
			o.Outline = append(o.Outline, annotation.Point{X: float64(i%8*128+64) + r*math.Cos(a), Y: float64(i/8*128+64) + r*math.Sin(a)})
		}
		out = append(out, o)
	}
	return out
}

func typical() viewer.Values {
	return viewer.Values{
		ID: "1", Title: "plate7_A01.ome.tif", Place: "1 of 3", Source: cells{}, Objects: objects(), Model: "nuclei@4",
		Measured: map[string][]kit.Fact{"C3": {{Name: "Mean DAPI", Value: "1810"}}},
		Saved:    "Correction saved, committed as 1a2b3c by Ada", SavedTone: kit.Good, CanUndo: true, CanReview: true,
	}
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
func (s *screen) settle(c fyne.Canvas) {
	for {
		c.Capture()
		synctest.Wait()
		s.mu.Lock()
		fns := s.fns
		s.fns = nil
		s.mu.Unlock()
		if len(fns) == 0 {
			return
		}
		for _, f := range fns {
			f()
		}
	}
}

func show(t *testing.T, m theme.Mode, act viewer.Actions, fn func(v *viewer.Screen, c fyne.Canvas, s *screen)) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	synctest.Test(t, func(t *testing.T) {
		s := &screen{}
		v := viewer.New(s.post, act)
		w := test.NewWindow(v)
		defer w.Close()
		w.SetPadded(false)
		w.Resize(fyne.NewSize(1100, 700))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- v.Run(ctx) }()
		fn(v, w.Canvas(), s)
		cancel()
		<-done
	})
}

// walk lists what is on the screen. (test.LaidOutObjects makes new renderers, and
// the labels it went through no longer show what is set later.)
func walk(o fyne.CanvasObject) []fyne.CanvasObject {
	out := []fyne.CanvasObject{o}
	var inner []fyne.CanvasObject
	switch x := o.(type) {
	case *fyne.Container:
		inner = x.Objects
	case fyne.Widget:
		inner = test.WidgetRenderer(x).Objects()
	}
	for _, c := range inner {
		out = append(out, walk(c)...)
	}
	return out
}

func TestPictures(t *testing.T) {
	faulty := typical()
	faulty.Objects, faulty.Saved, faulty.CanReview = nil, "", false
	faulty.Say, faulty.Hint = "No inference server answers.", "The image can be looked at; the prediction follows by itself."
	running := typical()
	running.Objects = running.Objects[:len(running.Objects)/2] // those of the tiles that have come
	running.Running, running.Model, running.Saved, running.CanReview, running.CanUndo = fmt.Sprintf("Predicting, %d objects so far", len(running.Objects)), "", "", false, false
	for _, c := range []struct {
		name string
		mode theme.Mode
		v    viewer.Values
		pick bool
	}{
		{"empty-light", theme.Light, viewer.Values{}, false},
		{"typical-dark", theme.Dark, typical(), true},
		{"running-light", theme.Light, running, false},
		{"faulty-dark", theme.Dark, faulty, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			show(t, c.mode, viewer.Actions{RunAgain: func(viewer.Run) {}, Inbox: func() {}}, func(v *viewer.Screen, cv fyne.Canvas, s *screen) {
				v.Set(c.v)
				s.settle(cv)
				if c.pick {
					press(v, cv, ']')
				}
				s.settle(cv)
				test.AssertRendersToImage(t, c.name+".png", cv)
			})
		})
	}
}

func view(v *viewer.Screen) fyne.Focusable {
	for _, o := range walk(v) {
		if f, ok := o.(interface {
			fyne.Focusable
			fyne.Draggable
			fyne.Scrollable
		}); ok {
			if _, entry := o.(*kit.Field); !entry {
				return f
			}
		}
	}
	return nil
}

func press(v *viewer.Screen, c fyne.Canvas, r rune) {
	f := view(v)
	c.Focus(f)
	f.TypedRune(r)
}

// TestAReviewIsOneKeyAnObject accepts and rejects by keys, and each goes on to the
// next object that nobody has judged.
func TestAReviewIsOneKeyAnObject(t *testing.T) {
	var judged []string
	act := viewer.Actions{
		Accept: func(id string) { judged = append(judged, "accept "+id) },
		Reject: func(id string) { judged = append(judged, "reject "+id) },
		Delete: func(id string) { judged = append(judged, "delete "+id) },
	}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, 'a') // nothing is selected
		press(v, c, ']')
		press(v, c, 'a')
		press(v, c, 'x')
		view(v).TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete})
		want := []string{"accept A1", "reject A3", "delete A6"}
		if len(judged) != 3 || judged[0] != want[0] || judged[1] != want[1] || judged[2] != want[2] {
			t.Errorf("judged %v, not %v", judged, want)
		}
	})
}

// TestKeysGoThroughAllObjects, also those that somebody has judged; none of another time point.
func TestKeysGoThroughAllObjects(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Objects = val.Objects[:3]
		v.Set(val)
		s.settle(c)
		var got []string
		for _, r := range "]]]]][[" {
			press(v, c, r)
			got = append(got, tiles(v).Selected())
		}
		if want := "A1 A2 A3 A1 A2 A1 A3"; strings.Join(got, " ") != want {
			t.Errorf("the keys went to %v, not %s", got, want)
		}
		val.Objects = slices.Clone(val.Objects)
		for i := range val.Objects {
			val.Objects[i].State = annotation.Accepted
		}
		val.Source = film{}
		v.Set(val)
		s.settle(c)
		press(v, c, '>')
		press(v, c, ']')
		if got := tiles(v).Selected(); got != "" {
			t.Errorf("selected is %q, which lies at another time point", got)
		}
		press(v, c, '<')
		press(v, c, ']')
		if got := tiles(v).Selected(); got != "A1" {
			t.Errorf("with all judged, selected is %q", got)
		}
	})
}

// TestAClassIsChosen for the selected object, by the list and by a key; with none selected for what is
// drawn.
func TestAClassIsChosen(t *testing.T) {
	var did []string
	act := viewer.Actions{Classify: func(id, class string) { did = append(did, id+" "+class) }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Classes, val.Class = []string{"nucleus", "cell", "debris"}, "cell"
		v.Set(val)
		s.settle(c)
		press(v, c, 'c')
		tiles(v).Select("A1")
		press(v, c, 'c')
		choose(v, "debris")
		if want := "[ debris A1 cell A1 debris]"; fmt.Sprint(did) != want || labelOf(v, "Class") == "" {
			t.Errorf("chosen: %v, not %s", did, want)
		}
		val.Classes = val.Classes[:1]
		v.Set(val)
		press(v, c, 'c')
		if len(did) != 3 {
			t.Errorf("with nothing to choose: %v", did)
		}
	})
}

// TestTheLastCornerIsTakenBack, by any key that takes something away, and no object.
func TestTheLastCornerIsTakenBack(t *testing.T) {
	var did []string
	var ring []annotation.Point
	act := viewer.Actions{
		Delete: func(id string) { did = append(did, "delete "+id) }, Undo: func() { did = append(did, "undo") },
		Draw: func(r []annotation.Point) { ring = r },
	}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		tiles(v).Select("A1")
		press(v, c, 'p')
		click := func(x, y float32) { tiles(v).Tapped(&fyne.PointEvent{Position: fyne.NewPos(x, y)}) }
		click(300, 300)
		click(400, 300)
		click(400, 400)
		for i, back := range []func(){
			func() { tiles(v).TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace}) },
			func() { tiles(v).TypedKey(&fyne.KeyEvent{Name: fyne.KeyDelete}) },
			func() { press(v, c, 'u') },
			func() { tiles(v).TypedShortcut(&fyne.ShortcutUndo{}) },
		} {
			click(500, float32(310+40*i))
			back()
		}
		tiles(v).TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if len(ring) != 3 || len(did) != 0 {
			t.Errorf("drawn %v; did %v", ring, did)
		}
		tiles(v).TypedKey(&fyne.KeyEvent{Name: fyne.KeyBackspace})
		press(v, c, 'u')
		if len(did) != 2 || did[0] != "delete A1" || did[1] != "undo" {
			t.Errorf("with no outline: %v", did)
		}
	})
}

func TestUndoComesByKeyAndByShortcut(t *testing.T) {
	undone, redone := 0, 0
	act := viewer.Actions{Undo: func() { undone++ }, Redo: func() { redone++ }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, 'u')
		f, ok := view(v).(fyne.Shortcutable)
		if !ok {
			t.Fatal("the view takes no shortcuts")
		}
		f.TypedShortcut(&fyne.ShortcutUndo{})
		f.TypedShortcut(&fyne.ShortcutRedo{})
		if undone != 2 || redone != 1 {
			t.Errorf("undone %d, redone %d", undone, redone)
		}
	})
}

func TestRunAgainTakesADiameterAndAPart(t *testing.T) {
	got := -1.0
	var part image.Rectangle
	show(t, theme.Dark, viewer.Actions{RunAgain: func(r viewer.Run) { got, part = r.Diameter, r.Part }}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		var e *kit.Field
		var b *widget.Button
		var sight *kit.Check
		for _, o := range walk(v) {
			switch x := o.(type) {
			case *kit.Field:
				e = x
			case *widget.Button:
				if x.Text == "Run again" {
					b = x
				}
			case *kit.Check:
				if x.Text == "Only in sight" {
					sight = x
				}
			}
		}
		e.SetText("wide")
		test.Tap(b)
		if got != -1 {
			t.Errorf("a word was taken as the diameter %v", got)
		}
		e.SetText("9,5")
		test.Tap(b)
		if got != 9.5 || !part.Empty() {
			t.Errorf("the diameter is %v, in %v", got, part)
		}
		sight.SetChecked(true)
		size := typical().Source.Info().Levels[0].Size
		if test.Tap(b); part != (image.Rectangle{Max: size}) {
			t.Errorf("all is in sight, and the part is %v", part)
		}
		for _, o := range walk(v) {
			if view, ok := o.(*tileview.View); ok {
				view.Zoom(8)
				view.Turn(30)
			}
		}
		if test.Tap(b); part.Empty() || part.Dx() > size.X/2 || !part.In(image.Rectangle{Max: size}) {
			t.Errorf("little is in sight, and the part is %v", part)
		}
	})
}

// TestAnEmptyWidthStaysEmpty: news of anything else, and of the run that was asked for with it, do not bring back
// that of the run before. What is being written meanwhile stays.
func TestAnEmptyWidthStaysEmpty(t *testing.T) {
	var asked []float64
	act := viewer.Actions{RunAgain: func(r viewer.Run) { asked = append(asked, r.Diameter) }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		told := func(um float64, running string) {
			val.Diameter, val.Running = um, running
			v.Set(val)
		}
		told(12, "")
		s.settle(c)
		var e *kit.Field
		for _, o := range walk(v) {
			if f, ok := o.(*kit.Field); ok && f.PlaceHolder == "model's own" {
				e = f
			}
		}
		says := func(want, when string) {
			t.Helper()
			if e.Text != want {
				t.Errorf("%s the field says %q, want %q", when, e.Text, want)
			}
		}
		says("12", "after a run")
		e.SetText("")
		told(12, "")
		says("", "emptied, after news,")
		e.OnSubmitted("")
		told(12, "Predicting")
		told(0, "")
		says("", "after a run at the model's own")
		e.OnSubmitted("")
		e.SetText("9,5")
		e.OnSubmitted("9,5")
		told(0, "Predicting")
		says("9,5", "while it runs")
		told(9.5, "")
		says("9.5", "when it has run")
		e.SetText("1")
		told(11, "")
		says("1", "while someone writes")
		told(0, "")
		says("1", "while someone goes on writing")
		e.SetText("")
		told(7, "")
		says("7", "when another program ran it")
	})
	if !slices.Equal(asked, []float64{0, 0, 9.5}) {
		t.Errorf("ran with %v", asked)
	}
}

// asked is an image that counts how often it was asked what it is.
type asked struct {
	cells
	n int
}

func (a *asked) Info() imageio.Info {
	a.n++
	return a.cells.Info()
}

// TestWhatIsShownIsNotShownAgain: news of another capture cost nothing here.
func TestWhatIsShownIsNotShownAgain(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		src := &asked{}
		val := typical()
		val.Source, val.Other, val.Versions = src, objects(), []string{"nuclei@2"}
		v.Set(val)
		s.settle(c)
		news := func(what string, again bool) {
			t.Helper()
			before := src.n
			if v.Set(val); again != (src.n > before) {
				t.Errorf("%s: shown again: %v", what, !again)
			}
		}
		val.Versions = []string{"nuclei@2"}
		news("the same", false)
		val.Place = "2 of 4"
		news("another place", true)
		val.Objects = slices.Clone(val.Objects)
		news("other objects", true)
		val.Other = nil
		news("no other layer", true)
		val.Source = &asked{}
		val.Measuring = 1
		v.Set(val)
		val.Source = src
		news("another image", true)
	})
}
