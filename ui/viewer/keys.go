package viewer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

func (s *Screen) key(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyDelete, fyne.KeyBackspace:
		s.remove()
	case fyne.KeyPageDown:
		do(s.act.Next)
	case fyne.KeyPageUp:
		do(s.act.Previous)
	default:
		if s.act.Key != nil {
			s.act.Key(e)
		}
	}
}

func (s *Screen) rune(r rune) {
	if r >= '0' && r <= '9' { // 0 is the tenth, as in QuPath
		s.panel.channels.toggle((int(r-'0') + 9) % 10)
		return
	}
	if f, ok := s.keys[r]; ok {
		f()
	} else {
		do(s.keys[unicode.ToLower(r)])
	}
}

// bindings are the keys; one for a capital goes before that for its small letter.
func (s *Screen) bindings() map[rune]func() {
	tool := func(t tileview.Tool) func() { return func() { s.tool(t) } }
	o, pl := s.panel.objects, s.panel.planes
	return map[rune]func(){
		'm': tool(tileview.Select), 'r': tool(tileview.Rectangle), 'p': tool(tileview.Polygon),
		'o': tool(tileview.Ellipse), 'b': tool(tileview.Brush), 'e': tool(tileview.Eraser),
		'a': func() { s.judge(s.act.Accept) }, 'x': func() { s.judge(s.act.Reject) }, 'u': s.undo,
		'h': o.hide, 'c': s.panel.class.next,
		'f': func() { o.fill.SetChecked(!o.fill.Checked) },
		'i': func() { o.labels.SetChecked(!o.labels.Checked) },
		',': func() { pl.step(-1) }, '<': func() { pl.step(-1) },
		'.': func() { pl.step(1) }, '>': func() { pl.step(1) }, 'k': pl.play,
		'(': func() { s.turnImage(-1) }, ')': func() { s.turnImage(1) },
		't': func() { s.view.Turn(90) }, 'T': func() { s.view.Turn(5) },
		'n': func() { s.view.SetOverview(!s.view.Overview()) },
		's': func() { s.snapshot(s.view) }, 'v': s.cycleViews, 'l': s.lens,
		'z': s.fit, 'Z': s.view.OneToOne,
		']': func() { s.step(1) }, '[': func() { s.step(-1) },
	}
}

// fit shows the whole image, and upright where it is shown whole already.
func (s *Screen) fit() {
	sight, scale := s.view.Sight(), s.scale
	if s.view.Fit(); s.view.Sight() == sight && s.scale == scale {
		s.view.Turn(-s.view.Angle())
	}
}

func (s *Screen) tool(t tileview.Tool) {
	if t != tileview.Select && !s.kept() {
		return
	}
	s.view.SetTool(t)
	s.rail.tool(t)
	s.Note("")
	if t == tileview.Brush || t == tileview.Eraser {
		s.brushed(s.view.BrushSize())
	}
}

// brushed says how large the brush is, and keeps it so in all views.
func (s *Screen) brushed(diameter float64) {
	for _, n := range s.seconds {
		n.view.SetBrush(diameter)
	}
	text := fmt.Sprintf("Brush %.0f px", diameter)
	if s.val.Source != nil {
		if unit, k, _ := unitOf(s.val.Source.Info().Micron); unit != "px" {
			text += fmt.Sprintf(" · %.3g %s", diameter*k, unit)
		}
	}
	s.Note(text + "  (Alt+wheel, { and })")
}

// compare brings the other layer, and the lens with it where it was asked for.
func (s *Screen) compare() {
	v, on := s.val, s.view.Lens()
	if v.Rival != s.rival && (v.Other != nil || v.Rival == "") {
		s.rival = v.Rival
		on = v.Rival != "" // who asked wants to see it
	}
	if v.Other == nil && on { // there is nothing in it: it would hide what lies on the image
		s.rival = "" // it comes back with what is being asked
		on = false
	}
	s.setLens(on)
}

// setLens switches the lens on or off. The view has what it shows only while it is on: to find very many
// objects by their place takes a moment.
func (s *Screen) setLens(on bool) {
	var other []annotation.Object
	if on {
		other = s.val.Other
	}
	s.view.SetOther(s.val.Names[0], s.val.Names[1], other, s.val.T)
	if on != s.view.Lens() {
		s.view.SetLens(on)
	}
}

// lens shows the other layer in a circle at the pointer.
func (s *Screen) lens() {
	s.setLens(!s.view.Lens() && s.val.Other != nil)
	if _, t := s.view.Plane(); s.view.Lens() && t != s.val.T {
		s.Note(fmt.Sprintf("What the lens shows was found at time %d.", s.val.T+1))
	}
	if s.val.Other == nil {
		s.Note("There is nothing to compare with: the lens shows what the model had found before a correction, or another model's objects: choose it under Model.")
	}
}

// undo takes back what was done last: of an outline that is not closed yet its last corner.
func (s *Screen) undo() {
	if !s.view.Back() {
		s.logged(s.act.Undo, s.val.CanUndo, "Undone")
	}
}

// logged takes a step in the log of corrections, and tells the place where nobody sees it.
func (s *Screen) logged(step func(), can bool, word string) {
	do(step)
	if _, t := s.view.Plane(); can && t != s.val.T {
		s.Note(fmt.Sprintf("%s at time point %d, which the review is of.", word, s.val.T+1))
	}
}

