package inbox_test

import (
	"fmt"
	"image"
	"image/color"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/inbox"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

func now() time.Time { return time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC) }

func window(t *testing.T, m theme.Mode, act inbox.Actions) (*inbox.Screen, fyne.Window) {
	t.Helper()
	test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(m))
	s := inbox.New(now, act)
	w := test.NewTempWindow(t, s)
	w.Resize(fyne.NewSize(1000, 640))
	return s, w
}

// line is the stages with the first n done and the next in state s.
func line(n int, s inbox.State, note string) []inbox.Stage {
	var out []inbox.Stage
	for i, name := range []string{"arriving", "captured", "versioned", "pushed", "predicted", "review", "committed"} {
		st := inbox.Stage{Name: name}
		switch {
		case i < n:
			st.State = inbox.Done
		case i == n:
			st.State, st.Note = s, note
		}
		out = append(out, st)
	}
	return out
}

func thumb() image.Image {
	m := image.NewRGBA(image.Rect(0, 0, 72, 72))
	for y := range 72 {
		for x := range 72 {
			d := (x-30)*(x-30) + (y-40)*(y-40)
			m.Set(x, y, color.RGBA{0, uint8(max(0, 220-d/3)), uint8(max(0, 90-d/6)), 255})
		}
	}
	return m
}

func rows() []inbox.Row {
	at := func(minutes int) time.Time { return now().Add(-time.Duration(minutes) * time.Minute) }
	return []inbox.Row{
		{
			ID: "1", Name: "plate7_A01.ome.tif", Stages: line(5, inbox.Person, ""), State: inbox.Person, Objects: 214,
			Model: "nuclei@4", At: at(12), Bytes: 48_600_000,
		},
		{ID: "2", Name: "plate7_A02.ome.tif", Stages: line(4, inbox.Running, "3/12"), State: inbox.Running, Objects: -1, At: at(4), Bytes: 48_600_000},
		{ID: "3", Name: "plate7_A03.ome.tif", Stages: line(0, inbox.Running, ""), State: inbox.Running, Objects: -1, At: at(0), Bytes: 12_000_000},
		{ID: "4", Name: "2026-03-03 plate6 drug screen, second repeat, robot arm B, objective 20x dry, well H12 field 003.ome.tif", Stages: line(7, "", ""), State: inbox.Done, Objects: 1, Model: "nuclei@3", At: at(24 * 60), Bytes: 51_200_000},
	}
}

func faulty() []inbox.Row {
	r := rows()
	r[0].State, r[0].Stages = inbox.Failed, line(1, inbox.Failed, "")
	r[0].Reason, r[0].Hint = "The image is cut short.", "Copy it again from the instrument, then try again."
	r[0].Objects, r[0].Model = -1, ""
	r[1].State, r[1].Stages = inbox.Held, line(4, inbox.Held, "")
	r[1].Reason, r[1].Hint = "No inference server answers.", "The capture waits; the work goes on by itself when one is back."
	return r
}

// walk lists what is on the screen. (test.LaidOutObjects makes new renderers, and
// the labels it went through no longer show what is set later.)
func walk(o fyne.CanvasObject) []fyne.CanvasObject {
	out := []fyne.CanvasObject{o}
	for _, c := range inside(o) {
		out = append(out, walk(c)...)
	}
	return out
}

func inside(o fyne.CanvasObject) []fyne.CanvasObject {
	switch x := o.(type) {
	case *fyne.Container:
		return x.Objects
	case fyne.Widget:
		return test.WidgetRenderer(x).Objects()
	}
	return nil
}

// shows reports whether a text can be read in o: neither its label is hidden, nor what it is in.
func shows(o fyne.CanvasObject, text string) bool {
	if l, ok := o.(*widget.Label); ok && strings.Contains(l.Text, text) {
		return l.Visible()
	}
	return o.Visible() && slices.ContainsFunc(inside(o), func(c fyne.CanvasObject) bool { return shows(c, text) })
}

