package viewer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/imageio"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/tileview"
)

// channels is contrast, colour and a switch for every channel, and what holds for all.
type channels struct {
	s      *Screen
	info   imageio.Info
	ranges []tileview.Range
	then   []func() // what waits for the ranges of the plane that is shown
	rows   []*channelRow
	cut    float64                       // percent that Auto cuts off at either end
	last   map[string][]tileview.Channel // by the channels' names, for similar images
	again  []tileview.Channel            // of the image that is opened anew
	preset Preset                        // that the image is shown by, or was until someone changed it

	list    *fyne.Container
	auto    *kit.Select
	linked  *kit.Check
	similar *kit.Check
	presets *kit.Field
	drop    *widget.Button
	box     *fyne.Container
	all     *kit.Fold
}

type channelRow struct {
	on     *kit.Check
	name   string
	room   float32 // of the name: it never grows back, as its end would tremble while contrast is dragged
	head   fyne.CanvasObject
	swatch *widget.Button
	rgb    [3]uint8      // of the swatch
	limits *widget.Label // beside the name
	below  *widget.Label // in its place, on a line of its own
	line   fyne.CanvasObject
	graph  *histogram
}

// nameWidth is the room of a channel's name at most, headWidth that of it and its limits together, and nameLeast
// what limits leave of a long one, in units; longer ones have a line of their own.
const nameWidth, headWidth, nameLeast = 92, 150, 60

func newChannelRow(name string, rgb [3]uint8, keys func()) *channelRow {
	r := &channelRow{name: name, room: nameWidth, rgb: rgb, limits: kit.NewQuiet(""), below: kit.NewQuiet("")}
	r.on = kit.NewCheck(kit.Shortened(name, r.room), nil, keys)
	for _, l := range []*widget.Label{r.limits, r.below} {
		l.Alignment, l.SizeName = fyne.TextAlignTrailing, fynetheme.SizeNameCaptionText
	}
	r.line = container.New(layout.NewCustomPaddedLayout(-12, -6, 0, 0), r.below)
	r.line.Hide()
	return r
}

func newChannels(s *Screen) *channels {
	c := &channels{s: s, cut: 0.2, list: container.NewVBox(), last: map[string][]tileview.Channel{}}
	var names []string
	for _, a := range autos() {
		names = append(names, a.name)
	}
	c.auto = kit.NewSelect(names, c.autoAll, s.view.TakeKeys)
	c.auto.PlaceHolder = "Auto contrast"
	gray := kit.NewCheck("Grayscale", func(on bool) { c.tint(func(t *tileview.Tint) { t.Gray = on }) }, s.view.TakeKeys)
	inverted := kit.NewCheck("Inverted", func(on bool) { c.tint(func(t *tileview.Tint) { t.Inverted = on }) }, s.view.TakeKeys)
	c.linked = kit.NewCheck("Linked", nil, s.view.TakeKeys)
	c.similar = kit.NewCheck("Similar images", nil, s.view.TakeKeys)
	c.presets = kit.NewField()
	c.presets.SetPlaceHolder("Preset's name")
	list := widget.NewButtonWithIcon("", fynetheme.MenuDropDownIcon(), c.offer)
	list.Importance = widget.LowImportance
	c.presets.ActionItem = list
	c.presets.OnSubmitted = func(string) { c.keep() }
	keep := widget.NewButtonWithIcon("", fynetheme.DocumentSaveIcon(), c.keep)
	c.drop = widget.NewButtonWithIcon("", fynetheme.DeleteIcon(), c.forget)
	c.box = container.NewVBox(c.list, c.auto)
	c.all = kit.NewFold("Display", false, container.NewGridWithColumns(2, gray, inverted, c.linked, c.similar),
		container.NewBorder(nil, nil, nil, container.NewHBox(keep, c.drop), c.presets))
	return c
}

func (c *channels) tint(change func(*tileview.Tint)) {
	t := c.s.view.Tint()
	change(&t)
	c.s.view.SetTint(t)
	c.s.mirror()
}

func (c *channels) open(info imageio.Info) {
	c.info, c.rows, c.ranges, c.then, c.again = info, nil, nil, nil, nil
	c.by(Preset{})
	c.list.RemoveAll()
	for i, ch := range c.s.view.Channels() {
		r := newChannelRow(c.name(i), ch.Color, c.s.view.TakeKeys)
		open := func() bool { return i < len(c.rows) && c.rows[i] == r } // a drag and a menu may outlive their image
		change := func(f func(*tileview.Channel)) {
			if open() {
				c.change(i, f)
			}
		}
		r.on.Checked = true
		r.on.OnChanged = func(on bool) { change(func(ch *tileview.Channel) { ch.On = on }) }
		r.graph = newHistogram(func(to tileview.Channel) {
			change(func(ch *tileview.Channel) { ch.Min, ch.Max, ch.Gamma = to.Min, to.Max, to.Gamma })
		}, func() {
			if open() {
				c.reset(i)
			}
		}, c.s.rune)
		r.swatch = widget.NewButtonWithIcon("", dot(ch.Color), func() {
			kit.Menu(r.swatch, colors(c.info.Channels[i], func(rgb [3]uint8) { change(func(ch *tileview.Channel) { ch.Color = rgb }) })...)
		})
		r.swatch.Importance = widget.LowImportance
		auto := widget.NewButton("Auto", func() { c.reset(i) })
		auto.Importance = widget.LowImportance
		r.head = container.NewBorder(nil, nil, container.New(layout.NewCustomPaddedHBoxLayout(-6), r.swatch, r.on), auto,
			container.New(layout.NewCustomPaddedLayout(0, 0, -14, -12), kit.Middle(r.limits))) // over its neighbours' own padding
		c.list.Add(container.New(layout.NewCustomPaddedVBoxLayout(0), r.head, r.line, r.graph))
		c.rows = append(c.rows, r)
	}
	c.list.Refresh()
}

// name is what channel i is called.
func (c *channels) name(i int) string {
	if n := c.info.Channels[i].Name; n != "" {
		return n
	}
	return "Channel " + strconv.Itoa(i+1)
}

// dot is a disc in a channel's colour, with a rim that is seen on light and dark ground.
func dot(rgb [3]uint8) fyne.Resource {
	name := fmt.Sprintf("%02x%02x%02x", rgb[0], rgb[1], rgb[2])
	return fyne.NewStaticResource(name+".svg", []byte(
		`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><circle cx="12" cy="12" r="7.5" fill="#`+name+`" stroke="#808080"/></svg>`))
}

// colors offers the colours of a channel.
func colors(ch imageio.Channel, chosen func(rgb [3]uint8)) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	for _, p := range palette(ch) {
		item := fyne.NewMenuItem(p.name, func() { chosen(p.rgb) })
		item.Icon = dot(p.rgb)
		items = append(items, item)
	}
	return items
}

// ranged takes what the samples span, and sets the first contrast.
func (c *channels) ranged(rs []tileview.Range) {
	c.ranges = rs
	cs := c.s.view.Channels()
	for i := range cs {
		if i < len(rs) {
			cs[i].Min, cs[i].Max, cs[i].Gamma = rs[i].Low, rs[i].High, 1
		}
	}
	c.said(cs)
	switch {
	case c.info.Colored() && c.info.Type == imageio.Uint8:
		together(cs, 0, 255) // as it is
	case c.info.Colored():
		together(cs, least(cs), most(cs))
	}
	if c.similar.Checked {
		copy(cs, c.last[kindOf(cs)])
	}
	if len(c.again) == len(cs) {
		cs, c.again = c.again, nil
	}
	c.show(cs)
}

// said has the channels as the file says that they are to be shown.
func (c *channels) said(cs []tileview.Channel) {
	some := slices.ContainsFunc(c.info.Channels, func(ch imageio.Channel) bool { return !ch.Off })
	for i, ch := range c.info.Channels[:min(len(c.info.Channels), len(cs))] {
		cs[i].On = !ch.Off || !some // else there would be nothing to see
		if ch.Low < ch.High {
			cs[i].Min, cs[i].Max = ch.Low, ch.High
		}
	}
}

