// Package kit has the small widgets that every screen uses.
package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// Tone is what a colour means: one meaning everywhere in the program.
type Tone int

// The tones.
const (
	Neutral Tone = iota // nothing to say yet
	Busy                // going on now
	Good                // done, well
	Held                // waits for something or someone
	Bad                 // failed
)

// Colors returns the soft fill and the text colour of a tone, in the theme of now.
func (t Tone) Colors() (fill, text color.Color) {
	f, x := theme.Neutral, theme.Subtle
	switch t {
	case Neutral:
	case Busy:
		f, x = theme.Accent, fynetheme.ColorNamePrimary
	case Good:
		f, x = theme.Good, fynetheme.ColorNameSuccess
	case Held:
		f, x = theme.Held, fynetheme.ColorNameWarning
	case Bad:
		f, x = theme.Bad, fynetheme.ColorNameError
	}
	return fynetheme.Color(f), fynetheme.Color(x)
}

// Chip is a word in a coloured pill.
type Chip struct {
	widget.BaseWidget

	text string
	tone Tone
}

// NewChip returns a chip.
func NewChip(text string, tone Tone) *Chip {
	c := &Chip{text: text, tone: tone}
	c.ExtendBaseWidget(c)
	return c
}

// Set changes word and tone.
func (c *Chip) Set(text string, tone Tone) {
	if c.text == text && c.tone == tone {
		return
	}
	c.text, c.tone = text, tone
	c.Refresh()
}

// CreateRenderer makes Chip a Fyne widget.
func (c *Chip) CreateRenderer() fyne.WidgetRenderer {
	r := &chipRenderer{chip: c, pill: canvas.NewRectangle(nil), word: canvas.NewText("", nil)}
	r.word.Alignment = fyne.TextAlignCenter
	r.word.TextStyle = fyne.TextStyle{Bold: true}
	r.Refresh()
	return r
}

type chipRenderer struct {
	chip *Chip
	pill *canvas.Rectangle
	word *canvas.Text
}

func (r *chipRenderer) Destroy() {}

func (r *chipRenderer) Layout(s fyne.Size) {
	h := min(s.Height, r.MinSize().Height)
	r.pill.Resize(fyne.NewSize(s.Width, h))
	r.pill.Move(fyne.NewPos(0, (s.Height-h)/2))
	r.word.Resize(s)
}

func (r *chipRenderer) MinSize() fyne.Size {
	return r.word.MinSize().Add(fyne.NewSize(18, 7))
}

func (r *chipRenderer) Objects() []fyne.CanvasObject { return []fyne.CanvasObject{r.pill, r.word} }

func (r *chipRenderer) Refresh() {
	r.pill.FillColor, r.word.Color = r.chip.tone.Colors()
	r.pill.CornerRadius = 11
	r.word.Text, r.word.TextSize = r.chip.text, fynetheme.CaptionTextSize()
	r.pill.Refresh()
	r.word.Refresh()
	r.Layout(r.chip.Size())
}