// TestTurns: what waits for its prediction says when it is its turn.
func TestTurns(t *testing.T) {
	s, _ := window(t, theme.Dark, inbox.Actions{})
	for n, want := range map[int]string{0: "12 MB", 1: "next in line", 2: "2nd in line", 3: "3rd in line", 4: "4th in line", 11: "11th in line", 12: "12th in line", 22: "22nd in line", 113: "113th in line", 1001: "1001st in line"} {
		r := rows()[2]
		r.Turn = n
		s.Set([]inbox.Row{r})
		if !slices.ContainsFunc(walk(s), func(o fyne.CanvasObject) bool {
			l, ok := o.(*widget.Label)
			return ok && strings.HasPrefix(l.Text, want+" · ")
		}) {
			t.Errorf("nothing says %q", want)
		}
	}
}

func TestPictures(t *testing.T) {
	for _, c := range []struct {
		name   string
		mode   theme.Mode
		rows   []inbox.Row
		thumbs string // whose pictures are there
	}{
		{"empty-light", theme.Light, nil, ""},
		{"typical-dark", theme.Dark, rows(), "1 4"},
		{"typical-light", theme.Light, rows(), "1 4"},
		{"faulty-dark", theme.Dark, faulty(), "4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			predict := func([]string, string) {}
			s, w := window(t, c.mode, inbox.Actions{Settings: func() {}, Predict: predict, Thumb: func(id string) image.Image {
				if strings.Contains(c.thumbs, id) {
					return thumb()
				}
				return nil
			}})
			s.Set(c.rows)
			s.SetPredictions(inbox.Predictions{Paused: c.name == "faulty-dark"})
			test.AssertRendersToImage(t, c.name+".png", w.Canvas())
		})
	}
}

func find[T fyne.CanvasObject](o fyne.CanvasObject, ok func(T) bool) (found T) {
	for _, x := range walk(o) {
		if v, is := x.(T); is && x.Visible() && ok(v) {
			return v
		}
	}
	return found
}

func TestPersonOpensAndRetries(t *testing.T) {
	var opened, retried string
	s, w := window(t, theme.Dark, inbox.Actions{
		Open: func(id string) { opened = id }, Retry: func(id string) { retried = id },
	})
	s.Set(faulty())
	test.Tap(find(s, func(b *widget.Button) bool { return b.Text == "Try again" }))
	if retried != "2" { // the newest of the two
		t.Errorf("retried %q", retried)
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(300, 130)) // selects the first row
	f := w.Canvas().Focused()
	if f == nil {
		t.Fatal("the list has no focus after a click")
	}
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if opened != "3" {
		t.Errorf("Enter opened %q", opened)
	}
}

// TestWhatCouldNotBeCopiedIsTakenOff after a question, and nothing else is.
func TestWhatCouldNotBeCopiedIsTakenOff(t *testing.T) {
	var dropped string
	s, w := window(t, theme.Dark, inbox.Actions{Drop: func(id string) { dropped = id }})
	off := func(b *widget.Button) bool { return strings.HasPrefix(b.Text, "Take off") }
	later := faulty()
	later[0].Stages = line(4, inbox.Failed, "")
	if s.Set(later); find(s, off) != nil {
		t.Error("what is in the dataset can be taken off")
	}
	s.Set(faulty())
	test.Tap(find(s, off))
	if dropped != "" {
		t.Error("nobody was asked")
	}
	test.Tap(find(w.Canvas().Overlays().Top(), off))
	if dropped != faulty()[0].ID {
		t.Errorf("took off %q", dropped)
	}
}

// TestWhatWaitsForAPersonNeedsThemWhateverElseItWaitsFor: a review while the remote is away, and a file that
// somebody must put right.
func TestWhatWaitsForAPersonNeedsThemWhateverElseItWaitsFor(t *testing.T) {
	s, _ := window(t, theme.Dark, inbox.Actions{})
	all := rows()
	all[0].State, all[0].Stages[3].State, all[0].Reason = inbox.Held, inbox.Held, "The NAS is off."
	all[1].State, all[1].Stages, all[1].Reason, all[1].Yours = inbox.Held, line(0, inbox.Held, ""), "A file's name can't have a line break.", true
	s.Set(all)
	find(s, func(c *widget.Check) bool { return c.Text == "Needs me" }).SetChecked(true)
	if shown := s.Shown(); len(shown) != 2 || !shown["1"] || !shown["2"] {
		t.Errorf("shown are %v", shown)
	}
	for _, text := range []string{"Review", "Try again"} {
		if find(s, func(b *widget.Button) bool { return b.Text == text }) == nil {
			t.Errorf("nothing offers %q", text)
		}
	}
	if find(s, func(l *widget.Label) bool { return l.Text == "4 captures · 2 wait for you" }) == nil {
		t.Error("they are not counted")
	}
}

// TestRowsOfTheSameTimeStayInTheirOrder, in whichever order they are told.
func TestRowsOfTheSameTimeStayInTheirOrder(t *testing.T) {
	s, _ := window(t, theme.Dark, inbox.Actions{})
	all := []inbox.Row{{ID: "1", Name: "a.tif", At: now()}, {ID: "2", Name: "b.tif", At: now()}}
	for range 2 {
		slices.Reverse(all)
		s.Set(all)
		if first := find(s, func(*kit.Name) bool { return true }); first.Full() != "a.tif" {
			t.Errorf("the first is %s", first.Full())
		}
	}
}

// TestAnEmptyInboxSaysWhatItWaitsFor, and nothing before it is known whether it is empty.
func TestAnEmptyInboxSaysWhatItWaitsFor(t *testing.T) {
	s, _ := window(t, theme.Dark, inbox.Actions{Settings: func() {}})
	says := func(text string) bool { return shows(s, text) }
	if says("No captures yet") {
		t.Error("it is called empty before anybody has looked")
	}
	s.Set(nil)
	if !says("No captures yet") || !says("once an instrument folder is set") {
		t.Error("nothing says that a folder must be set")
	}
	for n, want := range map[int]string{1: "files from Scope A.", 2: "files from Scope A and Scope B.", 3: "files from 3 instruments."} {
		s.Watch([]string{"Scope A", "Scope B", "Scope C"}[:n])
		if !says(want) || says("once an instrument folder is set") {
			t.Errorf("it does not say %q", want)
		}
	}
	s.Watch(nil)
	if !says("once an instrument folder is set") {
		t.Error("nothing says that there are no folders any more")
	}
}

// TestTheRowsLineUp: buttons stand in columns, whichever a row has; a name is one line, and so is what to do.
func TestTheRowsLineUp(t *testing.T) {
	app := test.NewTempApp(t)
	test.ApplyTheme(t, theme.New(theme.Dark))
	s := inbox.New(now, inbox.Actions{})
	test.NewTempWindow(t, s).Resize(fyne.NewSize(1000, 640))
	all := append(faulty(), inbox.Row{
		ID: "5", Name: "scan\n01.tif", State: inbox.Held, Stages: line(0, inbox.Held, ""), Objects: -1, At: now().Add(-time.Hour),
		Reason: "This file is held.", Hint: "Rename the file.",
	})
	s.Set(all)
	columns := map[string]map[float32]int{}
	for _, o := range walk(s) {
		b, ok := o.(*widget.Button)
		if !ok || !b.Visible() || b.Text == "Predict" {
			continue
		}
		kind := b.Text
		if strings.HasPrefix(kind, "Take off") {
			kind = "Open"
		}
		if columns[kind] == nil {
			columns[kind] = map[float32]int{}
		}
		columns[kind][app.Driver().AbsolutePositionForObject(b).X]++
	}
	for _, kind := range []string{"", "Try again", "Open"} {
		if len(columns[kind]) != 1 {
			t.Errorf("the buttons %q stand at %v", kind, columns[kind])
		}
	}
	if find(s, func(n *kit.Name) bool { return n.Text == "scan⏎01.tif" }) == nil {
		t.Error("a name is of several lines")
	}
	hint := find(s, func(l *widget.Label) bool { return l.Text == "This file is held.\nRename the file." })
	if hint == nil || hint.Size().Height < hint.MinSize().Height {
		t.Errorf("what to do has no line of its own: %v", hint)
	}
}