// show puts settings on the screen.
func (c *channels) show(cs []tileview.Channel) {
	higher := false
	for i, r := range c.rows {
		if i >= len(cs) || i >= len(c.ranges) {
			return
		}
		low := !r.line.Visible()
		r.show(c.ranges[i], cs[i])
		higher = higher || low && r.line.Visible()
	}
	if higher {
		c.s.panel.body.Refresh()
	}
	c.last[kindOf(cs)] = cs
	if c.preset.Name != "" && c.presets.Text == c.preset.Name && !slices.Equal(c.preset.Channels, cs) {
		c.presets.SetText("") // it is not that any more
	}
	c.s.view.SetChannels(cs)
	c.s.panel.planes.channels(cs)
	c.s.mirror()
}

// show puts one channel's settings on the screen. While contrast is dragged nothing else is
// drawn anew: making the icon takes longer than the frame.
func (r *channelRow) show(rng tileview.Range, ch tileview.Channel) {
	if r.on.Checked != ch.On {
		r.on.Checked = ch.On
		r.on.Refresh()
	}
	if r.rgb != ch.Color {
		r.rgb = ch.Color
		r.swatch.SetIcon(dot(ch.Color))
	}
	r.graph.set(rng, ch)
	if text := limits(ch); text != r.limits.Text+r.below.Text {
		r.say(text)
	}
}

// say writes the limits where they have room: a number that is cut off would be taken for another.
func (r *channelRow) say(text string) {
	if r.line.Visible() {
		r.below.SetText(text)
		return
	}
	room := headWidth - fyne.MeasureText(text, fynetheme.CaptionTextSize(), fyne.TextStyle{}).Width
	name := fyne.MeasureText(r.name, fynetheme.TextSize(), fyne.TextStyle{}).Width
	switch {
	case room < min(name, nameLeast):
		r.room = headWidth
		r.below.SetText(text)
		r.limits.SetText("")
		r.line.Show()
	case room < r.room:
		r.room = room
		r.limits.SetText(text)
	default:
		r.limits.SetText(text)
		return
	}
	r.on.SetText(kit.Shortened(r.name, r.room))
	r.head.Refresh()
}

func limits(ch tileview.Channel) string {
	text := short(ch.Min) + " – " + short(ch.Max)
	if ch.Gamma != 1 && ch.Gamma != 0 {
		text += " γ" + strconv.FormatFloat(ch.Gamma, 'f', 2, 64)
	}
	return text
}

// change changes channel i; where channels are linked, contrast changes in all.
func (c *channels) change(i int, f func(*tileview.Channel)) {
	cs := c.s.view.Channels()
	if i >= len(cs) || c.ranges == nil {
		return
	}
	before := cs[i]
	f(&cs[i])
	if k := cs[i]; c.linked.Checked && (k.Min != before.Min || k.Max != before.Max || k.Gamma != before.Gamma) {
		for j := range cs {
			cs[j].Min, cs[j].Max, cs[j].Gamma = k.Min, k.Max, k.Gamma
		}
	}
	c.show(cs)
}

// toggle switches channel i on or off.
func (c *channels) toggle(i int) {
	c.change(i, func(ch *tileview.Channel) { ch.On = !ch.On })
}

// measure does what needs the ranges of the plane that is shown, once they are known.
func (c *channels) measure(then func()) {
	if c.ranges != nil {
		c.then = append(c.then, then)
		c.s.view.Measure()
	}
}

// measured takes what the samples of the plane that was shown span.
func (c *channels) measured(rs []tileview.Range) {
	then := c.then
	c.then = nil
	if len(rs) != len(c.ranges) {
		return
	}
	c.ranges = rs
	for _, f := range then {
		f()
	}
}

// reset sets the contrast of channel i by the samples of the plane that is shown.
func (c *channels) reset(i int) {
	c.measure(func() { c.change(i, c.fitted(i)) })
}

