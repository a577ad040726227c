// Package runs is the screen of training runs: a table that can be filtered, and
// the course of a metric.
package runs

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Run is one training run.
type Run struct {
	ID, Name, Experiment string
	Status               string // RUNNING, FINISHED, FAILED, KILLED
	User                 string
	Started, Ended       time.Time
	Params               map[string]string
	Metrics              map[string]float64 // the last value of each
}

// Point is a metric's value at a step.
type Point struct{ Step, Value float64 }

// Curve is the course of a metric of one run.
type Curve struct {
	Run, Metric string
	Points      []Point // by step
	Say         string  // why there are none, where they could not be had
}

// Values are what the screen shows.
type Values struct {
	Source    string // "MLflow http://… (as of 14:03, offline)"; "" before it was read
	Offline   bool
	Runs      []Run
	Curve     Curve // what was asked for last, when it is there
	Say, Hint string
}

// Actions are what the person may do here; each may be nil. Screens ask; they do not act.
type Actions struct {
	Curve   func(run, metric string) // wants the course of a metric
	Refresh func()
	Setup   func()
}

// Screen shows the runs.
type Screen struct {
	widget.BaseWidget

	act     Actions
	val     Values
	shown   []Run
	metrics []string // columns
	params  []string
	chosen  string
	metric  string
	filter  string

	grid   *kit.Grid
	facts  *kit.Facts
	pick   *widget.Select
	chart  *kit.Chart
	source *widget.Label
	banner *kit.Banner
	title  fyne.CanvasObject
	empty  fyne.CanvasObject
	wait   fyne.CanvasObject // until the registry was read
	full   fyne.CanvasObject
	layout fyne.CanvasObject
}

// New returns an empty screen.
func New(act Actions) *Screen {
	s := &Screen{act: act, facts: kit.NewFacts(), chart: kit.NewChart(), source: kit.NewQuiet(""), banner: kit.NewBanner()}
	s.grid = kit.NewGrid(nil, func(i int) {
		if i < len(s.shown) {
			s.choose(s.shown[i].ID)
		}
	})
	s.pick = widget.NewSelect(nil, func(m string) {
		if m != s.metric {
			s.metric = m
			s.ask()
		}
	})
	s.pick.PlaceHolder = "Metric"
	search := kit.NewField()
	search.SetPlaceHolder("Filter: name, status, lr=0.001")
	search.OnChanged = func(t string) { s.filter = strings.ToLower(strings.TrimSpace(t)); s.show() }
	refresh := widget.NewButtonWithIcon("", fynetheme.ViewRefreshIcon(), func() {
		if act.Refresh != nil {
			act.Refresh()
		}
	})
	refresh.Importance = widget.LowImportance
	s.title = kit.NewTitleWithField("Runs", s.source, search, refresh)
	course := container.NewBorder(container.NewBorder(nil, nil, widget.NewLabel("Course of"), nil, s.pick), nil, nil, nil, s.chart)
	detail := container.NewBorder(kit.NewSection("Chosen run"), nil, nil, nil, container.NewVScroll(s.facts))
	lower := container.NewHSplit(detail, course)
	lower.Offset = 0.36
	split := container.NewVSplit(s.grid, lower)
	split.Offset = 0.55
	s.full = split
	s.empty = kit.NewEmpty(theme.Icon("runs"), "No runs yet",
		"Runs show up here when a training program reports them to the registry that is set up.", "Set up MLflow", act.Setup)
	s.wait = kit.NewEmpty(theme.Icon("runs"), "Reading the registry", "Its runs show up here when it has answered.", "", nil)
	s.layout = container.NewPadded(container.NewBorder(container.NewVBox(s.title, s.banner), nil, nil, nil, container.NewStack(s.full, s.empty, s.wait)))
	s.ExtendBaseWidget(s)
	s.Set(Values{})
	return s
}