func TestFilterFindsByModelAndNeed(t *testing.T) {
	s, _ := window(t, theme.Dark, inbox.Actions{})
	s.Set(rows())
	e := find(s, func(*kit.Field) bool { return true })
	test.Type(e, "nuclei@3")
	names := func() (n int) {
		for _, x := range walk(s) {
			if l, ok := x.(*kit.Name); ok && l.Visible() && len(l.Text) > 8 && l.Text[len(l.Text)-8:] == ".ome.tif" {
				n++
			}
		}
		return n
	}
	if names() != 1 {
		t.Errorf("%d captures match nuclei@3", names())
	}
	if e.SetText("no inference"); names() != 0 || !strings.Contains(e.PlaceHolder, "reason") {
		t.Errorf("%d captures have a reason, by which %q filters", names(), e.PlaceHolder)
	}
	if s.Set(faulty()); names() != 1 {
		t.Errorf("%d captures have that reason", names())
	}
	s.Set(rows())
	e.SetText("")
	find(s, func(c *widget.Check) bool { return c.Text == "Needs me" }).SetChecked(true)
	if names() != 1 {
		t.Errorf("%d captures wait for a person", names())
	}
}

// TestTheChosenReasonIsReadInFull: of the others, a line of it and one of what to do are seen. So it is in a short list and in a long
// one, and where the chosen one is the last in sight.
func TestTheChosenReasonIsReadInFull(t *testing.T) {
	const hint = "If nothing writes it any more, the instrument has left it unfinished: export it again as OME-TIFF, and take this one out of its folder, where it is in the way of others."
	for _, n := range []int{7, 300} {
		app := test.NewTempApp(t)
		test.ApplyTheme(t, theme.New(theme.Dark))
		s := inbox.New(now, inbox.Actions{Retry: func(string) {}})
		w := test.NewTempWindow(t, s)
		w.Resize(fyne.NewSize(1000, 640))
		all := make([]inbox.Row, n)
		for i := range all {
			all[i] = inbox.Row{
				ID: fmt.Sprint(i), Name: fmt.Sprintf("scan_%03d.czi", i), State: inbox.Held, Stages: line(0, inbox.Held, ""),
				Reason: fmt.Sprintf("Capture %03d is not complete: its end is missing.", i), Hint: hint, Objects: -1, At: now().Add(time.Duration(-i) * time.Second),
			}
		}
		s.Set(all)
		w.Canvas().Focus(s.Keys())
		reason := func(i int) *widget.Label {
			return find(s, func(l *widget.Label) bool { return strings.HasPrefix(l.Text, all[i].Reason) })
		}
		usual := reason(0).Size().Height
		for i := range min(n, 7) {
			s.Keys().TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
			s.Set(all) // as it is all the time
			l := reason(i)
			if l == nil {
				t.Fatalf("of %d, the chosen one is not shown", n)
			}
			if l.Truncation != fyne.TextTruncateOff || l.Size().Height <= usual || l.Size().Height != l.MinSize().Height {
				t.Errorf("of %d, the reason of %d is %v high, not %v", n, i, l.Size().Height, l.MinSize().Height)
			}
			if y := app.Driver().AbsolutePositionForObject(l).Y; y < 0 || y+l.Size().Height > 640 {
				t.Errorf("of %d, the reason of %d is seen from %v", n, i, y)
			}
			if before := reason(max(i-1, 0)); i > 0 && (before == nil || before.Size().Height != usual) {
				t.Errorf("of %d, the reason of %d stays open", n, i-1)
			}
		}
		high := reason(min(n, 7) - 1).Size().Height
		if w.Resize(fyne.NewSize(700, 640)); reason(min(n, 7)-1).Size().Height <= high {
			t.Errorf("of %d, the reason is as high in a narrower window", n)
		}
	}
}

