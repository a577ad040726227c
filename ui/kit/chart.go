package kit

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// Plot is what a chart shows.
type Plot struct {
	Title string    // what is measured; "" for none
	Unit  string    // of the values, written beside the greatest: "ms", "%"
	X     []float64 // where the values were taken, ascending
	Lines []Line
	Clock *time.Location // X is seconds since 1970, shown as the time of day there; nil: just numbers
	XUnit string         // with the last X as its %s: "step %s", "%s s"
	Zero  bool           // the values' axis begins at nothing
	Top   float64        // that the values' axis reaches at least
	Empty string         // what is said while there are no values
}

// Line is one course in a chart.
type Line struct {
	Name string // shown where there are several
	Tone Tone
	Y    []float64 // as many as X; NaN where nobody knows: the line is broken there
}

// Chart draws lines over a common axis.
type Chart struct {
	widget.BaseWidget

	plot Plot
	some bool // there is a value
}

// mostPieces bounds what is drawn of a line: each piece costs 8 µs a frame.
const mostPieces = 300

// NewChart returns an empty chart.
func NewChart() *Chart {
	c := &Chart{}
	c.ExtendBaseWidget(c)
	return c
}

// Set replaces what is shown.
func (c *Chart) Set(p Plot) {
	c.plot, c.some = p, false
	for _, l := range p.Lines {
		for _, v := range l.Y {
			c.some = c.some || !math.IsNaN(v)
		}
	}
	c.Refresh()
}

// pieces are the runs of a line without a gap, as indexes into it. Of many values the
// extremes of every stretch are kept, so that no spike is lost, and of equal ones the ends.
func pieces(y []float64, most int) [][]int {
	var out [][]int
	var run []int
	end := func() {
		if len(run) > 0 {
			out = append(out, run)
		}
		run = nil
	}
	for at := range thin(y, most) {
		if math.IsNaN(y[at]) {
			end()
			continue
		}
		if n := len(run); n >= 2 && y[run[n-1]] == y[at] && y[run[n-2]] == y[at] {
			run = run[:n-1]
		}
		run = append(run, at)
	}
	end()
	return out
}

// thin yields the indexes of most values at most: the lowest and the highest of every
// stretch, in their order. A gap that is shorter than a stretch is left out.
func thin(y []float64, most int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		n := len(y)
		if n > most {
			n = most / 2
		}
		for i := range n {
			lo, hi := extremes(y, i*len(y)/n, (i+1)*len(y)/n)
			if !yield(min(lo, hi)) || lo != hi && !yield(max(lo, hi)) {
				return
			}
		}
	}
}

// extremes are the places of the lowest and the highest value from one place to before another.
func extremes(y []float64, from, to int) (lo, hi int) {
	lo, hi = from, from
	for i := from; i < to; i++ {
		if y[i] < y[lo] || math.IsNaN(y[lo]) {
			lo = i
		}
		if y[i] > y[hi] || math.IsNaN(y[hi]) {
			hi = i
		}
	}
	return lo, hi
}

// CreateRenderer makes Chart a Fyne widget.
func (c *Chart) CreateRenderer() fyne.WidgetRenderer {
	r := &chartRenderer{c: c}
	r.Refresh()
	return r
}

type chartRenderer struct {
	c     *Chart
	objs  []fyne.CanvasObject
	drawn fyne.Size // that objs are for
}

func (r *chartRenderer) Destroy() {}

func (r *chartRenderer) MinSize() fyne.Size { return fyne.NewSize(200, 120) }

func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.objs }

// Layout draws the chart anew for another size only: Fyne asks for it at every frame in which
// parts of the chart are new to it, and would draw without end.
func (r *chartRenderer) Layout(size fyne.Size) {
	if size != r.drawn {
		r.Refresh()
	}
}

// The room around the lines, for what is written there.
const (
	chartLeft, chartRight = 58, 14
	chartTop, chartLow    = 12, 26
	chartHead             = 22 // for a title
)

func (r *chartRenderer) Refresh() {
	r.objs = r.objs[:0]
	p, size := r.c.plot, r.c.Size()
	r.drawn = size
	top := float32(chartTop)
	if p.Title != "" {
		top += chartHead
		r.head(p, size)
	}
	if !r.c.some {
		word := p.Empty
		if word == "" {
			word = "No values are here yet"
		}
		r.text(word, fyne.NewPos(0, top), fyne.NewSize(size.Width, size.Height-top), fyne.TextAlignCenter, theme.Subtle)
		canvas.Refresh(r.c)
		return
	}
	f := newFrame(p, fyne.NewPos(chartLeft, top), fyne.NewSize(size.Width-chartLeft-chartRight, size.Height-top-chartLow))
	r.axes(p, f)
	for _, l := range p.Lines {
		for _, run := range pieces(l.Y, mostPieces) {
			r.run(f, p.X, l, run)
		}
	}
	canvas.Refresh(r.c)
}

