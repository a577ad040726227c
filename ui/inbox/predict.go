package inbox

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"coverslip.dev/coverslip/ui/kit"
)

// Predictions are how predictions stand, and what may be asked for.
type Predictions struct {
	Models []string // that have a version in force
	Paused bool
	Asked  int // captures that wait because someone asked for a model
}

// SetPredictions says how predictions stand.
func (s *Screen) SetPredictions(p Predictions) {
	s.predictions = p
	s.paused.Set("predictions are paused", kit.Held)
	s.toggle(s.paused, p.Paused)
	s.head.Refresh()
}

// offer opens what can be done about predictions: of the chosen capture, of all that are
// shown, and of those that wait.
func (s *Screen) offer() {
	var all []string
	chosen := ""
	for _, r := range s.shown {
		if r.captured() {
			all = append(all, r.ID)
			if r.ID == s.selected {
				chosen = r.Name
			}
		}
	}
	one := s.with("Predict "+chosen+" with", []string{s.selected})
	if chosen == "" {
		one = fyne.NewMenuItem("Predict the chosen capture with…", nil)
		one.Disabled = true
	}
	hold := fyne.NewMenuItem("Pause predictions", func() { s.act.Hold(true) })
	if s.predictions.Paused {
		hold = fyne.NewMenuItem("Go on with predictions", func() { s.act.Hold(false) })
	}
	cancel := fyne.NewMenuItem(fmt.Sprintf("Take back the %d asked for", s.predictions.Asked), func() { s.act.Cancel() })
	if s.predictions.Asked == 0 {
		cancel.Label, cancel.Disabled = "Take back what was asked for", true
	}
	kit.Menu(s.predict, one, s.with(fmt.Sprintf("Predict all %d shown with", len(all)), all), fyne.NewMenuItemSeparator(), hold, cancel)
}

// with asks for a model.
func (s *Screen) with(label string, ids []string) *fyne.MenuItem {
	m := fyne.NewMenuItem(label+"…", func() {
		pick := widget.NewSelect(s.predictions.Models, nil)
		pick.SetSelectedIndex(0)
		kit.Ask(s.predict, kit.Question{
			Title: label + " which model?", Button: "Predict",
			Sentence: "It is done again, one capture after the other; corrections stay, reviews start over. It can be paused, and taken back while it waits.",
		}, pick, func() { s.act.Predict(ids, pick.Selected) })
	})
	m.Disabled = len(s.predictions.Models) == 0 || len(ids) == 0
	return m
}

// captured reports whether the capture is stored, so that it can be predicted.
func (r Row) captured() bool { return r.standing("captured") == Done }

// standing is where a stage stands.
func (r Row) standing(stage string) State {
	for _, st := range r.Stages {
		if st.Name == stage {
			return st.State
		}
	}
	return Waiting
}
