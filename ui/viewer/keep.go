package viewer

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// snapshot asks for a kind of file, and hands what a view shows on.
func (s *Screen) snapshot(of *tileview.View) {
	p, ok := of.Snapshot()
	if !ok || s.act.Snapshot == nil {
		return
	}
	if p.Half && !s.view.Playing() {
		s.Note("Parts are still being read: take it in a moment.")
		return
	}
	keep := s.act.Snapshot(p)
	var items []*fyne.MenuItem
	for _, k := range [][2]string{{"PNG", "png"}, {"TIFF", "tiff"}, {"SVG, objects as shapes", "svg"}} {
		items = append(items, fyne.NewMenuItem("Snapshot as "+k[0], func() { keep(k[1]) }))
	}
	kit.Menu(s.rail.photo, items...)
}

// Note says something below the image, until the pointer moves over it again.
func (s *Screen) Note(text string) {
	s.noted = text != ""
	s.read.SetText(text)
}

// Table is what was measured of objects, in columns that each name their unit.
type Table struct {
	Names  []string
	Rows   map[string][]float64 // by object; NaN is what is not known
	Places map[string]Place     // by object; of one that is not here the outline tells
}

// Place is the centroid of an object and its area, in pixels, as core measured them: all else in a table is of the
// same pixels.
type Place struct{ X, Y, Area float64 }

// placeOf is what core measured, or what the outline tells.
func placeOf(o annotation.Object, measured map[string]Place) Place {
	if p, ok := measured[o.ID]; ok {
		return p
	}
	x, y := tileview.Centroid(o.Outline)
	return Place{x, y, tileview.Area(o.Outline)}
}

// copy puts the table of the objects that a view shows on the clipboard, with tabs between the
// columns, as spreadsheets take it. Half a table looks like a whole one: there is none of it.
func (s *Screen) copy(of *tileview.View, objs []annotation.Object, at int) {
	_, t := of.Plane()
	switch {
	case s.act.Copy == nil || s.val.Source == nil:
	case s.val.Forming:
		s.Note("Objects are still being found: copy them when the prediction has ended.")
	case s.val.Measuring > 0:
		s.Note("Objects are still being measured: copy them in a moment.")
	case len(objs) > 0 && t != at:
		s.Note("No objects are known at this time point: there is nothing to copy.")
	case len(objs) > 0:
		own := len(s.val.Objects) > 0 && &objs[0] == &s.val.Objects[0]
		text, n := s.table(objs, at, own)
		s.act.Copy(text)
		what := "Measurements"
		if !own && len(s.val.Table.Names) > 0 {
			what = "Positions and areas only, as the rest is measured of what can be corrected,"
		}
		s.Note(fmt.Sprintf("%s of %d objects copied.", what, n))
	}
}

// table is a row an object: of its own what core measured, of others, which may have another outline under the same
// name, what the outline tells.
func (s *Screen) table(objs []annotation.Object, frame int, own bool) (text string, rows int) {
	unit, kx, ky := unitOf(s.val.Source.Info().Micron)
	head := []string{"Object", "Class", "State", "By", "Score", "Centre x " + unit, "Centre y " + unit, "Area " + unit + "²"}
	followed := len(s.val.Film.Tracks) > 0
	if followed {
		head = append(head, "Frame", "Track") // from 0, as in the other tables
	}
	var measured Table
	if own {
		measured = s.val.Table
	}
	var b strings.Builder
	b.WriteString(strings.Join(append(head, measured.Names...), "\t") + "\n")
	for _, o := range objs {
		if !s.panel.objects.filter.Lets(o, tileview.Area(o.Outline)) {
			continue
		}
		at := placeOf(o, measured.Places)
		row := []string{o.ID, o.Class, string(o.State), o.By, num(o.Score), num(at.X * kx), num(at.Y * ky), num(at.Area * kx * ky)}
		if followed {
			row = append(row, strconv.Itoa(frame), strconv.Itoa(o.Track))
		}
		values := measured.Rows[o.ID]
		for i := range measured.Names {
			if i < len(values) {
				row = append(row, num(values[i]))
			} else {
				row = append(row, "")
			}
		}
		b.WriteString(strings.Join(row, "\t") + "\n")
		rows++
	}
	return b.String(), rows
}

// num writes a number for a spreadsheet; one that is not known is left out.
func num(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 6, 64)
}
