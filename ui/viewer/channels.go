package viewer

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// channels is contrast, colour and a switch for every channel.
type channels struct {
	view   *tileview.View
	ranges []tileview.Range
	rows   []*channelRow
	box    *fyne.Container
}

type channelRow struct {
	on       *widget.Check
	low, top *widget.Slider
	limits   *widget.Label
}

func newChannels(v *tileview.View) *channels {
	return &channels{view: v, box: container.NewVBox()}
}

func (c *channels) open(info imageio.Info) {
	c.rows, c.ranges = nil, nil
	c.box.RemoveAll()
	colors := imageio.DisplayColors(info.Channels)
	for i, ch := range info.Channels {
		name := ch.Name
		if name == "" {
			name = "Channel " + strconv.Itoa(i+1)
		}
		r := &channelRow{
			on: widget.NewCheck(name, nil), low: widget.NewSlider(0, 1), top: widget.NewSlider(0, 1),
			limits: widget.NewLabel(""),
		}
		r.on.Checked = true
		r.limits.Importance = widget.LowImportance
		r.on.OnChanged = func(bool) { c.apply() }
		swatch := canvas.NewRectangle(color.NRGBA{R: colors[i][0], G: colors[i][1], B: colors[i][2], A: 255})
		swatch.CornerRadius = 4
		auto := widget.NewButton("Auto", func() { c.auto(i) })
		auto.Importance = widget.LowImportance
		dot := container.NewCenter(container.NewGridWrap(fyne.NewSize(14, 14), swatch))
		c.box.Add(container.New(layout.NewCustomPaddedVBoxLayout(-8),
			container.NewBorder(nil, nil, dot, container.NewHBox(r.limits, auto), r.on),
			container.New(layout.NewCustomPaddedVBoxLayout(-14), r.low, r.top)))
		c.rows = append(c.rows, r)
	}
	c.box.Refresh()
}

// ranged takes what the samples span: the sliders' ends, and the first contrast.
func (c *channels) ranged(rs []tileview.Range) {
	c.ranges = rs
	for i, r := range c.rows {
		if i >= len(rs) {
			break
		}
		lo, hi := rs[i].Min, max(rs[i].Max, rs[i].Min+1)
		for _, s := range []*widget.Slider{r.low, r.top} {
			s.OnChanged = nil
			s.Min, s.Max, s.Step = lo, hi, (hi-lo)/1000
		}
		c.place(i)
	}
	c.apply()
}

func (c *channels) place(i int) {
	r := c.rows[i]
	r.low.OnChanged, r.top.OnChanged = nil, nil
	r.low.SetValue(c.ranges[i].Low)
	r.top.SetValue(c.ranges[i].High)
	r.low.OnChanged = func(float64) { c.apply() }
	r.top.OnChanged = func(float64) { c.apply() }
}

func (c *channels) auto(i int) {
	if i < len(c.ranges) {
		c.place(i)
		c.apply()
	}
}

func (c *channels) apply() {
	cs := c.view.Channels()
	for i, r := range c.rows {
		if i < len(cs) && i < len(c.ranges) {
			cs[i].On, cs[i].Min, cs[i].Max = r.on.Checked, r.low.Value, r.top.Value
			r.limits.SetText(short(r.low.Value) + " – " + short(r.top.Value))
		}
	}
	c.box.Refresh() // the labels' widths
	c.view.SetChannels(cs)
}

func short(v float64) string {
	if v >= 100 || v <= -100 || v == float64(int(v)) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// planes is a slider for z and one for t, where there is more than one.
func newPlanes(info imageio.Info, z, t int, set func(z, t int)) fyne.CanvasObject {
	box := container.NewVBox()
	add := func(name string, n int, to *int) {
		if n < 2 {
			return
		}
		l := kit.NewQuiet(name + " " + strconv.Itoa(*to+1) + " of " + strconv.Itoa(n))
		s := widget.NewSlider(0, float64(n-1))
		s.SetValue(float64(*to))
		s.OnChanged = func(f float64) {
			*to = int(f)
			l.SetText(name + " " + strconv.Itoa(*to+1) + " of " + strconv.Itoa(n))
			set(z, t)
		}
		box.Add(container.New(layout.NewCustomPaddedVBoxLayout(-8), l, s))
	}
	add("Plane", info.Z, &z)
	add("Time", info.T, &t)
	return box
}
