// Package servers is the screen of inference servers: whether each answers, what
// it serves, and what to do when it does not.
package servers

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Model is one model on a server.
type Model struct {
	Name, Version string
	Ready         bool
	Test          string // what its self-test on this server says; empty: it has none
	Passed        bool
}

// Server is one server, or the engine that is built in.
type Server struct {
	ID, Name  string
	Address   string // "" for the built-in engine
	Kind      string // "Triton 2.50", "Built in, ONNX Runtime 1.27"
	Asked     bool   // it was asked at least once
	Reachable bool
	InUse     bool // predictions go there now
	Models    []Model
	Latency   time.Duration // of the last answer; 0 while unknown
	Usual     time.Duration // the median of late; 0 while unknown
	Busy      *Busy         // nil while nobody knows
	Checked   time.Time
	Say, Hint string // what is wrong, and what to do
}

// Busy is how much a server has to do.
type Busy struct {
	Waiting       int           // requests
	Left          time.Duration // until they are answered; 0 while unknown
	CPU, GPU      float64       // 0…1; -1 while unknown
	Memory, Total int64         // bytes of the GPUs; 0 without
}

// Values are what the screen shows.
type Values struct {
	Servers  []Server
	Takeover bool // the built-in engine may take over
}

// Actions are what the person may do here; each may be nil. Screens ask; they do not act.
type Actions struct {
	Check    func(id string)
	Settings func()
}

// Screen shows the servers as cards.
type Screen struct {
	widget.BaseWidget

	act    Actions
	cards  *fyne.Container
	note   *widget.Label
	title  fyne.CanvasObject
	empty  fyne.CanvasObject
	layout fyne.CanvasObject
}

// New returns an empty screen.
func New(act Actions) *Screen {
	s := &Screen{act: act, cards: container.NewVBox(), note: kit.NewQuiet("")}
	s.note.Truncation = fyne.TextTruncateOff
	set := widget.NewButtonWithIcon("Set up servers", theme.Icon("settings"), act.Settings)
	s.title = kit.NewTitle("Inference servers", s.note, kit.Tall(set))
	s.empty = kit.NewEmpty(theme.Icon("servers"), "No server is set up",
		"Name an inference server, or let the built-in engine do the work.", "Set up a server", act.Settings)
	s.layout = container.NewPadded(container.NewBorder(s.title, nil, nil, nil,
		container.NewStack(container.NewVScroll(container.New(layout.NewCustomPaddedLayout(4, 4, 4, 16), s.cards)), s.empty)))
	s.ExtendBaseWidget(s)
	s.Set(Values{})
	return s
}

// Set replaces what is shown.
func (s *Screen) Set(v Values) {
	s.cards.RemoveAll()
	for _, x := range v.Servers {
		s.cards.Add(s.card(x))
	}
	s.note.SetText("")
	if len(v.Servers) > 0 && v.Takeover {
		s.note.SetText("The built-in engine takes over when no server answers")
	}
	s.title.Refresh()
	if len(v.Servers) == 0 {
		s.empty.Show()
	} else {
		s.empty.Hide()
	}
	s.Refresh()
}

func (s *Screen) card(v Server) fyne.CanvasObject {
	name := widget.NewLabelWithStyle(v.Name, fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	name.SizeName = fynetheme.SizeNameSubHeadingText
	chips := container.NewHBox()
	if v.InUse {
		chips.Add(kit.Middle(kit.NewChip("in use", kit.Busy)))
	}
	check := widget.NewButtonWithIcon("Ask now", fynetheme.ViewRefreshIcon(), func() {
		if s.act.Check != nil {
			s.act.Check(v.ID)
		}
	})
	head := container.NewBorder(nil, nil, container.NewHBox(name, chips), kit.Tall(check))
	facts := kit.NewFacts()
	facts.Set(serverFacts(v))
	models := container.NewVBox(kit.NewQuiet("Models"))
	for _, m := range v.Models {
		tone, word := kit.Good, "ready"
		if !m.Ready {
			tone, word = kit.Held, "not ready"
		}
		row := container.NewHBox(kit.Middle(kit.NewChip(word, tone)), widget.NewLabel(m.Name+"@"+m.Version))
		models.Add(row)
		if m.Test == "" {
			continue
		}
		if m.Passed {
			row.Add(kit.Middle(kit.NewChip("self-test passed", kit.Good)))
			continue
		}
		row.Add(kit.Middle(kit.NewChip("self-test failed", kit.Bad)))
		say := kit.NewQuiet(m.Test)
		say.Truncation, say.Wrapping = fyne.TextTruncateOff, fyne.TextWrapWord
		models.Add(say)
	}
	if len(v.Models) == 0 {
		models.Add(kit.NewQuiet("none is known"))
	}
	body := container.NewGridWithColumns(2, facts, models)
	banner := kit.NewBanner()
	tone := kit.Bad
	if v.Reachable {
		tone = kit.Held
	}
	banner.Set(tone, v.Say, v.Hint, "", nil)
	row := container.NewHBox()
	for _, l := range lights(v) {
		row.Add(kit.Middle(kit.NewChip(l.say, l.tone)))
	}
	return kit.NewCard(container.NewVBox(head, container.NewPadded(row), banner, body))
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

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }
