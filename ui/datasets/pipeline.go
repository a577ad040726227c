package datasets

import (
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// StageState is how a stage of the pipeline stands.
type StageState string

// The states of a stage.
const (
	StageClean   StageState = "up to date"
	StageChanged StageState = "changed"
	StageRunning StageState = "running"
	StageDone    StageState = "done"
	StageFailed  StageState = "failed"
	StageStopped StageState = "stopped"
	StageData    StageState = "" // no stage: versioned data that feeds one
)

func (s StageState) tone() kit.Tone {
	switch s {
	case StageClean, StageDone:
		return kit.Good
	case StageChanged, StageStopped:
		return kit.Held
	case StageRunning:
		return kit.Busy
	case StageFailed:
		return kit.Bad
	case StageData:
	}
	return kit.Neutral
}

// Stage is a step of the pipeline, or data that feeds one.
type Stage struct {
	Name, Title string // Title is what the box says
	Desc        string
	Commands    []string
	Reads, Made []string
	Upstream    []string // names
	State       StageState
	Why         []string // of a stage that has changed
}

// Pipeline is the graph, and how its last run goes.
type Pipeline struct {
	Asked     bool // its state is known
	Stages    []Stage
	Say, Hint string   // why it can't be used
	Log       []string // of the last run, the end of it
	Job       *job.Job // the run that goes on; nil: none
}

// pipeline is the part of the screen with the graph.
type pipeline struct {
	widget.BaseWidget

	s      *Screen
	chosen string
	log    []string

	graph  *graph
	facts  *kit.Facts
	title  *widget.Label
	lines  *widget.List
	banner *kit.Banner
	sum    *widget.Label
	run    *tall
	again  *tall
	stop   *tall
	bar    *widget.ProgressBar
	empty  fyne.CanvasObject
	full   fyne.CanvasObject
	layout fyne.CanvasObject
}

func newPipeline(s *Screen) *pipeline {
	p := &pipeline{s: s, facts: kit.NewFacts(), title: widget.NewLabel(""), banner: kit.NewBanner(), sum: kit.NewQuiet(""), bar: widget.NewProgressBar()}
	p.graph = newGraph(func(name string) { p.chosen = name; p.show() })
	p.bar.TextFormatter = func() string { return "" }
	p.title.TextStyle.Bold = true
	p.title.Truncation = fyne.TextTruncateEllipsis
	p.run = newTall("Run", fynetheme.MediaPlayIcon(), func() { p.ask(false) })
	p.run.Importance = widget.HighImportance
	p.again = newTall("Run all again…", fynetheme.MediaReplayIcon(), p.askAgain)
	p.stop = newTall("Stop", fynetheme.MediaStopIcon(), func() {
		if j := s.val.Pipeline.Job; j != nil {
			call(s.act.Stop, j.ID)
		}
	})
	p.lines = widget.NewList(func() int { return len(p.log) },
		func() fyne.CanvasObject {
			l := widget.NewLabel("")
			l.TextStyle.Monospace, l.Truncation = true, fyne.TextTruncateEllipsis
			return container.New(layout.NewCustomPaddedLayout(-8, -8, 0, 0), l)
		},
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if c, ok := o.(*fyne.Container); ok && i < len(p.log) {
				if l, ok := c.Objects[0].(*widget.Label); ok {
					l.SetText(p.log[i])
				}
			}
		})
	p.lines.HideSeparators = true
	head := container.NewBorder(nil, nil, nil, container.NewHBox(p.again.around, p.run.around, p.stop.around), kit.Middle(p.sum))
	detail := container.NewBorder(p.title, nil, nil, nil, container.NewVScroll(p.facts))
	log := container.NewBorder(kit.NewSection("What it wrote"), nil, nil, nil, p.lines)
	low := container.NewHSplit(detail, log)
	low.Offset = 0.4
	split := container.NewVSplit(kit.NewSurface(theme.Panel, container.NewScroll(container.NewPadded(p.graph))), low)
	split.Offset = 0.5
	p.full = container.NewBorder(container.NewVBox(head, p.bar, p.banner), nil, nil, nil, split)
	p.empty = kit.NewEmpty(theme.Icon("runs"), "No pipeline yet",
		"A file named dvc.yaml in the dataset says which programs make what from the data. Its stages show up here.", "Show the folder", s.act.Reveal)
	p.layout = container.NewStack(p.full, p.empty)
	p.ExtendBaseWidget(p)
	return p
}