// head writes the title and, of several lines, which is which.
func (r *chartRenderer) head(p Plot, size fyne.Size) {
	title := r.text(p.Title, fyne.NewPos(0, 0), fyne.NewSize(size.Width, 18), fyne.TextAlignLeading, fynetheme.ColorNameForeground)
	title.TextStyle.Bold = true
	if len(p.Lines) < 2 {
		return
	}
	x := size.Width - chartRight
	for _, l := range slices.Backward(p.Lines) {
		w := fyne.MeasureText(l.Name, fynetheme.CaptionTextSize(), fyne.TextStyle{}).Width
		x -= w
		r.text(l.Name, fyne.NewPos(x, 0), fyne.NewSize(w, 18), fyne.TextAlignLeading, theme.Subtle)
		r.line(fyne.NewPos(x-18, 9), fyne.NewPos(x-6, 9), l.Tone.line(), 3)
		x -= 30
	}
}

func (r *chartRenderer) axes(p Plot, f frame) {
	for i := range 3 {
		v := f.y0 + (f.y1-f.y0)*float64(i)/2
		y := f.at(f.x0, v).Y
		r.line(fyne.NewPos(f.pos.X, y), fyne.NewPos(f.pos.X+f.size.Width, y), fynetheme.ColorNameSeparator, 1)
		word := short(v)
		if i == 2 && p.Unit != "" {
			word += " " + p.Unit
		}
		r.text(word, fyne.NewPos(0, y-8), fyne.NewSize(chartLeft-8, 16), fyne.TextAlignTrailing, theme.Subtle)
	}
	first, last := short(f.x0), short(f.x1)
	if p.XUnit != "" {
		last = fmt.Sprintf(p.XUnit, last)
	}
	if p.Clock != nil {
		first, last = timeOfDay(f.x0, p.Clock), timeOfDay(f.x1, p.Clock)
	}
	y := f.pos.Y + f.size.Height + 6
	r.text(first, fyne.NewPos(f.pos.X, y), fyne.NewSize(80, 16), fyne.TextAlignLeading, theme.Subtle)
	r.text(last, fyne.NewPos(f.pos.X+f.size.Width-120, y), fyne.NewSize(120, 16), fyne.TextAlignTrailing, theme.Subtle)
}

// run draws values that hang together; a single one is a dash.
func (r *chartRenderer) run(f frame, x []float64, l Line, run []int) {
	name := l.Tone.line()
	if len(run) == 1 {
		p := f.at(x[run[0]], l.Y[run[0]])
		r.line(p.SubtractXY(3, 0), p.AddXY(3, 0), name, 4)
		return
	}
	for i := 1; i < len(run); i++ {
		a, b := run[i-1], run[i]
		r.line(f.at(x[a], l.Y[a]), f.at(x[b], l.Y[b]), name, 2)
	}
}

// line is the colour that a tone's lines have.
func (t Tone) line() fyne.ThemeColorName {
	switch t {
	case Good:
		return fynetheme.ColorNameSuccess
	case Held:
		return fynetheme.ColorNameWarning
	case Bad:
		return fynetheme.ColorNameError
	case Neutral:
		return theme.Subtle
	case Busy:
	}
	return fynetheme.ColorNamePrimary
}

func (r *chartRenderer) line(a, b fyne.Position, name fyne.ThemeColorName, width float32) {
	l := canvas.NewLine(fynetheme.Color(name))
	l.StrokeWidth, l.Position1, l.Position2 = width, a, b
	r.objs = append(r.objs, l)
}

func (r *chartRenderer) text(s string, at fyne.Position, size fyne.Size, align fyne.TextAlign, name fyne.ThemeColorName) *canvas.Text {
	t := canvas.NewText(s, fynetheme.Color(name))
	t.TextSize, t.Alignment = fynetheme.CaptionTextSize(), align
	t.Move(at)
	t.Resize(size)
	r.objs = append(r.objs, t)
	return t
}

// frame is where values lie on the screen.
type frame struct {
	x0, x1, y0, y1 float64
	pos            fyne.Position
	size           fyne.Size
}

func newFrame(p Plot, pos fyne.Position, size fyne.Size) frame {
	f := frame{x0: p.X[0], x1: p.X[len(p.X)-1], y0: math.Inf(1), y1: math.Inf(-1), pos: pos, size: size}
	for _, l := range p.Lines {
		for _, v := range l.Y {
			if !math.IsNaN(v) {
				f.y0, f.y1 = min(f.y0, v), max(f.y1, v)
			}
		}
	}
	if p.Zero {
		f.y0, f.y1 = min(f.y0, 0), max(f.y1, p.Top)
	}
	if f.x1 == f.x0 {
		f.x1++
	}
	if f.y1 == f.y0 {
		f.y1 += max(math.Abs(f.y0)*0.1, 1e-9)
	}
	if p.Zero {
		f.y1 = round(f.y1)
	}
	return f
}

// round is the next number that people count to: 1, 2, 4, 5 or 10 times a power of ten.
func round(v float64) float64 {
	ten := math.Pow(10, math.Floor(math.Log10(v)))
	for _, k := range []float64{1, 2, 4, 5} {
		if v <= k*ten*(1+1e-9) {
			return k * ten
		}
	}
	return 10 * ten
}

func (f frame) at(x, y float64) fyne.Position {
	return fyne.NewPos(f.pos.X+f.size.Width*float32((x-f.x0)/(f.x1-f.x0)), f.pos.Y+f.size.Height*float32(1-(y-f.y0)/(f.y1-f.y0)))
}

func short(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e6 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

func timeOfDay(seconds float64, at *time.Location) string {
	return time.Unix(int64(seconds), 0).In(at).Format("15:04:05")
}
