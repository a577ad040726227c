package ui

import (
	"context"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/intake"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/datasets"
	"coverslip.dev/coverslip/ui/kit"
)

// commitsShown is how many commits the screen lists.
const commitsShown = 200

// number writes a value with as many digits as it needs, four at most.
func number(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }

// fillDatasets reads the newest commits and shows them, with the places that hold copies.
func (w *window) fillDatasets() {
	if w.shell.Page() != "datasets" {
		return
	}
	w.slow.do(func(ctx context.Context) error {
		all, err := w.station.Commits(ctx, commitsShown)
		if err != nil {
			return err
		}
		v := datasets.Values{Folder: w.station.Folder()}
		for _, c := range all {
			v.Commits = append(v.Commits, datasets.Commit{
				ID: c.ID[:min(7, len(c.ID))], Who: c.Author.Name, When: c.When.Local(), Message: c.Subject,
			})
		}
		bind.Screen(func() {
			v.Remotes = w.places()
			pushed := len(v.Remotes) > 0
			for _, r := range v.Remotes {
				pushed = pushed && r.Tone == kit.Good
			}
			for i := range v.Commits {
				v.Commits[i].Pushed = pushed
			}
			w.datasets.Set(v)
		})
		return nil
	})
}

// places are the remote and the git server of the settings, with how they stand.
func (w *window) places() []datasets.Remote {
	set := w.station.Settings()
	state := datasets.Remote{Tone: kit.Good, State: "up to date"}
	for _, it := range w.station.Items().All() {
		if it.Line != intake.LineName {
			continue
		}
		for _, stage := range []string{"push", "publish"} {
			p := it.Passes[stage]
			switch {
			case p.State == flow.Running:
				state.Pushing = true
			case p.Say != "" && p.State != flow.Skipped:
				state.Tone, state.State, state.Say, state.Hint = kit.Held, "waiting", p.Say, p.Hint
			}
		}
	}
	var out []datasets.Remote
	if set.Remote != "" {
		r := state
		r.ID, r.Name, r.Kind, r.Address = "nas", "NAS", "DVC remote", set.Remote
		out = append(out, r)
	}
	if set.Git.URL != "" {
		r := state
		r.ID, r.Name, r.Kind, r.Address = "lab", "Git", "Git server", set.Git.URL
		out = append(out, r)
	}
	return out
}

func (w *window) push(string) {
	w.slow.do(func(ctx context.Context) error { return w.station.Push(ctx) })
}

// trimmed is s without white space around it.
func trimmed(s string) string { return strings.TrimSpace(s) }