func (c *channels) fitted(i int) func(*tileview.Channel) {
	r := c.ranges[i]
	return func(ch *tileview.Channel) {
		ch.Min, ch.Max, ch.Gamma = r.Percentile(c.cut), r.Percentile(100-c.cut), 1
		if ch.Max <= ch.Min {
			ch.Min, ch.Max = r.Low, r.High
		}
	}
}

// autoAll sets the contrast of all channels by the samples of the plane that is shown.
func (c *channels) autoAll(name string) {
	for _, a := range autos() {
		if a.name == name {
			c.cut = a.cut
		}
	}
	c.measure(func() {
		cs := c.s.view.Channels()
		for i := range cs {
			c.fitted(i)(&cs[i])
		}
		if c.info.Colored() || c.linked.Checked {
			together(cs, least(cs), most(cs))
		}
		c.show(cs)
	})
}

// together gives all channels the same contrast: the colours of a colour picture stay true.
func together(cs []tileview.Channel, lo, hi float64) {
	for i := range cs {
		cs[i].Min, cs[i].Max = lo, hi
	}
}

func least(cs []tileview.Channel) float64 {
	return slices.MinFunc(cs, func(a, b tileview.Channel) int { return cmp.Compare(a.Min, b.Min) }).Min
}

func most(cs []tileview.Channel) float64 {
	return slices.MaxFunc(cs, func(a, b tileview.Channel) int { return cmp.Compare(a.Max, b.Max) }).Max
}

// offer lists the presets that fit the open image in a menu.
func (c *channels) offer() {
	var items []*fyne.MenuItem
	for _, p := range c.s.val.Presets {
		if p.fits(c.s.view.Channels()) {
			items = append(items, fyne.NewMenuItem(p.Name, func() { c.recall(p) }))
		}
	}
	if items == nil {
		none := fyne.NewMenuItem("None yet for these channels: write a name and save it", nil)
		none.Disabled = true
		items = append(items, none)
	}
	kit.Menu(c.presets, items...)
}

// recall shows a preset, if it is one of the image that is open by then.
func (c *channels) recall(p Preset) {
	if !p.fits(c.s.view.Channels()) {
		c.s.Note("Preset “" + p.Name + "” is for other channels than this image has.")
		return
	}
	c.by(p)
	c.show(append([]tileview.Channel(nil), p.Channels...))
}

// by writes down which preset the image is shown by. The name of one that is changed then stays in the field in
// grey, to keep the change under.
func (c *channels) by(p Preset) {
	c.preset = p
	c.presets.SetText(p.Name)
	c.presets.SetPlaceHolder("Preset's name")
	if p.Name != "" {
		c.presets.SetPlaceHolder(p.Name + ", changed")
	}
}

func (c *channels) keep() {
	if name := cmp.Or(c.presets.Text, c.preset.Name); name != "" && c.s.act.SavePreset != nil {
		c.by(Preset{Name: name, Channels: c.s.view.Channels()})
		c.s.act.SavePreset(c.preset)
		c.s.Note("Preset “" + name + "” kept.")
		c.s.view.TakeKeys()
	}
}

// forget drops the preset of these channels that has the name in the field.
func (c *channels) forget() {
	p := Preset{Name: c.presets.Text, Channels: c.s.view.Channels()}
	if p.Name == "" || c.s.act.DropPreset == nil {
		return
	}
	if !slices.ContainsFunc(c.s.val.Presets, p.Same) {
		c.s.Note("There is no preset “" + p.Name + "” for these channels.")
		return
	}
	c.s.act.DropPreset(p)
	c.by(Preset{})
	c.s.Note("Preset “" + p.Name + "” deleted.")
}

func short(v float64) string {
	if v >= 1e6 || v <= -1e6 {
		return strconv.FormatFloat(v, 'g', 4, 64)
	}
	if v >= 100 || v <= -100 || v == float64(int(v)) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// alone shows channel i only; below 0 all are shown.
func (c *channels) alone(i int) {
	cs := c.s.view.Channels()
	for j := range cs {
		cs[j].On = i < 0 || i == j
	}
	c.show(cs)
}
