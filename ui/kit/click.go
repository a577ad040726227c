package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/bind"
)

// Check, Select and Slider stand beside something that takes keys, such as an image. Fyne gives the
// keys to what is clicked; these call back after a click, so that they go to the image again. Who
// came to one by Tab stays there.

// Check is a box to tick.
type Check struct {
	widget.Check

	back func()
}

// NewCheck returns a box that is not ticked.
func NewCheck(text string, changed func(bool), back func()) *Check {
	c := &Check{back: back}
	c.Text, c.OnChanged = text, changed
	c.ExtendBaseWidget(c)
	return c
}

// Tapped ticks the box.
func (c *Check) Tapped(e *fyne.PointEvent) { clicked(c, c.back, func() { c.Check.Tapped(e) }) }

// Select is a list to choose from.
type Select struct {
	widget.Select

	back func()
}

// NewSelect returns a list with nothing chosen.
func NewSelect(options []string, changed func(string), back func()) *Select {
	s := &Select{back: back}
	s.Options, s.OnChanged = options, changed
	s.ExtendBaseWidget(s)
	return s
}

// Tapped opens the list, which has the keys until it is closed.
func (s *Select) Tapped(*fyne.PointEvent) {
	if s.Disabled() {
		return
	}
	clicked(s, s.back, func() {})
	s.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace}) // as a click does that takes the keys
}

// Slider is a number between two others.
type Slider struct {
	widget.Slider

	back func()
}

// NewSlider returns a slider at the lower end, that goes by ones.
func NewSlider(from, to float64, back func()) *Slider {
	s := &Slider{back: back}
	s.Min, s.Max, s.Step = from, to, 1
	s.ExtendBaseWidget(s)
	return s
}

// Tapped goes to a place.
func (s *Slider) Tapped(e *fyne.PointEvent) { clicked(s, s.back, func() { s.Slider.Tapped(e) }) }

// DragEnd leaves it there.
func (s *Slider) DragEnd() { clicked(s, s.back, s.Slider.DragEnd) }

// clicked does what a click on o does, and calls back unless o had the keys before it.
func clicked(o interface {
	fyne.CanvasObject
	fyne.Focusable
}, back, do func(),
) {
	had := false
	bind.OnCanvas(o, func(c fyne.Canvas) { had = c.Focused() == fyne.Focusable(o) })
	do()
	if !had {
		back()
	}
}
