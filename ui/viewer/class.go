package viewer

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/annotation"
	"coverslip.dev/coverslip/ui/kit"
)

// class is the one of what is selected; while nothing is, that of what is drawn.
type class struct {
	s    *Screen
	of   string // the object, "" for none
	word *widget.Label
	pick *kit.Select
	row  fyne.CanvasObject
}

func newClass(s *Screen) *class {
	c := &class{s: s, word: widget.NewLabel("")}
	c.pick = kit.NewSelect(nil, c.choose, s.view.TakeKeys)
	c.row = container.NewBorder(nil, nil, c.word, nil, c.pick)
	return c
}

// set follows what is selected. Where there is nothing to choose there is no list.
func (c *class) set(o *annotation.Object, v Values) {
	word, picked := "Draw as", v.Class
	c.of, c.pick.Options = "", v.Classes
	if o != nil {
		word, c.of, picked = "Class", o.ID, o.Class
	}
	shown(c.row, c.s.act.Classify != nil && v.ID != "" && len(v.Classes) > 1)
	if c.word.Text != word || c.pick.Selected != picked {
		c.pick.Selected = picked
		c.word.SetText(word)
		c.pick.Refresh()
	}
}

func (c *class) choose(name string) {
	if c.of == "" {
		c.s.act.Classify("", name)
		return
	}
	if c.s.home() {
		c.s.act.Classify(c.of, name)
	}
	c.s.chosen() // the list stays with what is
}

// next goes to the next class.
func (c *class) next() {
	if !c.row.Visible() {
		return
	}
	all := c.pick.Options
	c.choose(all[(slices.Index(all, c.pick.Selected)+1)%len(all)])
}