// TestAFilterShowsWhatItLeavesFromTheTop: also after the list was scrolled down among many.
func TestAFilterShowsWhatItLeavesFromTheTop(t *testing.T) {
	s, _ := window(t, theme.Dark, inbox.Actions{})
	var all []inbox.Row
	for i := range 15 {
		name := fmt.Sprintf("plate_%02d.tif", i)
		if i == 2 {
			name = "q2.tif"
		}
		if i > 12 {
			name = fmt.Sprintf("film_%02d.tif", i)
		}
		all = append(all, inbox.Row{ID: name, Name: name, State: inbox.Person, Stages: line(5, inbox.Person, ""), Objects: -1, At: now().Add(time.Duration(-i) * time.Minute)})
	}
	s.Set(all)
	for _, k := range []fyne.KeyName{fyne.KeyEnd, fyne.KeyUp, fyne.KeyUp} {
		s.Keys().TypedKey(&fyne.KeyEvent{Name: k})
	}
	field := find(s, func(f *kit.Field) bool { return strings.HasPrefix(f.PlaceHolder, "Filter") })
	for _, text := range []string{"film", "t", "", "q2"} {
		field.SetText(text)
	}
	list, ok := s.Keys().(interface{ GetScrollOffset() float32 })
	if !ok || list.GetScrollOffset() != 0 {
		t.Errorf("one row is scrolled by %g", list.GetScrollOffset())
	}
	if find(s, func(n *kit.Name) bool { return n.Full() == "q2.tif" }) == nil {
		t.Error("the row that the filter leaves is not shown")
	}
}

// TestManyCaptures shows 50,000, of which it asks for the pictures of those in sight alone.
func TestManyCaptures(t *testing.T) {
	asked := map[string]bool{}
	s, w := window(t, theme.Dark, inbox.Actions{Thumb: func(id string) image.Image {
		asked[id] = true
		return nil
	}})
	many := make([]inbox.Row, 50_000)
	for i := range many {
		many[i] = inbox.Row{
			ID: fmt.Sprint(i), Name: fmt.Sprintf("burst_%05d.ome.tif", i), Stages: line(3, "", ""), Objects: -1, At: now().Add(time.Duration(-i) * time.Second),
		}
	}
	s.Set(many)
	w.Canvas().Capture()
	for i := range many {
		many[i].State, many[i].Reason = inbox.Held, "No inference server answers."
	}
	s.Set(many)
	w.Canvas().Capture()
	if !asked["0"] || len(asked) > 40 {
		t.Errorf("asked for %d pictures", len(asked))
	}
}

// menu lists the items of the menu that is open, by what is written on them.
func menu(w fyne.Window) map[string]fyne.Tappable {
	out := map[string]fyne.Tappable{}
	for _, o := range walk(w.Canvas().Overlays().Top()) {
		item, ok := o.(fyne.Tappable)
		if _, popup := o.(*widget.PopUpMenu); !ok || popup {
			continue
		}
		for _, x := range walk(o) {
			if text, ok := x.(*canvas.Text); ok && text.Text != "" { // the innermost that can be tapped
				out[text.Text] = item
			}
		}
	}
	return out
}

func TestPredictManyWithAModel(t *testing.T) {
	var asked []string
	s, w := window(t, theme.Dark, inbox.Actions{
		Predict: func(ids []string, model string) { asked = append(asked, fmt.Sprint(ids, model)) },
		Hold:    func(yes bool) { asked = append(asked, fmt.Sprint("hold ", yes)) },
		Cancel:  func() { asked = append(asked, "cancel") },
	})
	s.Set(rows())
	open := func(label string) {
		test.Tap(find(s, func(b *widget.Button) bool { return b.Text == "Predict" }))
		item := menu(w)[label]
		if item == nil {
			t.Fatalf("no %q among %v", label, menu(w))
		}
		item.Tapped(&fyne.PointEvent{})
	}
	s.SetPredictions(inbox.Predictions{Models: []string{"nuclei", "spots"}, Asked: 2})
	open("Pause predictions")
	open("Take back the 2 asked for")
	s.SetPredictions(inbox.Predictions{Models: []string{"nuclei", "spots"}, Paused: true})
	open("Go on with predictions")
	open("Predict all 3 shown with…") // the fourth has only begun to arrive
	for _, o := range walk(w.Canvas().Overlays().Top()) {
		if p, ok := o.(*widget.Select); ok {
			p.SetSelected("spots")
		}
		if b, ok := o.(*widget.Button); ok && b.Text == "Predict" {
			test.Tap(b)
		}
	}
	if want := []string{"hold true", "cancel", "hold false", "[2 1 4]spots"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, not %v", asked, want)
	}
}
