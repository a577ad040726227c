package shell

import (
	"cmp"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// strip is the line below: who sits here, what runs, and the health light.
type strip struct {
	widget.BaseWidget

	person *widget.Button
	queue  *widget.Label
	health *widget.Button
	line   *fyne.Container
	row    fyne.CanvasObject

	name, light string // in full
}

func newStrip(act Actions) *strip {
	s := &strip{
		person: widget.NewButtonWithIcon("", fynetheme.AccountIcon(), act.Person),
		queue:  kit.NewQuiet(""),
		health: widget.NewButtonWithIcon("", nil, act.Health),
	}
	s.person.Importance, s.health.Importance = widget.LowImportance, widget.LowImportance
	s.line = container.New(parted{s}, s.person, s.queue, s.health)
	s.row = kit.NewSurface(theme.Rail, container.NewBorder(widget.NewSeparator(), nil, nil, nil, s.line))
	s.ExtendBaseWidget(s)
	s.set(Status{Health: "Starting", Tone: kit.Neutral})
	return s
}

func (s *strip) set(st Status) {
	s.name, s.light = cmp.Or(st.Person, "Who are you?"), st.Health
	s.queue.SetText(st.Queue)
	dot := theme.Icon("dot")
	switch st.Tone {
	case kit.Good:
		dot = fynetheme.NewSuccessThemedResource(dot)
	case kit.Held:
		dot = fynetheme.NewWarningThemedResource(dot)
	case kit.Bad:
		dot = fynetheme.NewErrorThemedResource(dot)
	case kit.Busy:
		dot = fynetheme.NewPrimaryThemedResource(dot)
	case kit.Neutral:
		dot = fynetheme.NewDisabledResource(dot)
	}
	s.health.SetIcon(dot)
	s.line.Refresh()
	s.row.Refresh()
}

// parted has the person at the left and the light at the right, as much of them as there is room for: a
// long sentence must not make the window wider than the screen.
type parted struct{ s *strip }

const queueLeast = 60

func (parted) MinSize(objs []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(0, objs[0].MinSize().Max(objs[1].MinSize()).Max(objs[2].MinSize()).Height)
}

func (l parted) Layout(objs []fyne.CanvasObject, size fyne.Size) {
	pad := fynetheme.Padding()
	left := write(l.s.person, l.s.name, size.Width/3)
	right := write(l.s.health, l.s.light, size.Width-left-queueLeast-2*pad)
	objs[0].Resize(fyne.NewSize(left, size.Height))
	objs[1].Move(fyne.NewPos(left+pad, 0))
	objs[1].Resize(fyne.NewSize(size.Width-left-right-2*pad, size.Height))
	objs[2].Move(fyne.NewPos(size.Width-right, 0))
	objs[2].Resize(fyne.NewSize(right, size.Height))
}

// write writes on a button as much of a text as it can have in that width, and returns how wide it is.
func write(b *widget.Button, text string, width float32) float32 {
	for n := width; ; n -= 8 {
		if short := kit.Shortened(text, n); b.Text != short {
			b.SetText(short)
		}
		if w := b.MinSize().Width; w <= width || n <= 0 {
			return w
		}
	}
}

// CreateRenderer makes strip a Fyne widget.
func (s *strip) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.row) }
