package inbox

import (
	"image"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// The heights of a row without a reason, with one, and with one and what to do.
const (
	lowRow  = 82
	highRow = 104
	topRow  = 123
)

func height(r Row) float32 {
	switch {
	case r.Reason == "":
		return lowRow
	case r.Hint == "":
		return highRow
	}
	return topRow
}

// row shows one capture in two lines and, when something is wrong, its reason and what to do below them.
type row struct {
	widget.BaseWidget

	s      *Screen
	index  widget.ListItemID
	id     string
	thumb  *canvas.Image
	glyph  *widget.Icon
	name   *kit.Name
	facts  *widget.Label
	reason *widget.Label
	chips  *fyne.Container
	stands int // the first stage that is not done
	open   *widget.Button
	retry  *widget.Button
	drop   *widget.Button
	reveal *widget.Button
	layout fyne.CanvasObject
}

var (
	_ fyne.Tappable       = (*row)(nil)
	_ fyne.DoubleTappable = (*row)(nil)
)

func newRow(s *Screen) *row {
	r := &row{
		s: s, thumb: canvas.NewImageFromImage(nil), glyph: widget.NewIcon(fynetheme.NewDisabledResource(theme.Icon("viewer"))),
		name: kit.NewName(fynetheme.SizeNameText), facts: kit.NewQuiet(""), reason: widget.NewLabel(""),
	}
	r.chips = kit.NewExcerpt(func() int { return r.stands })
	r.thumb.FillMode, r.thumb.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleFastest
	r.open = widget.NewButton("Open", func() { call(s.act.Open, r.id) })
	r.retry = widget.NewButton("Try again", func() { call(s.act.Retry, r.id) })
	r.drop = widget.NewButton("Take off", r.offerDrop) // no wider than the others: the buttons of all rows stand in columns
	r.reveal = widget.NewButtonWithIcon("", fynetheme.FolderOpenIcon(), func() { call(s.act.Reveal, r.id) })
	r.reveal.Importance = widget.LowImportance
	pic := kit.NewSurface(theme.Canvas, container.NewStack(kit.NewGap(64, 64), container.NewCenter(
		container.NewGridWrap(fyne.NewSize(24, 24), r.glyph)), r.thumb))
	buttons := container.NewVBox(layout.NewSpacer(), container.NewHBox(r.reveal, kit.Tall(r.retry),
		container.NewStack(kit.Tall(r.open), r.drop)), layout.NewSpacer())
	text := container.New(layout.NewCustomPaddedVBoxLayout(-3), container.New(heading{r}, r.name, r.facts),
		container.New(layout.NewCustomPaddedLayout(0, 0, 8, 0), r.chips), r.reason)
	r.layout = container.New(layout.NewCustomPaddedLayout(5, 5, 8, 8), container.NewBorder(nil, nil,
		container.NewVBox(layout.NewSpacer(), pic, layout.NewSpacer()), buttons,
		container.NewVBox(layout.NewSpacer(), text, layout.NewSpacer())))
	r.ExtendBaseWidget(r)
	return r
}

// heading is a name with facts behind it; where there is no room for both, the middle of the name is left out.
type heading struct{ r *row }

func (h heading) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	facts := fyne.MeasureText(h.r.facts.Text, fynetheme.TextSize(), h.r.facts.TextStyle).Width + 2*fynetheme.InnerPadding() + fynetheme.Padding()
	name := min(h.r.name.Wide(), max(size.Width-facts, size.Width/2))
	objs[0].Resize(fyne.NewSize(name, size.Height))
	objs[1].Move(fyne.NewPos(name, 0))
	objs[1].Resize(fyne.NewSize(size.Width-name, size.Height))
}

func (heading) MinSize(objs []fyne.CanvasObject) fyne.Size {
	return objs[0].MinSize().Max(objs[1].MinSize())
}

// MinSize is what Fyne's list gives a row that no height was set for.
func (r *row) MinSize() fyne.Size {
	return fyne.NewSize(r.BaseWidget.MinSize().Width, r.s.list.usual)
}

func call(f func(string), id string) {
	if f != nil {
		f(id)
	}
}

