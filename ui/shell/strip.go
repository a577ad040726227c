package shell

import (
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
	row    fyne.CanvasObject
}

func newStrip(act Actions) *strip {
	s := &strip{
		person: widget.NewButtonWithIcon("", fynetheme.AccountIcon(), act.Person),
		queue:  kit.NewQuiet(""),
		health: widget.NewButtonWithIcon("", nil, act.Health),
	}
	s.person.Importance, s.health.Importance = widget.LowImportance, widget.LowImportance
	s.row = kit.NewSurface(theme.Rail, container.NewBorder(widget.NewSeparator(), nil, s.person, s.health, s.queue))
	s.ExtendBaseWidget(s)
	s.set(Status{Health: "Starting", Tone: kit.Neutral})
	return s
}

func (s *strip) set(st Status) {
	s.person.SetText(st.Person)
	if st.Person == "" {
		s.person.SetText("Who are you?")
	}
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
	s.health.SetText(st.Health)
	s.row.Refresh()
}

// CreateRenderer makes strip a Fyne widget.
func (s *strip) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.row) }
