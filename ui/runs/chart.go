package runs

import (
	"math"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// chart is a line over steps, with the least and the greatest value written on
// the axis. At most 300 pieces are drawn: each costs 8 µs a frame.
type chart struct {
	widget.BaseWidget

	points []Point
}

const mostPieces = 300

func newChart() *chart {
	c := &chart{}
	c.ExtendBaseWidget(c)
	return c
}

func (c *chart) set(ps []Point) {
	c.points = thin(ps, mostPieces)
	c.Refresh()
}

// thin keeps the extremes of every stretch, so that no spike is lost.
func thin(ps []Point, most int) []Point {
	if len(ps) <= most {
		return ps
	}
	out := make([]Point, 0, most)
	n := most / 2
	for i := range n {
		part := ps[i*len(ps)/n : (i+1)*len(ps)/n]
		lo, hi := part[0], part[0]
		for _, p := range part {
			if p.Value < lo.Value {
				lo = p
			}
			if p.Value > hi.Value {
				hi = p
			}
		}
		if lo.Step > hi.Step {
			lo, hi = hi, lo
		}
		out = append(out, lo, hi)
	}
	return out
}

// CreateRenderer makes chart a Fyne widget.
func (c *chart) CreateRenderer() fyne.WidgetRenderer {
	r := &chartRenderer{c: c, none: canvas.NewText("", nil)}
	r.none.Alignment = fyne.TextAlignCenter
	r.Refresh()
	return r
}

type chartRenderer struct {
	c    *chart
	none *canvas.Text
	objs []fyne.CanvasObject
}

func (r *chartRenderer) Destroy() {}

func (r *chartRenderer) MinSize() fyne.Size { return fyne.NewSize(200, 120) }

func (r *chartRenderer) Objects() []fyne.CanvasObject { return r.objs }

func (r *chartRenderer) Layout(fyne.Size) { r.Refresh() }

func (r *chartRenderer) Refresh() {
	size := r.c.Size()
	r.objs = r.objs[:0]
	if len(r.c.points) == 0 {
		r.none.Text, r.none.Color = "No values are here yet", fynetheme.Color(theme.Subtle)
		r.none.TextSize = fynetheme.CaptionTextSize()
		r.none.Resize(size)
		r.objs = append(r.objs, r.none)
		canvas.Refresh(r.c)
		return
	}
	x0, x1, y0, y1 := bounds(r.c.points)
	const left, right, top, low = 58, 14, 12, 26
	w, h := size.Width-left-right, size.Height-top-low
	at := func(p Point) fyne.Position {
		return fyne.NewPos(left+w*float32((p.Step-x0)/(x1-x0)), top+h*float32(1-(p.Value-y0)/(y1-y0)))
	}
	for i := range 3 {
		v := y0 + (y1-y0)*float64(i)/2
		y := at(Point{x0, v}).Y
		r.line(fyne.NewPos(left, y), fyne.NewPos(left+w, y), fynetheme.ColorNameSeparator, 1)
		r.text(short(v), fyne.NewPos(0, y-8), fyne.NewSize(left-8, 16), fyne.TextAlignTrailing)
	}
	r.text(short(x0), fyne.NewPos(left, top+h+6), fyne.NewSize(80, 16), fyne.TextAlignLeading)
	r.text("step "+short(x1), fyne.NewPos(left+w-120, top+h+6), fyne.NewSize(120, 16), fyne.TextAlignTrailing)
	for i := 1; i < len(r.c.points); i++ {
		r.line(at(r.c.points[i-1]), at(r.c.points[i]), fynetheme.ColorNamePrimary, 2)
	}
	if len(r.c.points) == 1 {
		p := at(r.c.points[0])
		r.line(p.SubtractXY(3, 0), p.AddXY(3, 0), fynetheme.ColorNamePrimary, 4)
	}
	canvas.Refresh(r.c)
}

func (r *chartRenderer) line(a, b fyne.Position, name fyne.ThemeColorName, width float32) {
	l := canvas.NewLine(fynetheme.Color(name))
	l.StrokeWidth, l.Position1, l.Position2 = width, a, b
	r.objs = append(r.objs, l)
}

func (r *chartRenderer) text(s string, at fyne.Position, size fyne.Size, align fyne.TextAlign) {
	t := canvas.NewText(s, fynetheme.Color(theme.Subtle))
	t.TextSize, t.Alignment = fynetheme.CaptionTextSize(), align
	t.Move(at)
	t.Resize(size)
	r.objs = append(r.objs, t)
}

func bounds(ps []Point) (x0, x1, y0, y1 float64) {
	x0, x1, y0, y1 = math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, p := range ps {
		x0, x1 = min(x0, p.Step), max(x1, p.Step)
		y0, y1 = min(y0, p.Value), max(y1, p.Value)
	}
	if x1 == x0 {
		x1++
	}
	if y1 == y0 {
		y1 += max(math.Abs(y0)*0.1, 1e-9)
	}
	return x0, x1, y0, y1
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }
