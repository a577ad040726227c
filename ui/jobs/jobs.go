// Package jobs is the screen of running and finished work.
package jobs

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/layout"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/theme"
)

// Actions are what the person may do here. Screens ask; they do not act.
type Actions struct {
	Stop func(id string)
}

// Screen shows jobs: what runs first, then the newest.
type Screen struct {
	widget.BaseWidget

	act    Actions
	now    func() time.Time
	jobs   []job.Job
	list   *widget.List
	count  *widget.Label
	title  fyne.CanvasObject
	empty  fyne.CanvasObject
	layout fyne.CanvasObject
}

// New returns an empty screen; now is the clock that durations are told by.
func New(now func() time.Time, act Actions) *Screen {
	s := &Screen{act: act, now: now, count: kit.NewQuiet("")}
	s.count.Truncation = fyne.TextTruncateOff
	s.list = widget.NewList(
		func() int { return len(s.jobs) },
		func() fyne.CanvasObject { return newRow(s) },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if r, ok := o.(*row); ok && i < len(s.jobs) {
				r.set(s.jobs[i])
			}
		})
	s.empty = kit.NewEmpty(theme.Icon("jobs"), "Nothing runs",
		"Long work shows up here while it runs: pushes, predictions, promotions. It can be stopped and leaves no half.", "", nil)
	s.title = kit.NewTitle("Jobs", s.count)
	s.layout = container.NewPadded(container.NewBorder(s.title, nil, nil, nil, container.NewStack(s.list, s.empty)))
	s.ExtendBaseWidget(s)
	s.Set(nil)
	return s
}

// Set replaces what is shown.
func (s *Screen) Set(all map[string]job.Job) {
	s.jobs = s.jobs[:0]
	running := 0
	for _, j := range all {
		s.jobs = append(s.jobs, j)
		if alive(j) {
			running++
		}
	}
	slices.SortFunc(s.jobs, func(a, b job.Job) int {
		if alive(a) != alive(b) {
			if alive(a) {
				return -1
			}
			return 1
		}
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	s.count.SetText("")
	if len(s.jobs) > 0 {
		s.count.SetText(fmt.Sprintf("%d running · %d ended", running, len(s.jobs)-running))
	}
	s.title.Refresh()
	if len(s.jobs) == 0 {
		s.list.Hide()
		s.empty.Show()
	} else {
		s.empty.Hide()
		s.list.Show()
	}
	for i, j := range s.jobs {
		s.list.SetItemHeight(i, height(j))
	}
	s.list.Refresh()
}

func alive(j job.Job) bool { return j.Ended.IsZero() }

func height(j job.Job) float32 {
	if j.Say != "" {
		return 86
	}
	return 64
}

// CreateRenderer makes Screen a Fyne widget.
func (s *Screen) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.layout) }

// row is one job: its name and step, how far it is, and a stop button.
type row struct {
	widget.BaseWidget

	s      *Screen
	id     string
	title  *widget.Label
	step   *widget.Label
	say    *widget.Label
	chip   *kit.Chip
	bar    *widget.ProgressBar
	stop   *widget.Button
	layout fyne.CanvasObject
}

func newRow(s *Screen) *row {
	r := &row{
		s: s, title: widget.NewLabel(""), step: kit.NewQuiet(""), say: widget.NewLabel(""),
		chip: kit.NewChip("stopping", kit.Neutral), bar: widget.NewProgressBar(),
	}
	r.title.TextStyle.Bold = true
	r.title.Truncation, r.say.Truncation = fyne.TextTruncateEllipsis, fyne.TextTruncateEllipsis
	r.stop = widget.NewButton("Stop", func() {
		if s.act.Stop != nil {
			s.act.Stop(r.id)
		}
	})
	state := container.NewVBox(layout.NewSpacer(), container.NewStack(kit.NewGap(84, 0), r.chip), layout.NewSpacer())
	bar := container.NewStack(kit.NewGap(220, 0), container.NewVBox(layout.NewSpacer(), r.bar, layout.NewSpacer()))
	right := container.NewHBox(bar, container.NewVBox(layout.NewSpacer(), kit.Tall(r.stop), layout.NewSpacer()))
	text := container.New(layout.NewCustomPaddedVBoxLayout(-14), r.title, r.step, r.say)
	r.layout = container.New(layout.NewCustomPaddedLayout(2, 2, 8, 8), container.NewBorder(nil, nil, state, right,
		container.NewVBox(layout.NewSpacer(), text, layout.NewSpacer())))
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) set(j job.Job) {
	r.id = j.ID
	r.title.SetText(j.Title)
	r.step.SetText(stepLine(j, r.s.now()))
	r.chip.Set(j.State.String(), tone(j.State))
	r.say.SetText(strings.TrimSpace(j.Say + "  " + j.Hint))
	r.say.Importance = widget.DangerImportance
	visible(r.say, j.Say != "")
	visible(r.bar, alive(j) && j.Total > 0)
	r.bar.Max = max(1, float64(j.Total))
	r.bar.SetValue(float64(j.Done))
	visible(r.stop, j.State == job.Running || j.State == job.Queued)
	r.layout.Refresh()
}

func visible(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}

func tone(s job.State) kit.Tone {
	switch s {
	case job.Running:
		return kit.Busy
	case job.Done:
		return kit.Good
	case job.Failed:
		return kit.Bad
	case job.Stopping:
		return kit.Held
	case job.Queued, job.Stopped:
	}
	return kit.Neutral
}

// stepLine says what is done now, and for how long it has run.
func stepLine(j job.Job, now time.Time) string {
	var parts []string
	if alive(j) && j.Step != "" {
		parts = append(parts, j.Step)
	}
	if words := j.Words(now); words != "" {
		parts = append(parts, words)
	}
	if !j.Started.IsZero() {
		end := j.Ended
		if end.IsZero() {
			end = now
		}
		parts = append(parts, j.Started.Format("15:04:05"), end.Sub(j.Started).Round(time.Second).String())
	}
	return strings.Join(parts, " · ")
}

// CreateRenderer makes row a Fyne widget.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.layout) }
