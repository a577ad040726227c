package ui

import (
	"fmt"
	"path/filepath"
	"time"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/inbox"
)

// reach is how far what is committed goes.
type reach int

const (
	here   reach = iota // no further than this computer
	copied              // the data to a remote
	shared              // the history to a git server, too
)

// reach is how far it goes by the settings.
func (w *window) reach() reach {
	switch {
	case w.shared():
		return shared
	case w.station.Settings().Remote != "":
		return copied
	}
	return here
}

// step is a stage of package intake as the inbox names it.
type step struct {
	stage, name string
	out         bool // what it does is to bring things away from this computer
}

// steps are all of them. The last one pushes what was committed.
func steps(to reach) []step {
	last := "data pushed"
	if to == shared {
		last = "published"
	}
	return []step{
		{stage: "capture", name: "captured"},
		{stage: "version", name: "versioned"},
		{stage: "push", name: "pushed", out: true},
		{stage: "infer", name: "predicted"},
		{stage: "review", name: "review"},
		{stage: "record", name: "committed"},
		{stage: "publish", name: last, out: true},
	}
}

// captureRow shows an item of the intake line.
func captureRow(it flow.Item, to reach) inbox.Row {
	r := inbox.Row{
		ID: it.ID, Name: it.Title, At: it.Created, Objects: -1, State: inbox.Done,
		Stages: []inbox.Stage{{Name: "arrived", State: inbox.Done}},
	}
	var c intake.Capture
	if it.Read(&c) == nil {
		r.Bytes = c.Size
	}
	var p intake.Predicted
	if it.Behind("infer") && it.Out("infer", &p) {
		r.Objects, r.Model = p.Objects, p.Model+"@"+p.Version
	}
	for _, s := range steps(to) {
		pass := it.Passes[s.stage]
		if pass.State == flow.Skipped || pass.State == flow.Waiting && pass.Say == "" && s.out && to == here { // there is nothing to do
			continue
		}
		state := stageState(pass)
		if s.stage == "review" && state == inbox.Done {
			s.name = "reviewed"
		}
		note := pass.Say
		if state == inbox.Running { // why it had waited
			note = ""
		}
		r.Stages = append(r.Stages, inbox.Stage{Name: s.name, State: state, Note: note})
		r.State = worst(r.State, state)
		if pass.Say != "" && (state == inbox.Failed || state == inbox.Held) && r.Reason == "" {
			r.Reason, r.Hint = pass.Say, pass.Hint
		}
	}
	return r
}

// stageState translates how an item stands.
func stageState(p flow.Pass) inbox.State {
	switch p.State {
	case flow.Running:
		return inbox.Running
	case flow.Passed, flow.Skipped:
		return inbox.Done
	case flow.Failed:
		return inbox.Failed
	case flow.Yours:
		return inbox.Person
	case flow.Waiting:
		if p.Say != "" {
			return inbox.Held
		}
	}
	return inbox.Waiting
}

// worst says which state of a stage decides for the whole capture.
func worst(a, b inbox.State) inbox.State {
	order := []inbox.State{inbox.Failed, inbox.Held, inbox.Running, inbox.Person, inbox.Waiting, inbox.Done}
	for _, s := range order {
		if a == s || b == s {
			return s
		}
	}
	return b
}

// sightingRow shows a file that is still arriving, or held.
func sightingRow(s station.Sighting, to reach) inbox.Row {
	r := inbox.Row{
		ID: s.Path, Name: filepath.Base(s.Path), At: s.Since, Bytes: s.Size, Objects: -1, State: inbox.Running,
		Reason: s.Say, Hint: s.Hint, Yours: stuck(s),
		Stages: []inbox.Stage{{Name: "arriving", State: inbox.Running, Note: megabytes(s.Size)}},
	}
	if s.Say != "" && !s.Arriving {
		r.State, r.Stages[0].State = inbox.Held, inbox.Held
	}
	for _, st := range steps(to) {
		if !st.out || to != here {
			r.Stages = append(r.Stages, inbox.Stage{Name: st.name})
		}
	}
	return r
}

// stuck reports whether a file is held for what somebody has to do. The quiet before each is captured has
// no hint, nor has that another file is waited for; and an instrument may make its file before it writes to it.
func stuck(s station.Sighting) bool {
	return !s.Arriving && s.Say != "" && s.Hint != "" && (s.Size > 0 || time.Since(s.Since) > time.Minute)
}

// notHere is why a file that is on its way can't be opened: what the inbox says of it, if it says anything.
func (w *window) notHere(id string) (say, hint string) {
	if s, ok := w.station.Sightings().Row(id); ok && s.Say != "" {
		return s.Say, s.Hint
	}
	return "This file has not arrived yet.", "It opens once it is captured."
}

func megabytes(n int64) string { return fmt.Sprintf("%.1f MB", float64(n)/1e6) }
