// Package servers is the screen of inference servers: whether each answers, what
// it serves, how it did in the last minutes, and what to do when it does not.
package servers

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// State is how a model stands on a server.
type State int

// The states.
const (
	Stored  State = iota // it lies in the server's repository
	Loading              // going on now
	Ready
	Failed // it can't be loaded
)

func (s State) words() (string, kit.Tone) {
	switch s {
	case Stored:
	case Loading:
		return "loading", kit.Busy
	case Ready:
		return "ready", kit.Good
	case Failed:
		return "can't be loaded", kit.Bad
	}
	return "not loaded", kit.Neutral
}

// Model is one model on a server.
type Model struct {
	Name, Version string
	State         State
	Why           string // it can't be loaded, in the server's words
	Serving       bool   // captures are predicted with it
	Test          string // what its self-test on this server says; empty: it has none
	Passed        bool
}

// Server is one server, or the engine that is built in.
type Server struct {
	ID, Name  string
	Address   string // "" for the built-in engine
	Kind      string // "Triton 2.50", "Built in, ONNX Runtime 1.27"
	Asked     bool   // it was asked at least once
	Answers   bool
	Ready     bool // for captures
	InUse     bool // predictions go there now
	Control   bool // models can be loaded and unloaded there
	Models    []Model
	Latency   time.Duration // of the last answers; 0 while unknown
	OfModels  bool          // they were models', not only to whether it is there
	Usual     time.Duration // the median of late; 0 while unknown
	Busy      *Busy         // nil while nobody knows
	Course    Course
	Silent    string // why there is no course, or none now
	Checked   time.Time
	Say, Hint string // what is wrong, and what to do
}

// Busy is how much a server has to do.
type Busy struct {
	Waiting       int           // requests, anybody's
	Mine          int           // requests of this program that it works on or has waiting
	Left          time.Duration // until what waits is answered; 0 while unknown
	CPU, GPU      float64       // 0…1; -1 while unknown
	Memory, Total int64         // bytes of the GPUs; 0 without
}

// Queue is what of this workspace is to be predicted.
type Queue struct {
	Running, Waiting int           // captures
	Left             time.Duration // 0 while unknown
}

// Version is one of the registry.
type Version struct{ Name, Version string }

// Values are what the screen shows.
type Values struct {
	Servers    []Server
	Mine       Queue
	Registered []Version
	Takeover   bool // the built-in engine may take over
}

// Actions are what the person may do here; each may be nil. Screens ask; they do not act.
type Actions struct {
	Check    func(id string)
	Settings func()
	Load     func(id, model, version string, done func()) // version "": what lies in the server's repository
	Unload   func(id, model string)
}

// Screen shows the servers as cards.
type Screen struct {
	widget.BaseWidget

	act        Actions
	registered []Version
	shown      map[string]*card
	cards      *fyne.Container
	note       *widget.Label
	title      fyne.CanvasObject
	empty      fyne.CanvasObject
	layout     fyne.CanvasObject
}

// New returns an empty screen.
func New(act Actions) *Screen {
	s := &Screen{act: act, cards: container.NewVBox(), shown: map[string]*card{}, note: kit.NewQuiet("")}
	set := widget.NewButtonWithIcon("Set up servers", theme.Icon("settings"), act.Settings)
	s.title = kit.NewTitleWithWords("Inference servers", s.note, kit.Tall(set))
	s.empty = kit.NewEmpty(theme.Icon("servers"), "Asking the servers",
		"Each appears here when it has answered or not, and so does the engine that is built in.", "", nil)
	s.layout = container.NewPadded(container.NewBorder(s.title, nil, nil, nil,
		container.NewStack(container.NewVScroll(container.New(layout.NewCustomPaddedLayout(4, 4, 4, 16), s.cards)), s.empty)))
	s.ExtendBaseWidget(s)
	s.Set(Values{})
	return s
}

// Set replaces what is shown.
func (s *Screen) Set(v Values) {
	s.registered = v.Registered
	before := s.shown
	s.shown = map[string]*card{}
	s.cards.Objects = nil
	for _, x := range v.Servers {
		c := before[x.ID]
		if c == nil {
			c = newCard(s)
		}
		s.shown[x.ID] = c
		c.set(x, v.Mine)
		s.cards.Objects = append(s.cards.Objects, c.ground)
	}
	s.note.SetText("")
	if len(v.Servers) > 0 && v.Takeover {
		s.note.SetText("The built-in engine takes over when no server answers")
	}
	s.title.Refresh()
	visible(s.empty, len(v.Servers) == 0)
	s.Refresh()
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Screen a [kit.Holder].
func (s *Screen) Inside() fyne.CanvasObject { return s.layout }
