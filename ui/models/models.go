// Package models is the screen of registered models: their versions, which is in
// force, and who put it there and why.
package models

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Version is one version of a model.
type Version struct {
	Number  string
	Aliases []string // "champion", "challenger", "previous"
	Stage   string   // of legacy registries; empty elsewhere
	Run     string   // the training run it came from
	By      string
	Created time.Time
	Metrics []kit.Fact
	Facts   []kit.Fact // what else is known: data commit, licence, source
}

// Move is one entry of the promotion history.
type Move struct {
	At            time.Time
	Who, Why      string
	Alias         string
	From, To      string // versions; From is "" the first time
	Outside, Back bool   // Outside: moved by another program; Back: a rollback
}

// Model is a registered model.
type Model struct {
	Name, Description string
	Versions          []Version // the newest first
	History           []Move    // the newest first
}

// Values are what the screen shows.
type Values struct {
	Source    string // "Local registry", "MLflow http://… (as of 14:03, offline)"; "" before it was read
	Offline   bool
	Models    []Model
	Progress  string  // "Loading nuclei@4 on gpu-1" while a promotion runs, else ""
	Done      float64 // of the promotion, 0…1
	Say, Hint string  // why the last promotion failed, in plain words
	Pending   string  // a promotion that waits or failed and can be withdrawn; else ""
	Missing   string  // the model in use, where the server does not have it; else ""
}

// Actions are what the person may do here. Screens ask; they do not act.
type Actions struct {
	Promote  func(model, version, reason string)
	RollBack func(model, reason string)
	Withdraw func(pending string)
	Refresh  func()
	Register func(model string) // at the server, what the workspace has
}

// Screen shows the models.
type Screen struct {
	widget.BaseWidget

	act      Actions
	val      Values
	model    string // chosen; kept by name while values change
	version  string
	listed   []Model // that the filter leaves
	filter   string
	names    *kit.Grid
	versions *kit.Grid
	history  *kit.Grid
	facts    *kit.Facts
	source   *widget.Label
	title    *widget.Label
	promote  *widget.Button
	back     *widget.Button
	banner   *kit.Banner
	bar      *widget.ProgressBar
	step     *widget.Label
	progress fyne.CanvasObject
	never    fyne.CanvasObject // in place of a history that is empty
	none     fyne.CanvasObject // in place of names, of which the filter leaves none
	empty    fyne.CanvasObject
	wait     fyne.CanvasObject // until the registry was read
	full     fyne.CanvasObject
	layout   fyne.CanvasObject
}

// New returns an empty screen.
func New(act Actions) *Screen {
	s := &Screen{act: act, banner: kit.NewBanner(), facts: kit.NewFacts(), source: kit.NewQuiet("")}
	s.names = kit.NewGrid([]kit.Column{{Title: "Model", Weight: 1, Names: true}}, s.chooseModel)
	s.versions = kit.NewGrid([]kit.Column{
		{Title: "Version", Weight: 0.8},
		{Title: "In force", Weight: 2.1},
		{Title: "Created", Weight: 1.6},
		{Title: "Run", Weight: 1.5},
		{Title: "Metrics", Weight: 2.2},
	}, s.chooseVersion)
	s.history = kit.NewGrid([]kit.Column{
		{Title: "When", Weight: 2.7}, {Title: "Who", Weight: 2}, {Title: "Moved", Weight: 2.3}, {Title: "Why", Weight: 3.2},
	}, s.chooseMove)
	s.promote = widget.NewButton("Promote…", s.askPromote)
	s.promote.Importance = widget.HighImportance
	s.back = widget.NewButtonWithIcon("Roll back…", fynetheme.ContentUndoIcon(), s.askBack)
	s.title = widget.NewLabelWithStyle("", fyne.TextAlignLeading, fyne.TextStyle{Bold: true})
	s.title.SizeName, s.title.Truncation = fynetheme.SizeNameSubHeadingText, fyne.TextTruncateEllipsis
	s.bar, s.step = widget.NewProgressBar(), widget.NewLabel("")
	s.progress = kit.NewSurface(theme.Accent, container.NewPadded(container.NewBorder(nil, nil, s.step, nil, s.bar)))
	s.build()
	s.ExtendBaseWidget(s)
	s.Set(Values{})
	return s
}