func (r *row) set(i widget.ListItemID, v Row) {
	r.index, r.id = i, v.ID
	r.name.Set(oneLine(v.Name))
	r.facts.SetText(facts(v, r.s.now()))
	var pic image.Image
	if r.s.act.Thumb != nil {
		pic = r.s.act.Thumb(v.ID)
	}
	r.setThumb(pic)
	r.setChips(v.Stages)
	r.setReason(v, v.ID == r.s.selected)
	r.offer(v)
	r.layout.Refresh()
}

// offer has the buttons that a capture can use.
func (r *row) offer(v Row) {
	due := v.stands(Person)
	r.open.Importance = widget.MediumImportance
	if due {
		r.open.Importance = widget.HighImportance
	}
	r.open.SetText("Open")
	if due {
		r.open.SetText("Review")
	}
	r.s.toggle(r.open, due || v.State == Done || v.Objects >= 0 || passed(v, 1))
	r.s.toggle(r.retry, v.State == Failed || v.State == Held)
	r.s.toggle(r.drop, !r.open.Visible() && v.State == Failed && v.standing("captured") == Failed)
}

// offerDrop asks whether a capture that could not be copied is to be forgotten.
func (r *row) offerDrop() {
	id := r.id
	kit.Ask(r, kit.Question{
		Title: "Take " + r.name.Full() + " off the list?", Button: "Take off the list",
		Sentence: "It could not be copied, so nothing of it is in the dataset. The instrument's file stays as it is; while it is there, it comes back when the folders are next looked through anew.",
	}, nil, func() { call(r.s.act.Drop, id) })
}

// passed: the first n stages are done, so the file is in the cache and can be looked at.
func passed(v Row, n int) bool {
	done := 0
	for _, st := range v.Stages {
		if st.State == Done {
			done++
		}
	}
	return done > n
}

func (r *row) setThumb(m image.Image) {
	if r.thumb.Image != m {
		r.thumb.Image = m
		r.thumb.Refresh()
	}
	r.s.toggle(r.thumb, m != nil)
	r.s.toggle(r.glyph, m == nil)
}

func (r *row) setChips(stages []Stage) {
	for len(r.chips.Objects) < len(stages) {
		r.chips.Objects = append(r.chips.Objects, kit.NewChip("", kit.Neutral))
	}
	r.chips.Objects = r.chips.Objects[:len(stages)]
	if r.stands = slices.IndexFunc(stages, func(s Stage) bool { return s.State != Done }); r.stands < 0 {
		r.stands = len(stages) - 1
	}
	for i, st := range stages {
		text := st.Name
		if st.Note != "" && st.State == Running {
			text += " " + st.Note
		}
		if c, ok := r.chips.Objects[i].(*kit.Chip); ok {
			c.Set(text, tone(st.State))
		}
	}
	r.chips.Refresh()
}

func tone(s State) kit.Tone {
	switch s {
	case Running:
		return kit.Busy
	case Done:
		return kit.Good
	case Held, Person:
		return kit.Held
	case Failed:
		return kit.Bad
	case Waiting:
	}
	return kit.Neutral
}

// setReason says what is wrong and what to do: the whole of it, or as much as a line each holds.
func (r *row) setReason(v Row, whole bool) {
	text := v.Reason
	if v.Hint != "" {
		text += "\n" + v.Hint
	}
	r.reason.Wrapping, r.reason.Truncation = fyne.TextWrapOff, fyne.TextTruncateEllipsis
	if whole {
		r.reason.Wrapping, r.reason.Truncation = fyne.TextWrapWord, fyne.TextTruncateOff
	}
	r.reason.Importance = widget.WarningImportance
	if v.State == Failed {
		r.reason.Importance = widget.DangerImportance
	}
	r.reason.SetText(text)
	r.s.toggle(r.reason, text != "")
}

// Tapped selects the capture.
func (r *row) Tapped(*fyne.PointEvent) {
	r.s.list.Select(r.index)
	bind.OnCanvas(r, func(c fyne.Canvas) { c.Focus(r.s.list) })
}

// DoubleTapped opens it.
func (r *row) DoubleTapped(*fyne.PointEvent) { call(r.s.act.Open, r.id) }

// CreateRenderer makes row a Fyne widget.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.layout) }
