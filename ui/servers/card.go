package servers

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// card shows one server. It stays while its server does, so that what has the focus keeps it.
type card struct {
	s      *Screen
	v      Server
	name   *widget.Label
	chips  *fyne.Container
	load   *widget.Button
	lights *fyne.Container
	banner *kit.Banner
	facts  *kit.Facts
	models *fyne.Container
	charts *charts
	none   *widget.Label // why the charts do not go on
	ground fyne.CanvasObject
}

func newCard(s *Screen) *card {
	c := &card{
		s: s, name: widget.NewLabel(""), chips: container.NewHBox(), lights: kit.NewWrap(), banner: kit.NewBanner(),
		facts: kit.NewFacts(), models: container.NewVBox(), charts: newCharts(), none: kit.NewQuiet(""),
	}
	c.name.TextStyle.Bold = true
	c.name.SizeName = fynetheme.SizeNameSubHeadingText
	c.none.Truncation, c.none.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	c.load = widget.NewButtonWithIcon("Load a model", fynetheme.ContentAddIcon(), c.offer)
	check := widget.NewButtonWithIcon("Ask now", fynetheme.ViewRefreshIcon(), func() {
		if s.act.Check != nil {
			s.act.Check(c.v.ID)
		}
	})
	head := container.NewBorder(nil, nil, container.NewHBox(c.name, c.chips), container.NewHBox(kit.Tall(c.load), kit.Tall(check)))
	body := container.NewGridWithColumns(2, c.facts, c.models)
	c.ground = kit.NewCard(container.NewVBox(head, container.NewPadded(c.lights), c.banner, body, c.charts.grid, c.none))
	return c
}

func (c *card) set(v Server, mine Queue) {
	was := c.v
	c.v = v
	c.name.SetText(v.Name)
	c.chips.RemoveAll()
	if v.InUse {
		c.chips.Add(kit.Middle(kit.NewChip("in use", kit.Busy)))
	}
	visible(c.load, v.Control && v.Answers)
	c.lights.RemoveAll()
	for _, l := range lights(v, mine) {
		c.lights.Add(kit.NewChip(l.say, l.tone))
	}
	tone := kit.Bad
	if v.Answers && v.Ready {
		tone = kit.Held
	}
	c.banner.Set(tone, v.Say, v.Hint, "", nil)
	c.facts.Set(serverFacts(v))
	if c.models.Objects == nil || !slices.Equal(was.Models, v.Models) || was.Control != v.Control {
		c.list()
	}
	c.charts.set(v.Course)
	visible(c.charts.grid, len(v.Course.At) > 0)
	c.none.SetText(v.Silent)
	visible(c.none, v.Silent != "")
	c.ground.Refresh()
}

func visible(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// list shows the models.
func (c *card) list() {
	c.models.Objects = nil
	c.models.Add(kit.NewQuiet("Models"))
	if len(c.v.Models) == 0 {
		c.models.Add(kit.NewQuiet("none is known"))
	}
	for _, m := range c.v.Models {
		c.models.Add(c.row(m))
		if m.Why != "" {
			c.models.Add(small(m.Why))
		}
		if m.Test != "" && !m.Passed {
			c.models.Add(small(m.Test))
		}
	}
}

func small(text string) fyne.CanvasObject {
	l := kit.NewQuiet(text)
	l.Truncation, l.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
	return l
}

func (c *card) row(m Model) fyne.CanvasObject {
	word, tone := m.State.words()
	name := m.Name
	if m.Version != "" {
		name += "@" + m.Version
	}
	row := container.NewHBox(kit.Middle(kit.NewChip(word, tone)), widget.NewLabel(name))
	if m.Serving {
		row.Add(kit.Middle(kit.NewChip("for captures", kit.Busy)))
	}
	if m.Test != "" {
		if m.Passed {
			row.Add(kit.Middle(kit.NewChip("self-test passed", kit.Good)))
		} else {
			row.Add(kit.Middle(kit.NewChip("self-test failed", kit.Bad)))
		}
	}
	if !c.v.Control || !c.v.Answers {
		return row
	}
	var do *widget.Button
	switch m.State {
	case Ready:
		do = widget.NewButton("Unload", func() { c.unload(m) })
	case Stored, Failed:
		do = widget.NewButton("Load", func() { c.bring(do, m.Name, "") })
	case Loading:
		return row
	}
	return container.NewBorder(nil, nil, nil, kit.Middle(do), row)
}

// bring has a model loaded; its button rests meanwhile.
func (c *card) bring(by *widget.Button, model, version string) {
	if c.s.act.Load != nil {
		by.Disable()
		c.s.act.Load(c.v.ID, model, version, by.Enable)
	}
}

// offer lets the person choose a version of the registry.
func (c *card) offer() {
	var items []*fyne.MenuItem
	for _, m := range c.s.registered {
		items = append(items, fyne.NewMenuItem(m.Name+"@"+m.Version, func() { c.bring(c.load, m.Name, m.Version) }))
	}
	if len(items) == 0 {
		none := fyne.NewMenuItem("The registry has no versions", nil)
		none.Disabled = true
		items = append(items, none)
	}
	kit.Menu(c.load, items...)
}

func (c *card) unload(m Model) {
	q := kit.Question{
		Title: "Unload " + m.Name + " from " + c.v.Name + "?", Button: "Unload", Danger: true,
		Sentence: "All its versions leave the server. Other programs that ask for it there fail.",
	}
	if m.Serving {
		q.Sentence = "Captures are predicted with it now: they wait until it is loaded again, or another engine does the work. " + q.Sentence
	}
	kit.Ask(c.load, q, nil, func() {
		if c.s.act.Unload != nil {
			c.s.act.Unload(c.v.ID, m.Name)
		}
	})
}

func serverFacts(v Server) []kit.Fact {
	facts := []kit.Fact{{Name: "Kind", Value: v.Kind}}
	if v.Address != "" {
		facts = append(facts, kit.Fact{Name: "Address", Value: v.Address})
	}
	if !v.Checked.IsZero() {
		facts = append(facts, kit.Fact{Name: "Last asked", Value: v.Checked.Format("15:04:05")})
	}
	return facts
}