func (s *Screen) build() {
	refresh := widget.NewButtonWithIcon("", fynetheme.ViewRefreshIcon(), func() {
		if s.act.Refresh != nil {
			s.act.Refresh()
		}
	})
	refresh.Importance = widget.LowImportance
	head := container.NewVBox(kit.NewTitleWithWords("Models", s.source, refresh), s.banner, s.progress)
	bar := container.NewBorder(nil, nil, nil, container.NewHBox(kit.Tall(s.back), kit.Tall(s.promote)), s.title)
	detail := container.NewBorder(kit.NewSection("Chosen"), nil, nil, nil, container.NewVScroll(s.facts))
	s.never = kit.NewQuiet("No promotion is known of this model.")
	lower := container.NewBorder(kit.NewSection("Promotions"), nil, nil, nil, container.NewStack(s.history, container.NewBorder(s.never, nil, nil, nil)))
	below := container.NewHSplit(lower, detail)
	below.Offset = 0.78
	parts := container.NewVSplit(s.versions, below)
	parts.Offset = 0.5
	right := container.NewBorder(container.NewPadded(bar), nil, nil, nil, parts)
	search := kit.NewField()
	search.SetPlaceHolder("Filter")
	search.OnChanged = func(text string) {
		s.filter = strings.ToLower(text)
		s.showNames()
	}
	s.none = kit.NewQuiet("No model has that in its name.")
	full := container.NewHSplit(container.NewBorder(search, nil, nil, nil, container.NewStack(s.names, container.NewCenter(s.none))), right)
	full.Offset = 0.2
	s.full = full
	s.empty = kit.NewEmpty(theme.Icon("models"), "No models yet",
		"A model shows up here once it is registered, by a training run or from a bundle on disk.", "Look again", s.act.Refresh)
	s.wait = kit.NewEmpty(theme.Icon("models"), "Reading the registry", "Its models show up here when it has answered.", "", nil)
	s.layout = container.NewPadded(container.NewBorder(head, nil, nil, nil, container.NewStack(s.full, s.empty, s.wait)))
}

// Set replaces what is shown; what was chosen stays so where it still is.
func (s *Screen) Set(v Values) {
	s.val = v
	s.source.SetText(v.Source)
	s.source.Importance = widget.LowImportance
	if v.Offline {
		s.source.Importance = widget.WarningImportance
	}
	s.source.Refresh()
	s.banner.Set(kit.Bad, v.Say, v.Hint, "", nil)
	if v.Pending != "" && v.Say != "" {
		s.banner.Set(kit.Held, v.Say, v.Hint, "Withdraw", s.withdraw)
	}
	if v.Say == "" && v.Missing != "" {
		s.banner.Set(kit.Held, "This server has no model named "+v.Missing+", which captures are predicted with.",
			"The workspace's own can be registered there, with the run that made it.", "Register it there", s.register)
	}
	shown(s.progress, v.Progress != "")
	s.step.SetText(v.Progress)
	s.bar.SetValue(v.Done)
	shown(s.full, len(v.Models) > 0)
	shown(s.empty, len(v.Models) == 0 && v.Source != "")
	shown(s.wait, len(v.Models) == 0 && v.Source == "")
	s.show()
	s.layout.Refresh()
}

func (s *Screen) withdraw() {
	if s.act.Withdraw != nil {
		s.act.Withdraw(s.val.Pending)
	}
}

func (s *Screen) register() {
	if s.act.Register != nil {
		s.act.Register(s.val.Missing)
	}
}

func shown(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Screen a [kit.Holder].
func (s *Screen) Inside() fyne.CanvasObject { return s.layout }
