package viewer_test

import (
	"context"
	"encoding/binary"
	"image"
	"math"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
	"coverslip.dev/coverslip/ui/tileview"
	"coverslip.dev/coverslip/ui/viewer"
)

func tiles(v *viewer.Screen) *tileview.View {
	t, _ := view(v).(*tileview.View)
	return t
}

// graphs are the histograms on the screen: those of the channels, in their order, and that of
// the objects' areas.
func graphs(v *viewer.Screen) []desktop.Mouseable {
	var out []desktop.Mouseable
	for _, o := range walk(v) {
		d, drag := o.(interface {
			fyne.Draggable
			fyne.DoubleTappable
			desktop.Mouseable
		})
		if drag && o.MinSize().Height == 52 { // texts that can be marked are draggable, too
			out = append(out, d)
		}
	}
	return out
}

func checkOf(v *viewer.Screen, text string) *kit.Check {
	for _, o := range walk(v) {
		if c, ok := o.(*kit.Check); ok && c.Text == text {
			return c
		}
	}
	return nil
}

// pick chooses from the menu that is open, and reports whether it has that item.
func pick(c fyne.Canvas, label string) bool {
	var found fyne.Tappable
	for _, o := range walk(c.Overlays().Top()) {
		t, ok := o.(fyne.Tappable)
		for _, in := range walk(o) {
			if text, is := in.(*canvas.Text); is && ok && text.Text == label {
				found = t // the innermost comes last
			}
		}
	}
	if found == nil {
		return false
	}
	found.Tapped(nil)
	return true
}

func TestNumberKeysToggleChannels(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, '2')
		if cs := tiles(v).Channels(); !cs[0].On || cs[1].On || checkOf(v, "GFP").Checked {
			t.Errorf("after the key 2 the channels are %+v", cs)
		}
		press(v, c, '2')
		press(v, c, '9') // there is no ninth
		if cs := tiles(v).Channels(); !cs[0].On || !cs[1].On {
			t.Errorf("after the key 2 twice the channels are %+v", cs)
		}
	})
}

// TestHistogramSetsContrast presses and drags on a channel's histogram.
func TestHistogramSetsContrast(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		g := graphs(v)
		if len(g) != 3 { // and one of the objects' areas
			t.Errorf("%d histograms for 2 channels", len(g))
			return
		}
		before := tiles(v).Channels()
		w := g[0].(fyne.CanvasObject).Size().Width
		at := func(x float32) *desktop.MouseEvent {
			return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 20)}}
		}
		g[0].MouseDown(at(w * 0.8))
		g[0].(fyne.Draggable).Dragged(&fyne.DragEvent{PointEvent: at(w * 0.7).PointEvent, Dragged: fyne.NewDelta(-w*0.1, 0)})
		g[0].(fyne.Draggable).DragEnd()
		cs := tiles(v).Channels()
		if cs[0].Min != before[0].Min || cs[0].Max > 0.75*before[0].Max || cs[0].Max < 0.6*before[0].Max {
			t.Errorf("the upper end was drawn to seven tenths: %+v before, %+v after", before[0], cs[0])
		}
		if cs[1] != before[1] {
			t.Errorf("the other channel changed, too: %+v", cs[1])
		}
		checkOf(v, "Linked").SetChecked(true)
		g[1].(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
		cs = tiles(v).Channels()
		if cs[0].Min != cs[1].Min || cs[0].Max != cs[1].Max || cs[1].Min <= before[1].Min {
			t.Errorf("linked channels have %+v", cs)
		}
		g[0].(fyne.DoubleTappable).DoubleTapped(nil)
		s.settle(c)
		if cs := tiles(v).Channels(); cs[0].Max < 0.9*before[0].Max {
			t.Errorf("a double click left the contrast %+v", cs[0])
		}
	})
}

// photo is a colour picture that is rather dark and reddish.
type photo struct {
	cells
	deep bool // 16 bits a sample
}

func (p photo) Info() imageio.Info {
	i := p.cells.Info()
	i.Z, i.Type = 1, imageio.Uint8
	if p.deep {
		i.Type = imageio.Uint16
	}
	i.Channels = []imageio.Channel{
		{Name: "Red", Color: [3]uint8{255, 0, 0}}, {Name: "Green", Color: [3]uint8{0, 255, 0}}, {Name: "Blue", Color: [3]uint8{0, 0, 255}},
	}
	return i
}

func (p photo) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	px := &imageio.Pixels{Size: image.Pt(512, 512), Type: p.Info().Type}
	for i := range 512 * 512 {
		v := uint16(20+i%100) / uint16(t.C+1)
		if p.deep {
			px.Data = binary.LittleEndian.AppendUint16(px.Data, 100*v)
		} else {
			px.Data = append(px.Data, byte(v))
		}
	}
	return px, nil
}

// TestColoursOfAPictureStayTrue: what a camera saw in red, green and blue gets one contrast, at
// first and by Auto; of 8 bits it is shown as it is.
func TestColoursOfAPictureStayTrue(t *testing.T) {
	for _, deep := range []bool{false, true} {
		show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
			val := typical()
			val.Source, val.Objects = photo{deep: deep}, nil
			v.Set(val)
			s.settle(c)
			cs := tiles(v).Channels()
			if !deep && (cs[0].Min != 0 || cs[0].Max != 255) {
				t.Errorf("a photograph is shown from %v to %v", cs[0].Min, cs[0].Max)
			}
			one := func(when string) {
				cs := tiles(v).Channels()
				for _, ch := range cs[1:] {
					if ch.Min != cs[0].Min || ch.Max != cs[0].Max {
						t.Errorf("%s, with 16 bits %v, the channels are %+v", when, deep, cs)
					}
				}
			}
			one("at first")
			for _, o := range walk(v) {
				if sel, ok := o.(*kit.Select); ok && sel.PlaceHolder == "Auto contrast" {
					sel.SetSelectedIndex(1)
				}
			}
			s.settle(c)
			if was := cs[0].Max; !deep && tiles(v).Channels()[0].Max >= was {
				t.Error("Auto changed nothing")
			}
			one("after Auto")
		})
	}
}

// staged is an image whose file says how it is to be shown.
type staged struct {
	cells

	off [2]bool
}

func (s staged) Info() imageio.Info {
	i := cells{}.Info()
	i.Channels = slices.Clone(i.Channels)
	i.Channels[0].Low, i.Channels[0].High = 12, 34
	i.Channels[0].Off, i.Channels[1].Off = s.off[0], s.off[1]
	return i
}

// TestShownAsTheFileSays has the limits and switches of channels that the file says, but is never all black.
func TestShownAsTheFileSays(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		for off, on := range map[[2]bool][2]bool{{false, true}: {true, false}, {true, true}: {true, true}} {
			val := typical()
			val.Source = staged{off: off}
			v.Set(viewer.Values{}) // or it is the same image, opened anew
			v.Set(val)
			s.settle(c)
			if cs := tiles(v).Channels(); cs[0].Min != 12 || cs[0].Max != 34 || cs[0].On != on[0] || cs[1].On != on[1] || cs[1].Max == 34 {
				t.Errorf("of %v: %+v", off, cs)
			}
		}
	})
}

// TestPresetsComeBackOnSimilarImages keeps a contrast, and shows it again on an image with the
// same channels but not on another.
func TestPresetsComeBackOnSimilarImages(t *testing.T) {
	var kept []viewer.Preset
	act := viewer.Actions{SavePreset: func(p viewer.Preset) { kept = append(kept, p) }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, '1')
		var e *kit.Field
		for _, o := range walk(v) {
			if x, ok := o.(*kit.Field); ok && x.PlaceHolder == "Preset's name" {
				e = x
			}
		}
		test.Type(e, "GFP alone")
		e.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		if len(kept) != 1 || kept[0].Name != "GFP alone" || kept[0].Channels[0].On {
			t.Fatalf("kept %+v", kept)
		}
		press(v, c, '1')
		val := typical()
		val.Presets = append(kept, viewer.Preset{Name: "other", Channels: kept[0].Channels[:1]})
		v.Set(val)
		s.settle(c)
		for range 2 { // also where the name stands there already
			e.ActionItem.(fyne.Tappable).Tapped(nil)
			if pick(c, "other") {
				t.Error("a preset of other channels is offered")
			}
			if !pick(c, "GFP alone") {
				t.Error("the preset is not offered")
			}
			if cs := tiles(v).Channels(); cs[0].On || !cs[1].On {
				t.Errorf("the preset gave %+v", cs)
			}
			press(v, c, '1')
		}
		press(v, c, '1')
		checkOf(v, "Similar images").SetChecked(true)
		v.Set(viewer.Values{})
		v.Set(val)
		s.settle(c)
		if cs := tiles(v).Channels(); cs[0].On || !cs[1].On {
			t.Errorf("a similar image opened with %+v", cs)
		}
	})
}