// Finish has the review committed. What is hidden is committed, too, which nobody sees: so it asks.
func (s *Screen) Finish() {
	n, of := s.panel.objects.hidden(), s.val.ID
	if n == 0 || !s.val.CanReview {
		do(s.act.CommitReview)
		return
	}
	what := fmt.Sprintf("%d of %d objects are hidden now. They are committed, too.", n, len(s.val.Objects))
	if n == 1 {
		what = fmt.Sprintf("1 of %d objects is hidden now. It is committed, too.", len(s.val.Objects))
	}
	kit.Ask(s, kit.Question{Title: "Finish the review?", Sentence: what, Button: "Finish review"}, nil, func() {
		if s.val.ID == of {
			do(s.act.CommitReview)
		}
	})
}

func (s *Screen) redo() { s.logged(s.act.Redo, s.val.CanRedo, "Done again") }

func (s *Screen) remove() {
	if s.view.Back() {
		return
	}
	if id := s.view.Selected(); id != "" && s.act.Delete != nil && s.home() {
		s.act.Delete(id)
	}
}

// judge accepts or rejects what is selected, and goes on to the next object that
// nobody has judged, so that a review is one key an object.
func (s *Screen) judge(as func(string)) {
	id := s.view.Selected()
	if id == "" || as == nil || !s.home() {
		return
	}
	next := s.beside(id, 1, unjudged)
	as(id)
	if next != "" {
		s.view.Select(next)
		s.view.Reveal(next)
	}
}

// step goes to the next object; with none selected to the first that nobody has judged, if there is
// one.
func (s *Screen) step(by int) {
	at, id := s.view.Selected(), ""
	if at == "" {
		id = s.beside(at, by, unjudged)
	}
	if id == "" {
		id = s.beside(at, by, func(annotation.Object) bool { return true })
	}
	if id != "" {
		s.view.Select(id)
		s.view.Reveal(id)
	}
}

func unjudged(o annotation.Object) bool { return o.State == annotation.Predicted }

// beside returns the next (or, by -1, the last) object after id that is shown and one of those
// that are wanted, or "".
func (s *Screen) beside(id string, by int, wanted func(annotation.Object) bool) string {
	if _, t := s.view.Plane(); t != s.laid { // these are of another time point
		return ""
	}
	objs := s.now
	at := -1
	for i, o := range objs {
		if o.ID == id {
			at = i
		}
	}
	if at < 0 && by < 0 {
		at = 0
	}
	for n := 1; n <= len(objs); n++ {
		i := ((at+by*n)%len(objs) + len(objs)) % len(objs)
		o := objs[i]
		if wanted(o) && o.ID != id && s.panel.objects.lets(i) {
			return o.ID
		}
	}
	return ""
}

func (s *Screen) zoomed(scale float64) {
	s.scale = scale
	s.stand()
}

// stand says at which plane, time point and zoom the view stands, also where the panel's
// sliders are out of sight.
func (s *Screen) stand() {
	var text string
	z, t := s.view.Plane()
	if info := s.panel.info; info.Z > 1 && s.view.Projection() == tileview.Slice {
		text = fmt.Sprintf("z %d/%d · ", z+1, info.Z)
	}
	if len(s.val.Objects) > 0 && s.elsewhere() {
		text += fmt.Sprintf("objects of z %d · ", s.val.Z+1)
	}
	if info := s.panel.info; info.T > 1 {
		text += fmt.Sprintf("t %d/%d · ", t+1, info.T)
		if _, at := s.lying(t); len(s.val.Objects) > 0 && at != t {
			text += fmt.Sprintf("objects of t %d · ", at+1)
		}
	}
	scale := s.scale
	zoom := strconv.FormatFloat(scale*100, 'g', 3, 64) + " %"
	if scale >= 1 {
		zoom = strconv.FormatFloat(math.Round(scale*100), 'f', 0, 64) + " %"
	}
	text += zoom
	if a := s.view.Angle(); a != 0 {
		text += " · " + strconv.FormatFloat(a, 'f', 0, 64) + "°"
	}
	s.zoom.SetText(text)
	s.foot.Refresh()
}

// few is how many channels there may be for their names to be read.
const few = 6

// moved tells where the pointer is, in pixels and in micrometres, and the samples there.
func (s *Screen) moved(r tileview.Readout) {
	if s.noted && r.Still {
		return
	}
	s.noted = false
	if !r.Inside {
		s.read.SetText("")
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "x %.0f  y %.0f px", math.Floor(r.X), math.Floor(r.Y))
	if unit, _, _ := unitOf(s.panel.info.Micron); unit == "µm" {
		fmt.Fprintf(&b, "  ·  %.1f, %.1f µm", r.Micron.X, r.Micron.Y)
	}
	cs := s.view.Channels()
	for i, v := range r.Values {
		name := "value"
		if i < len(cs) && cs[i].Name != "" {
			name = cs[i].Name
		}
		switch n := len(r.Values); { // so that all have room
		case n > few:
			name = strconv.Itoa(i+1) + ":"
		case n > 2:
			name = kit.Shortened(name, 60)
		}
		if !math.IsNaN(v) {
			b.WriteString("  ·  " + name + " " + exactly(v))
		}
	}
	if o := r.Object; o != nil {
		fmt.Fprintf(&b, "  ·  %s, %s", o.Class, o.State)
		if o.State != annotation.Drawn { // nobody scores what a person drew
			fmt.Fprintf(&b, ", score %.2f", o.Score)
		}
	}
	s.read.SetText(b.String())
}

// exactly writes a whole number, which may be that of an object, with all its digits.
func exactly(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}

// Keys is what should have the focus while the viewer is open.
func (s *Screen) Keys() fyne.Focusable { return s.view }
