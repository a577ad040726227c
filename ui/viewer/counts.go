package viewer

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Count is how many objects a time point has.
type Count struct {
	T       int
	Seconds float64 // since the first; 0 where the image does not say
	Objects int
}

// counts is the course of the number of objects over time.
type counts struct {
	s     *Screen
	fold  *kit.Fold
	chart *kit.Chart
	drawn kit.Plot
	word  *widget.Label
	start *widget.Button
	copy  *widget.Button
	time  *tracks
}

func newCounts(s *Screen) *counts {
	c := &counts{s: s, time: newTracks(s), chart: kit.NewChart(), word: kit.NewQuiet("")}
	c.start = widget.NewButtonWithIcon("Count", theme.Icon("run"), func() { do(s.act.CountFrames) })
	c.copy = widget.NewButton("Copy as CSV", func() { do(s.act.CopyCounts) })
	c.fold = kit.NewFold("Objects over time", true, c.time.what, container.NewStack(kit.NewGap(0, 150), c.chart), c.word,
		container.NewGridWithColumns(2, kit.Tall(c.start), kit.Tall(c.copy)), c.time.box)
	return c
}

func (c *counts) open(info imageio.Info) { shown(c.fold, info.T > 1 && c.s.act.CountFrames != nil) }

func (c *counts) set(v Values, frames int) {
	c.time.set(v.Film)
	c.draw()
	word := ""
	if n := len(v.Counts); n > 0 {
		word = fmt.Sprintf("%d of %d time points · %s", n, frames, v.CountedBy)
	}
	c.word.SetText(word)
	able(c.start, v.ID != "" && !v.Counting)
	able(c.copy, len(v.Counts) > 0)
}

// draw draws the course that is chosen, if it is another one: it is called at each step through a stack.
func (c *counts) draw() {
	p, ok := c.time.plot()
	if !ok {
		p = c.plot()
	}
	if !samePlot(p, c.drawn) {
		c.drawn = p
		c.chart.Set(p)
	}
}

// samePlot reports whether two plots look alike; a gap in a line is as another one.
func samePlot(p, q kit.Plot) bool {
	same := func(x, y float64) bool { return x == y || math.IsNaN(x) && math.IsNaN(y) }
	if !slices.EqualFunc(p.X, q.X, same) || !slices.EqualFunc(p.Lines, q.Lines, func(a, b kit.Line) bool {
		return a.Name == b.Name && a.Tone == b.Tone && slices.EqualFunc(a.Y, b.Y, same)
	}) {
		return false
	}
	p.X, q.X, p.Lines, q.Lines = nil, nil, nil, nil
	return reflect.DeepEqual(p, q)
}

// plot is how many objects there are.
func (c *counts) plot() kit.Plot {
	v := c.s.val
	p := kit.Plot{XUnit: "frame %s", Zero: true, Top: 1, Empty: "Nobody counted yet", Lines: []kit.Line{{Tone: kit.Busy}}}
	timed := len(v.Counts) > 1 && v.Counts[1].Seconds > 0
	if timed {
		p.XUnit = "%s s"
	}
	for _, n := range v.Counts {
		x := float64(n.T + 1)
		if timed {
			x = n.Seconds
		}
		p.X, p.Lines[0].Y = append(p.X, x), append(p.Lines[0].Y, float64(n.Objects))
	}
	return p
}