// TestContrastIsThatOfTheLastSimilarImage: also where one of other channels was open between the two. The name of
// a preset stands in the field for as long as the image is shown by it.
func TestContrastIsThatOfTheLastSimilarImage(t *testing.T) {
	var kept []viewer.Preset
	act := viewer.Actions{SavePreset: func(p viewer.Preset) { kept = append(kept, p) }}
	show(t, theme.Dark, act, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		open := func(src imageio.Source) {
			val := typical()
			val.Source = src
			v.Set(val)
			s.settle(c)
		}
		open(cells{})
		checkOf(v, "Similar images").SetChecked(true)
		press(v, c, '1')
		var e *kit.Field
		for _, o := range walk(v) {
			if x, ok := o.(*kit.Field); ok && x.PlaceHolder == "Preset's name" {
				e = x
			}
		}
		enter := &fyne.KeyEvent{Name: fyne.KeyReturn}
		e.SetText("mine")
		if e.TypedKey(enter); e.Text != "mine" {
			t.Errorf("a preset that was kept is called %q", e.Text)
		}
		if press(v, c, '2'); e.Text != "" || e.PlaceHolder != "mine, changed" {
			t.Errorf("a preset that was changed is called %q, %q", e.Text, e.PlaceHolder)
		}
		if e.TypedKey(enter); len(kept) != 2 || kept[1].Name != "mine" || kept[1].Channels[1].On || e.Text != "mine" {
			t.Errorf("the change is kept as %+v, called %q", kept, e.Text)
		}
		if open(three{}); e.Text != "" || e.PlaceHolder != "Preset's name" {
			t.Errorf("on another image the preset is called %q, %q", e.Text, e.PlaceHolder)
		}
		open(cells{})
		if cs := tiles(v).Channels(); cs[0].On || cs[1].On {
			t.Errorf("a similar image opened with %+v", cs)
		}
	})
}

// loud is an image of long names and large numbers.
type loud struct{ cells }

func (loud) Info() imageio.Info {
	i := cells{}.Info()
	i.Type = imageio.Float32
	i.Channels = []imageio.Channel{{Name: "AF488 anti-tubulin 1:500"}, {Name: "Cy5 / far red"}, {Name: "c"}, {Name: "Pan-cytokeratin"}}
	return i
}

func (loud) ReadTile(_ context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	p := &imageio.Pixels{Size: image.Pt(512, 512), Type: imageio.Float32, Data: make([]byte, 4*512*512)}
	for i := range 512 * 512 {
		v := []float32{1.995e9, 2.08e-6, 65535, -1.234e-6}[t.C] * float32(i) / (512 * 512)
		binary.LittleEndian.PutUint32(p.Data[4*i:], math.Float32bits(v))
	}
	return p, nil
}

// TestTheEndsOfContrastAreReadWhole: a number that is cut off is another one.
func TestTheEndsOfContrastAreReadWhole(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source = loud{}
		v.Set(val)
		s.settle(c)
		whole := func() {
			t.Helper()
			n := 0
			for _, o := range walk(v) {
				l, ok := o.(*widget.Label)
				if !ok || !l.Visible() || l.SizeName != fynetheme.SizeNameCaptionText || !strings.Contains(l.Text, " – ") {
					continue
				}
				n++
				need := fyne.MeasureText(l.Text, fynetheme.CaptionTextSize(), fyne.TextStyle{}).Width + 2*fynetheme.InnerPadding()
				if have := l.Size().Width; have < need {
					t.Errorf("%q has %g units, needs %g", l.Text, have, need)
				}
			}
			if n != 4 {
				t.Errorf("%d of 4 channels say their ends", n)
			}
		}
		whole()
		for _, want := range []string{"3.965e+06 – ", "4.13e-09", "130 – ", "-1.23e-06 – "} {
			if labelOf(v, want) == "" {
				t.Errorf("nothing says %q", want)
			}
		}
		for _, g := range graphs(v)[:4] {
			g.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(60, 20)}})
			g.MouseUp(nil)
			g.(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
			g.(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft}) // gamma
		}
		s.settle(c)
		whole()
		test.AssertRendersToImage(t, "loud-dark.png", c)
	})
}

// TestTheKeysStayWithTheImage: who clicks a switch, a list or a tool goes on with the image's keys.
func TestTheKeysStayWithTheImage(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		press(v, c, ']')
		tapped := 0
		for _, o := range walk(v) {
			switch b := o.(type) {
			case *kit.Check, *kit.Select, *kit.Slider:
			case *widget.Label:
				if b.Selectable {
					t.Errorf("a click on %q takes the keys", b.Text)
				}
				continue
			case *widget.Button:
				if b.Text != "H" && b.Text != "B" || b.Disabled() {
					continue
				}
			default:
				continue
			}
			if o.Visible() {
				tapped++
				c.Unfocus()
				o.(fyne.Tappable).Tapped(&fyne.PointEvent{Position: fyne.NewPos(12, o.MinSize().Height/2)})
				kit.Dismiss(c)
				if got := c.Focused(); got != v.Keys() {
					t.Errorf("after a click on a %T the keys go to %T", o, got)
				}
			}
		}
		if tapped < 10 {
			t.Errorf("%d were clicked", tapped)
		}
	})
}