// Set replaces what is shown; what was chosen stays so.
func (s *Screen) Set(v Values) {
	s.val = v
	s.source.SetText(v.Source)
	s.source.Importance = widget.LowImportance
	if v.Offline {
		s.source.Importance = widget.WarningImportance
	}
	s.source.Refresh()
	s.title.Refresh()
	s.banner.Set(kit.Held, v.Say, v.Hint, "", nil)
	visible(s.full, len(v.Runs) > 0)
	visible(s.empty, len(v.Runs) == 0 && v.Source != "")
	visible(s.wait, len(v.Runs) == 0 && v.Source == "")
	s.setColumns()
	s.show()
	s.layout.Refresh()
}

func visible(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

// setColumns shows the three metrics and two params that most runs have.
func (s *Screen) setColumns() {
	ms, ps := map[string]int{}, map[string]int{}
	for _, r := range s.val.Runs {
		for k := range r.Metrics {
			ms[k]++
		}
		for k := range r.Params {
			ps[k]++
		}
	}
	s.metrics, s.params = most(ms, 3), most(ps, 2)
	cols := []kit.Column{{Title: "Run", Weight: 2}, {Title: "Status", Weight: 1.2}, {Title: "Started", Weight: 1.6}}
	for _, m := range s.metrics {
		cols = append(cols, kit.Column{Title: m, Weight: 1, Right: true})
	}
	for _, p := range s.params {
		cols = append(cols, kit.Column{Title: p, Weight: 1, Right: true})
	}
	s.grid.SetColumns(cols)
}

func most(n map[string]int, atMost int) []string {
	names := slices.Sorted(maps.Keys(n))
	slices.SortStableFunc(names, func(a, b string) int { return n[b] - n[a] })
	return names[:min(atMost, len(names))]
}

func (s *Screen) show() {
	s.shown = s.shown[:0]
	for _, r := range s.val.Runs {
		if matches(r, s.filter) {
			s.shown = append(s.shown, r)
		}
	}
	if s.find(s.chosen) == nil && len(s.shown) > 0 {
		s.choose(s.shown[0].ID)
		return
	}
	at := -1
	rows := make([][]kit.Cell, len(s.shown))
	for i, r := range s.shown {
		if r.ID == s.chosen {
			at = i
		}
		row := []kit.Cell{
			{Text: r.Name, Strong: true},
			{Tags: []kit.Tag{{Text: strings.ToLower(r.Status), Tone: statusTone(r.Status)}}},
			{Text: r.Started.Format("2006-01-02 15:04")},
		}
		for _, m := range s.metrics {
			row = append(row, kit.Cell{Text: number(r.Metrics, m)})
		}
		for _, p := range s.params {
			row = append(row, kit.Cell{Text: r.Params[p], Quiet: true})
		}
		rows[i] = row
	}
	s.grid.Set(rows, at)
	s.showCurve()
}

func number(m map[string]float64, k string) string {
	v, ok := m[k]
	if !ok {
		return "–"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func statusTone(status string) kit.Tone {
	switch status {
	case "RUNNING":
		return kit.Busy
	case "FINISHED":
		return kit.Good
	case "FAILED":
		return kit.Bad
	}
	return kit.Neutral
}

// matches finds every word of the filter in the name, the experiment, the status,
// the person, or a param written as key=value.
func matches(r Run, filter string) bool {
	words := []string{r.Name, r.Experiment, r.Status, r.User}
	for k, v := range r.Params {
		words = append(words, k+"="+v)
	}
	text := strings.ToLower(strings.Join(words, " "))
	for w := range strings.FieldsSeq(filter) {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

func (s *Screen) find(id string) *Run {
	for i := range s.shown {
		if s.shown[i].ID == id {
			return &s.shown[i]
		}
	}
	return nil
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// Inside makes Screen a [kit.Holder].
func (s *Screen) Inside() fyne.CanvasObject { return s.layout }