// set shows new values.
func (p *pipeline) set() {
	v := p.s.val.Pipeline
	shown(p.full, len(v.Stages) > 0 || !v.Asked || v.Say != "")
	shown(p.empty, len(v.Stages) == 0 && v.Asked && v.Say == "")
	p.banner.Set(kit.Bad, v.Say, v.Hint, "", nil)
	idle := v.Job == nil
	shown(p.run.around, idle)
	shown(p.again.around, idle)
	shown(p.stop.around, !idle)
	shown(p.bar, !idle)
	can := len(v.Stages) > 0 && p.s.act.Run != nil
	enable(p.run.Button, can)
	enable(p.again.Button, can)
	enable(p.stop.Button, !idle && v.Job.State != job.Stopping)
	if !idle {
		p.bar.SetValue(fraction(*v.Job))
	}
	p.sum.SetText(v.summary())
	p.graph.set(v.Stages)
	atEnd := len(p.log) != len(v.Log)
	p.log = v.Log
	p.lines.Refresh()
	if atEnd && len(p.log) > 0 {
		p.lines.ScrollToBottom()
	}
	p.show()
	p.layout.Refresh()
}

func (v Pipeline) summary() string {
	n, changed := 0, 0
	for _, s := range v.Stages {
		if s.State != StageData {
			n++
		}
		if s.State != StageClean && s.State != StageDone && s.State != StageData {
			changed++
		}
	}
	switch {
	case v.Job != nil && v.Job.State == job.Stopping:
		return "Stopping. The stage that ran is left as it was not run."
	case v.Job != nil:
		return fmt.Sprintf("Running %s. %d of %s done.", v.Job.Step, v.Job.Done, count(int(v.Job.Total), "stage"))
	case v.Say != "":
		return ""
	case !v.Asked:
		return "Looking at what has changed…"
	case changed == 0:
		return "All " + count(n, "stage") + " are up to date."
	}
	return fmt.Sprintf("%d of %s would run: what they read has changed.", changed, count(n, "stage"))
}

// show says all of the chosen stage: the first that is not up to date, if none is.
func (p *pipeline) show() {
	all := p.s.val.Pipeline.Stages
	var c Stage
	for _, s := range all {
		if s.Name == p.chosen {
			c = s
		}
	}
	for _, s := range all {
		if c.Name == "" && s.State != StageClean && s.State != StageData {
			c = s
		}
	}
	if c.Name == "" && len(all) > 0 {
		c = all[0]
	}
	p.graph.choose(c.Name)
	p.title.SetText(c.Title)
	var facts []kit.Fact
	list := func(name string, values []string) {
		const most = 12
		for i, x := range values {
			if i == most {
				facts = append(facts, kit.Fact{Value: fmt.Sprintf("and %d more", len(values)-most)})
				return
			}
			if i > 0 {
				name = ""
			}
			facts = append(facts, kit.Fact{Name: name, Value: x})
		}
	}
	list("What it is", trim(c.Desc))
	list("Why it would run", c.Why)
	list("Command", c.Commands)
	list("Reads", c.Reads)
	list("Makes", c.Made)
	p.facts.Set(facts)
}

func trim(s string) []string {
	if s = strings.TrimSpace(s); s == "" {
		return nil
	}
	return []string{s}
}

func (p *pipeline) ask(force bool) {
	if p.s.act.Run != nil {
		p.s.act.Run(force)
	}
}

func (p *pipeline) askAgain() {
	kit.Ask(p, kit.Question{
		Title: "Run every stage again?", Sentence: "Also what is up to date runs anew, which may take long. What it made before stays in the history.", Button: "Run all",
	}, nil, func() { p.ask(true) })
}

// CreateRenderer makes pipeline a Fyne widget.
func (p *pipeline) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(p.layout) }