// brighter is a film of 16 bits whose third time point is a hundred times as bright.
type brighter struct{ film }

func (brighter) ReadTile(ctx context.Context, t imageio.Tile) (*imageio.Pixels, error) {
	px := &imageio.Pixels{Size: image.Pt(512, 512), Type: imageio.Uint16}
	for i := range 512 * 512 {
		v := uint16(i % 100)
		if t.T == 2 {
			v *= 100
		}
		px.Data = binary.LittleEndian.AppendUint16(px.Data, v)
	}
	return px, ctx.Err()
}

// TestContrastFollowsWhatIsShown: Auto measures the plane that is on the screen, and the ends go on
// beyond its samples.
func TestContrastFollowsWhatIsShown(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source, val.Objects = brighter{}, nil
		v.Set(val)
		s.settle(c)
		most := func() float64 { return tiles(v).Channels()[0].Max }
		g, _ := graphs(v)[0].(interface {
			fyne.CanvasObject
			fyne.Draggable
			fyne.DoubleTappable
		})
		drag := func(x float32) {
			g.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(x, 20)}, Dragged: fyne.NewDelta(x-g.Size().Width*0.9, 0)})
			g.DragEnd()
		}
		if drag(3 * g.Size().Width); most() < 250 || most() > 350 {
			t.Errorf("dragged to three times the histogram's width, the upper end is %g", most())
		}
		if drag(2e6); most() != math.MaxUint16 {
			t.Errorf("the upper end goes up to %g", most())
		}
		v.Set(val)
		g.DoubleTapped(nil)
		s.settle(c)
		if most() > 100 {
			t.Errorf("Auto sets the upper end to %g", most())
		}
		tiles(v).SetPlane(0, 2)
		s.settle(c)
		g.DoubleTapped(nil)
		s.settle(c)
		if most() < 9800 || most() > 9900 {
			t.Errorf("at the third time point Auto sets the upper end to %g", most())
		}
	})
}

// TestAPresetIsOfTheImageThatIsOpen: the menu was opened on the image before, which had other channels.
func TestAPresetIsOfTheImageThatIsOpen(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		val := typical()
		val.Source = three{}
		v.Set(val)
		s.settle(c)
		cs := tiles(v).Channels()
		val.Presets = []viewer.Preset{{Name: "mine", Channels: cs}}
		v.Set(val)
		press(v, c, 'v')
		for _, o := range walk(v) {
			if e, ok := o.(*kit.Field); ok && e.PlaceHolder == "Preset's name" {
				e.ActionItem.(fyne.Tappable).Tapped(nil)
			}
		}
		v.Set(typical())
		s.settle(c)
		if !pick(c, "mine") {
			t.Error("the preset is not offered")
		}
		s.settle(c)
		if n := len(tiles(v).Channels()); n != 2 {
			t.Errorf("an image of two channels has %d", n)
		}
	})
}

// TestAnotherImageEndsWhatIsDoneToTheFirst: a drag at a histogram, a key on it and the menu of colours
// that are still there change nothing of the image that came meanwhile.
func TestAnotherImageEndsWhatIsDoneToTheFirst(t *testing.T) {
	show(t, theme.Dark, viewer.Actions{}, func(v *viewer.Screen, c fyne.Canvas, s *screen) {
		v.Set(typical())
		s.settle(c)
		g := graphs(v)[0]
		g.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(20, 20)}})
		for _, o := range walk(v) {
			if b, ok := o.(*widget.Button); ok && b.Text == "" && b.Icon != nil && b.Icon.Name() == "506eff.svg" {
				test.Tap(b)
				break
			}
		}
		next := typical()
		next.Source = film{}
		v.Set(next)
		s.settle(c)
		before := tiles(v).Channels()
		g.(fyne.Draggable).Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(90, 20)}, Dragged: fyne.NewDelta(40, 0)})
		g.(fyne.Focusable).TypedKey(&fyne.KeyEvent{Name: fyne.KeyHome})
		s.settle(c)
		if !pick(c, "Red") {
			t.Error("no menu of colours is open")
		}
		if now := tiles(v).Channels(); !slices.Equal(now, before) {
			t.Errorf("the next image is shown by %+v, was %+v", now, before)
		}
	})
}
