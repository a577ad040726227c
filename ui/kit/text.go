package kit

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/theme"
)

// NewTitle is a screen's title with its buttons at the right.
func NewTitle(text string, right ...fyne.CanvasObject) fyne.CanvasObject {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	l.SizeName = fynetheme.SizeNameHeadingText
	bar := container.NewHBox()
	for _, o := range right {
		bar.Add(Middle(o))
	}
	return container.NewBorder(nil, nil, l, container.NewVBox(layout.NewSpacer(), bar, layout.NewSpacer()))
}

// NewTitleWithWords is one that has a few quiet words before what is at its right. In a narrow window they
// are cut off.
func NewTitleWithWords(text string, about *widget.Label, right ...fyne.CanvasObject) fyne.CanvasObject {
	about.Truncation, about.Alignment = fyne.TextTruncateEllipsis, fyne.TextAlignTrailing
	bar := container.NewHBox()
	for _, o := range right {
		bar.Add(Middle(o))
	}
	return container.NewBorder(nil, nil, NewTitle(text), Middle(bar), Middle(about))
}

// NewTitleWithField is one whose right ends with a field, and has a few quiet words before all that.
// In a narrow window the words are cut off and the field is shorter.
func NewTitleWithField(text string, about *widget.Label, field fyne.CanvasObject, right ...fyne.CanvasObject) fyne.CanvasObject {
	about.Truncation, about.Alignment = fyne.TextTruncateEllipsis, fyne.TextAlignTrailing
	all := append(append([]fyne.CanvasObject{about}, right...), field)
	return container.NewBorder(nil, nil, NewTitle(text), nil, container.New(squeezed{}, all...))
}

// squeezed is a row: the first takes what is left, if that is of any use, and the last is up to fieldMost
// units wide.
type squeezed struct{}

const fieldLeast, fieldMost, wordsLeast = 160, 300, 60

func (squeezed) MinSize(objs []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(fieldLeast, 0)
	for i, o := range objs {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		size.Height = max(size.Height, m.Height)
		if i > 0 && i < len(objs)-1 {
			size.Width += m.Width + fynetheme.Padding()
		}
	}
	return size
}

func (l squeezed) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	free := s.Width - (l.MinSize(objs).Width - fieldLeast)
	x := s.Width
	for i, o := range slices.Backward(objs) {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		switch i {
		case len(objs) - 1:
			m.Width = min(fieldMost, free)
		case 0:
			if m.Width = x; x < wordsLeast { // Fyne does not cut off what has no room at all
				m.Width, x = wordsLeast, -wordsLeast-s.Width*2
			}
		}
		x -= m.Width
		o.Resize(m)
		o.Move(fyne.NewPos(x, (s.Height-m.Height)/2))
		x -= fynetheme.Padding()
	}
}

// Middle keeps something at its own height, in the middle of what is there.
func Middle(o fyne.CanvasObject) fyne.CanvasObject {
	return container.NewVBox(layout.NewSpacer(), o, layout.NewSpacer())
}

// NewSection heads a part of a panel.
func NewSection(text string, right ...fyne.CanvasObject) fyne.CanvasObject {
	l := widget.NewLabelWithStyle(text, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	return container.NewBorder(nil, widget.NewSeparator(), nil, container.NewHBox(right...), l)
}

// NewQuiet is text of second rank, cut off when it does not fit.
func NewQuiet(text string) *widget.Label {
	l := widget.NewLabel(text)
	l.Importance = widget.LowImportance
	l.Truncation = fyne.TextTruncateEllipsis
	return l
}

// Shortened is text that takes at most width in the usual size: of longer text the middle is
// left out, as names of a series differ at their ends.
func Shortened(text string, width float32) string {
	return ShortenedAs(text, width, fynetheme.TextSize(), fyne.TextStyle{})
}

// ShortenedAs is [Shortened] for text of another size or style.
func ShortenedAs(text string, width, size float32, style fyne.TextStyle) string {
	all := []rune(text)
	for n := len(all); fyne.MeasureText(text, size, style).Width > width && n > 2; n-- {
		text = string(all[:n/2]) + "…" + string(all[len(all)-n/2:])
	}
	return text
}

// Fact is a name and its value.
type Fact struct{ Name, Value string }

// Facts is a table of names and values.
type Facts struct {
	widget.BaseWidget

	grid  *fyne.Container
	plain bool
}

// NewFacts returns an empty table, whose values can be selected.
func NewFacts() *Facts {
	f := &Facts{grid: container.New(&factsLayout{})}
	f.ExtendBaseWidget(f)
	return f
}

// NewPlainFacts is one for where keys do something: Fyne's text that can be selected takes them all.
func NewPlainFacts() *Facts {
	f := NewFacts()
	f.plain = true
	return f
}

// Set replaces the table.
func (f *Facts) Set(facts []Fact) {
	objs := f.grid.Objects
	for len(objs) > 2*len(facts) {
		objs = objs[:len(objs)-1]
	}
	for len(objs) < 2*len(facts) {
		n := widget.NewRichText(&widget.TextSegment{Style: widget.RichTextStyle{ColorName: theme.Subtle}})
		v := widget.NewLabel("")
		v.Wrapping = fyne.TextWrapWord
		v.Selectable = !f.plain
		objs = append(objs, n, v)
	}
	f.grid.Objects = objs
	for i, x := range facts {
		n, _ := objs[2*i].(*widget.RichText)
		v, _ := objs[2*i+1].(*widget.Label)
		if s, ok := n.Segments[0].(*widget.TextSegment); ok && s.Text != x.Name {
			s.Text = x.Name
			n.Refresh()
		}
		if v.Text != x.Value {
			v.SetText(x.Value)
		}
	}
	f.grid.Refresh()
	f.Refresh()
}

// CreateRenderer makes Facts a Fyne widget.
func (f *Facts) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(f.grid) }

// factsLayout gives names two fifths of the width, and closes the lines up.
type factsLayout struct{ width float32 }

const factOverlap = 11 // Fyne's labels carry more air than a table wants

func (l *factsLayout) Layout(objs []fyne.CanvasObject, s fyne.Size) {
	l.width = s.Width
	left := s.Width * 0.42
	for i := 0; i < len(objs); i += 2 { // a number beside half a name would be taken for its end
		left = min(max(left, objs[i].MinSize().Width), s.Width*0.6)
	}
	y := float32(-factOverlap / 2)
	for i := 0; i+1 < len(objs); i += 2 {
		objs[i+1].Resize(fyne.NewSize(s.Width-left, objs[i+1].MinSize().Height))
		h := max(objs[i].MinSize().Height, objs[i+1].MinSize().Height)
		objs[i].Resize(fyne.NewSize(left, h))
		objs[i+1].Resize(fyne.NewSize(s.Width-left, h))
		objs[i].Move(fyne.NewPos(0, y))
		objs[i+1].Move(fyne.NewPos(left, y))
		y += h - factOverlap
	}
}

func (l *factsLayout) MinSize(objs []fyne.CanvasObject) fyne.Size {
	var h float32
	for i := 0; i+1 < len(objs); i += 2 {
		h += max(objs[i].MinSize().Height, objs[i+1].MinSize().Height) - factOverlap
	}
	return fyne.NewSize(180, h)
}

// Inside makes Facts a [Holder].
func (f *Facts) Inside() fyne.CanvasObject { return f.grid }
