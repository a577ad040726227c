package kit_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

func window[T fyne.CanvasObject](t *testing.T, m theme.Mode, build func() T) (T, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	o := build()
	w := test.NewTempWindow(t, o)
	w.Resize(fyne.NewSize(1000, 640))
	return o, w
}

func buttons(o fyne.CanvasObject) map[string]*widget.Button {
	all := map[string]*widget.Button{}
	for _, x := range walk(o) {
		if b, ok := x.(*widget.Button); ok && b.Visible() {
			all[b.Text] = b
		}
	}
	return all
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

func TestTroublesPicture(t *testing.T) {
	var asked string
	p, w := window(t, theme.Light, func() *kit.Troubles { return kit.NewTroubles(func(code string) { asked = code }) })
	p.Set([]kit.Trouble{
		{
			Code: "server/gpu-1", Title: "The inference server gpu-1 does not answer.", Sentence: "Captures wait for a prediction.",
			Hint: "Ask whether the machine is on; the work goes on by itself.", Tone: kit.Bad, Button: "Servers", Since: "Since 14:03.",
		},
		{
			Code: "folder/scope", Title: "The folder of the confocal can't be read.", Sentence: "The network drive is not connected.",
			Hint: "Connect it in the file manager.", Tone: kit.Held, Button: "Settings",
		},
		{Code: "registry", Title: "The registry is shown as of 14:03.", Sentence: "MLflow is offline.", Tone: kit.Neutral},
	})
	test.AssertRendersToImage(t, "troubles.png", w.Canvas())
	test.Tap(buttons(p)["Servers"])
	if asked != "server/gpu-1" {
		t.Errorf("the button asked for %q", asked)
	}
}

func TestReasonIsNeeded(t *testing.T) {
	under, w := window(t, theme.Dark, func() *widget.Label { return widget.NewLabel("a screen") })
	var got string
	kit.AskReason(under, kit.Question{
		Title: "Promote version 4 to champion?", Sentence: "It will be loaded and probed before the alias moves.",
		Hold: "Why is it better?", Button: "Promote",
	}, func(s string) { got = s })
	top := w.Canvas().Overlays().Top()
	if top == nil {
		t.Fatal("nothing asks")
	}
	entry, ok := w.Canvas().Focused().(*kit.Field)
	if !ok {
		t.Fatal("the field has no focus")
	}
	yes := buttons(top)["Promote"]
	test.Tap(yes)
	if got != "" || w.Canvas().Overlays().Top() == nil {
		t.Fatal("a promotion without a reason went through")
	}
	test.Type(entry, "  fewer merged nuclei ")
	test.AssertRendersToImage(t, "reason.png", w.Canvas())
	test.Tap(yes)
	if got != "fewer merged nuclei" || w.Canvas().Overlays().Top() != nil {
		t.Errorf("got %q", got)
	}
}

func TestShortenedKeepsBothEnds(t *testing.T) {
	test.NewTempApp(t)
	width := fyne.MeasureText("Alexa Fluor 488 x", fynetheme.TextSize(), fyne.TextStyle{}).Width
	for text, want := range map[string]string{"DAPI": "DAPI", "": "", "Alexa Fluor 488": "Alexa Fluor 488"} {
		if got := kit.Shortened(text, width); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
	a, b := kit.Shortened("Alexa Fluor 488 anti-tubulin, day 1", width), kit.Shortened("Alexa Fluor 488 anti-tubulin, day 2", width)
	if a == b || !strings.HasPrefix(a, "Alexa") || !strings.HasSuffix(b, "day 2") {
		t.Errorf("%q and %q", a, b)
	}
	if w := fyne.MeasureText(a, fynetheme.TextSize(), fyne.TextStyle{}).Width; w > width {
		t.Errorf("%q is %v wide, more than %v", a, w, width)
	}
	if got := kit.Shortened("Ärger", 1); got != "Ä…r" {
		t.Errorf("no room left %q", got)
	}
}

// TestANameKeepsItsEnd in a place that is too small for it, and is whole in one that is not.
func TestANameKeepsItsEnd(t *testing.T) {
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	const full = "2026-03-03 plate6 drug screen, second repeat, well H12 field 003.ome.tif"
	n := kit.NewName(fynetheme.SizeNameSubHeadingText)
	n.Set(full)
	n.Resize(fyne.NewSize(n.Wide(), 40))
	if n.Text != full || n.Full() != full {
		t.Errorf("shows %q of %q", n.Text, n.Full())
	}
	n.Resize(fyne.NewSize(n.Wide()/2, 40))
	drawn := ""
	for _, o := range walk(n) {
		if x, ok := o.(*canvas.Text); ok {
			drawn += x.Text
		}
	}
	if !strings.HasPrefix(drawn, "2026-03-03") || !strings.HasSuffix(drawn, "003.ome.tif") || n.Full() != full {
		t.Errorf("draws %q of %q", drawn, n.Full())
	}
	n.Set("short.tif")
	if n.Text != "short.tif" {
		t.Errorf("shows %q", n.Text)
	}
}

// TestKeysCloseADialog closes what stands over a window by Escape, wherever the focus is, by Enter
// where nothing is asked, and scrolls it by keys.
func TestKeysCloseADialog(t *testing.T) {
	under, w := window(t, theme.Dark, func() *widget.Label { return widget.NewLabel("a screen") })
	c := w.Canvas()
	key := func(name fyne.KeyName) { c.Focused().TypedKey(&fyne.KeyEvent{Name: name}) }
	asked := 0
	kit.Ask(under, kit.Question{Title: "Restore?", Button: "Restore"}, nil, func() { asked++ })
	key(fyne.KeyEscape)
	field := kit.NewField()
	kit.Ask(under, kit.Question{Title: "How large?", Button: "Set"}, container.NewVBox(field), func() { asked++ })
	if c.Focused() != field {
		t.Errorf("the focus is on %T", c.Focused())
	}
	key(fyne.KeyEscape)
	kit.AskReason(under, kit.Question{Title: "Why?", Button: "Set"}, func(string) { asked++ })
	key(fyne.KeyEscape)
	if c.Overlays().Top() != nil || asked > 0 {
		t.Fatalf("after Escape %v is open, %d answered", c.Overlays().Top(), asked)
	}
	page := container.NewVScroll(kit.NewGap(100, 2000))
	kit.Over(c, "Help", page, fyne.NewSize(400, 300))
	for _, s := range []struct {
		key  fyne.KeyName
		want float32
	}{{fyne.KeyDown, 40}, {fyne.KeyPageDown, page.Size().Height}, {fyne.KeyEnd, 2000 - page.Size().Height}, {fyne.KeyHome, 0}, {fyne.KeyUp, 0}} {
		if key(s.key); page.Offset.Y != s.want {
			t.Errorf("the key %s scrolls to %v, not %v", s.key, page.Offset.Y, s.want)
		}
	}
	key(fyne.KeyEscape)
	kit.Dismiss(c) // nothing is there
	if c.Overlays().Top() != nil {
		t.Error("Escape left the page open")
	}
	for _, content := range []fyne.CanvasObject{page, widget.NewLabel("The server does not answer.")} {
		for _, enter := range []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter} {
			kit.Over(c, "That did not work", content, fyne.NewSize(400, 300))
			if key(enter); c.Overlays().Top() != nil {
				t.Errorf("%s left it open over %T", enter, content)
				kit.Dismiss(c)
			}
		}
	}
}

// TestFocusIsBroughtIntoSight reveals fields below and above what is seen of a page, wherever
// they lie in it, and leaves the page alone for what is seen or not in it.
func TestFocusIsBroughtIntoSight(t *testing.T) {
	first, last, aside := widget.NewEntry(), widget.NewButton("last", nil), widget.NewButton("aside", nil)
	var page *container.Scroll
	root, _ := window(t, theme.Dark, func() fyne.CanvasObject {
		page = container.NewVScroll(container.NewVBox(first, kit.NewGap(10, 3000),
			kit.NewCard(kit.NewFold("More", true, kit.NewGap(10, 50), last)), kit.NewGap(10, 500)))
		return container.NewBorder(aside, nil, nil, nil, page)
	})
	kit.Reveal(root, aside)
	kit.Reveal(root, first)
	if page.Offset.Y != 0 {
		t.Errorf("scrolled to %v for what is seen", page.Offset.Y)
	}
	kit.Reveal(root, last)
	// It lies below the first, 3000 of nothing, the head of its part and 50 more.
	if to := page.Offset.Y + page.Size().Height; to < 3150 || to > 3250 {
		t.Errorf("the page is seen from %v to %v", page.Offset.Y, to)
	}
	before := page.Offset.Y
	kit.Reveal(root, aside)
	kit.Reveal(root, last)
	if page.Offset.Y != before {
		t.Errorf("scrolled on from %v to %v", before, page.Offset.Y)
	}
	kit.Reveal(root, first)
	if page.Offset.Y != 0 {
		t.Errorf("the first is seen at %v", page.Offset.Y)
	}
}

// TestFocusIsBroughtIntoSightInASplit goes both ways, as a page with tables does in a small window, and
// shows the beginning of what is larger than that.
func TestFocusIsBroughtIntoSightInASplit(t *testing.T) {
	app := test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	button, table := widget.NewButton("Promote", nil), kit.NewGrid(nil, nil)
	page := container.NewScroll(container.NewHSplit(kit.NewGap(3000, 10),
		container.NewVSplit(container.NewVBox(button), container.NewStack(kit.NewGap(10, 3000), table))))
	w := test.NewTempWindow(t, page)
	w.Resize(fyne.NewSize(1000, 640))
	seen := func(o fyne.CanvasObject) fyne.Position {
		kit.Reveal(page, o)
		return app.Driver().AbsolutePositionForObject(o)
	}
	if at, size := seen(button), w.Canvas().Size(); at.X < 0 || at.X+button.MinSize().Width > size.Width || at.Y < 0 || page.Offset.X < 2000 {
		t.Errorf("the button is at %v of %v", at, size)
	}
	if at := seen(table); at.Y < 0 || at.Y > 20 {
		t.Errorf("the table begins at %v", at)
	}
}

// TestAFieldLetsGo leaves a field by Escape.
func TestAFieldLetsGo(t *testing.T) {
	f, w := window(t, theme.Dark, kit.NewField)
	c := w.Canvas()
	c.Focus(f)
	test.Type(f, "12")
	f.TypedShortcut(&fyne.ShortcutSelectAll{})
	f.TypedShortcut(&desktop.CustomShortcut{KeyName: fyne.Key2, Modifier: fyne.KeyModifierControl})
	if f.SelectedText() != "12" {
		t.Errorf("selected %q", f.SelectedText())
	}
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if c.Focused() != nil || f.Text != "12" {
		t.Errorf("after Escape the focus is on %T and the text is %q", c.Focused(), f.Text)
	}
}

// TestALongPathIsShortened: not to who writes in it, and what is read stays whole.
func TestALongPathIsShortened(t *testing.T) {
	f, w := window(t, theme.Dark, kit.NewPathField)
	w.Resize(fyne.NewSize(300, 60))
	changes := 0
	f.Changed = func() { changes++ }
	const path = "/mnt/nas/lab/administration/certificates/2026/of-the-microscopy-core-facility/ca.pem"
	f.SetPath(path)
	for range 2 {
		if !strings.Contains(f.Text, "…") || !strings.HasSuffix(f.Text, "ca.pem") || f.Path() != path {
			t.Errorf("shows %q of %q", f.Text, f.Path())
		}
		w.Canvas().Focus(f)
		if f.Text != path {
			t.Errorf("a person writes in %q", f.Text)
		}
		w.Canvas().Unfocus()
	}
	if changes != 0 {
		t.Errorf("%d changes by nobody", changes)
	}
	w.Canvas().Focus(f)
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	test.Type(f, ".new")
	w.Canvas().Unfocus()
	if f.Path() != path+".new" || changes == 0 {
		t.Errorf("%q after %d changes", f.Path(), changes)
	}
}

// TestAClickGivesTheKeysBack, but not from who came by keys; a list has them until it is closed.
func TestAClickGivesTheKeysBack(t *testing.T) {
	var field *kit.Field
	var c fyne.Canvas
	back := func() { c.Focus(field) }
	var check *kit.Check
	var list *kit.Select
	var slider *kit.Slider
	_, w := window(t, theme.Dark, func() fyne.CanvasObject {
		field = kit.NewField()
		check, slider = kit.NewCheck("GFP", nil, back), kit.NewSlider(0, 10, back)
		list = kit.NewSelect([]string{"State", "Class"}, nil, back)
		return container.NewVBox(field, check, list, slider)
	})
	c = w.Canvas()
	click := func(o fyne.Tappable) {
		c.Unfocus() // as Fyne does when the button goes down
		o.Tapped(&fyne.PointEvent{Position: fyne.NewPos(40, 15)})
	}
	at := func(what string, want fyne.Focusable) {
		t.Helper()
		if got := c.Focused(); got != want {
			t.Errorf("after %s the keys go to %T", what, got)
		}
	}
	click(check)
	at("a click on a box", field)
	if !check.Checked {
		t.Error("the box is not ticked")
	}
	click(slider)
	at("a click on a slider", field)
	c.Unfocus()
	slider.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(300, 10)}})
	slider.DragEnd()
	at("a drag", field)
	click(list)
	if c.Overlays().Top() == nil || c.Focused() == fyne.Focusable(field) {
		t.Errorf("the keys go to %T while a list is open", c.Focused())
	}
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if list.Selected != "State" {
		t.Errorf("chosen is %q", list.Selected)
	}
	at("a choice", field)
	for _, o := range []fyne.Focusable{check, slider, list} {
		c.Focus(o)
		if o == fyne.Focusable(list) {
			list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
			c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
		} else {
			o.TypedRune(' ')
		}
		at("a key", o)
	}
}
