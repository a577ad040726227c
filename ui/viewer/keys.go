package viewer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
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
	switch unicode.ToLower(r) {
	case 'm':
		s.tool(tileview.Select)
	case 'r':
		s.tool(tileview.Rectangle)
	case 'p':
		s.tool(tileview.Polygon)
	case 'a':
		s.judge(s.act.Accept)
	case 'x':
		s.judge(s.act.Reject)
	case 'u':
		s.undo()
	case 'h', 'o':
		s.hide()
	case 'f':
		s.fill()
	case ',', '<':
		s.panel.planes.step(-1)
	case '.', '>':
		s.panel.planes.step(1)
	case 'k':
		s.panel.planes.play()
	case 't':
		if r == 'T' {
			s.view.Turn(5)
		} else {
			s.view.Turn(90)
		}
	case 'n':
		s.view.SetOverview(!s.view.Overview())
	case 'z':
		if r == 'Z' {
			s.view.OneToOne()
		} else {
			s.view.Fit()
		}
	case ']':
		s.step(1)
	case '[':
		s.step(-1)
	}
}

func (s *Screen) tool(t tileview.Tool) {
	s.view.SetTool(t)
	s.rail.tool(t)
}

func (s *Screen) undo() { do(s.act.Undo) }

func (s *Screen) redo() { do(s.act.Redo) }

func (s *Screen) hide() {
	if s.view.Look() == tileview.Hidden {
		s.view.SetLook(tileview.Outline)
	} else {
		s.view.SetLook(tileview.Hidden)
	}
	s.rail.look(s.view.Look())
}

func (s *Screen) fill() {
	if s.view.Look() == tileview.Fill {
		s.view.SetLook(tileview.Outline)
	} else {
		s.view.SetLook(tileview.Fill)
	}
	s.rail.look(s.view.Look())
}

func (s *Screen) remove() {
	if id := s.view.Selected(); id != "" && s.act.Delete != nil {
		s.act.Delete(id)
	}
}

// judge accepts or rejects what is selected, and goes on to the next object that
// nobody has judged, so that a review is one key an object.
func (s *Screen) judge(as func(string)) {
	id := s.view.Selected()
	if id == "" || as == nil {
		return
	}
	next := s.unjudged(id, 1)
	as(id)
	if next != "" {
		s.view.Select(next)
		s.view.Reveal(next)
	}
}

func (s *Screen) step(by int) {
	if id := s.unjudged(s.view.Selected(), by); id != "" {
		s.view.Select(id)
		s.view.Reveal(id)
	}
}

// unjudged returns the next (or, by -1, the last) object after id that is
// predicted and shown, or "".
func (s *Screen) unjudged(id string, by int) string {
	objs := s.val.Objects
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
		o := objs[((at+by*n)%len(objs)+len(objs))%len(objs)]
		if o.State == annotation.Predicted && o.ID != id && o.Score >= s.panel.least() {
			return o.ID
		}
	}
	return ""
}

func (s *Screen) zoomed(scale float64) {
	text := strconv.FormatFloat(scale*100, 'g', 3, 64) + " %"
	if scale >= 1 {
		text = strconv.FormatFloat(math.Round(scale*100), 'f', 0, 64) + " %"
	}
	if a := s.view.Angle(); a != 0 {
		text += " · " + strconv.FormatFloat(a, 'f', 0, 64) + "°"
	}
	s.zoom.SetText(text)
	s.foot.Refresh()
}

// moved tells where the pointer is, in pixels and in micrometres, and the samples there.
func (s *Screen) moved(r tileview.Readout) {
	if !r.Inside {
		s.read.SetText("")
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, "x %.0f  y %.0f px", math.Floor(r.X), math.Floor(r.Y))
	if r.Micron.X > 0 || r.Micron.Y > 0 {
		fmt.Fprintf(&b, "  ·  %.1f, %.1f µm", r.Micron.X, r.Micron.Y)
	}
	for i, v := range r.Values {
		name := "value"
		if cs := s.view.Channels(); i < len(cs) && cs[i].Name != "" {
			name = cs[i].Name
		}
		if !math.IsNaN(v) {
			fmt.Fprintf(&b, "  ·  %s %.6g", name, v)
		}
	}
	if o := r.Object; o != nil {
		fmt.Fprintf(&b, "  ·  %s, %s, score %.2f", o.Class, o.State, o.Score)
	}
	s.read.SetText(b.String())
}

// Keys is what should have the focus while the viewer is open.
func (s *Screen) Keys() fyne.Focusable { return s.view }
