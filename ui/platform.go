package ui

import (
	"cmp"
	"context"
	"log/slog"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/flow"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/release"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/kit"
	"coverslip.dev/coverslip/ui/models"
	"coverslip.dev/coverslip/ui/runs"
)

func (w *window) setShelves(map[string]station.Shelf) {
	w.fillModels()
	w.fillRuns()
	if c := w.curve; c.Say != "" && !w.shelf().Offline {
		w.askCurve(c.Run, c.Metric) // it may be there now
	}
}

// shelf is what the platform in use last said: the server's where one is connected.
func (w *window) shelf() station.Shelf {
	all := w.station.Shelves().All()
	if sh, ok := all["mlflow"]; ok {
		return sh
	}
	return all["local"]
}

// source says where models and runs come from, and how old what is shown is.
func source(sh station.Shelf) string {
	switch {
	case sh.Name == "":
		return ""
	case sh.Offline && sh.At.IsZero():
		return sh.Name + " (never seen yet)"
	case sh.Offline:
		return sh.Name + " (as of " + clock(sh.At) + ", offline)"
	}
	return sh.Name + " (as of " + clock(sh.At) + ")"
}

func (w *window) fillModels() {
	sh := w.shelf()
	v := models.Values{Source: source(sh), Offline: sh.Offline}
	for _, m := range sh.Models {
		row := models.Model{Name: m.Name, Description: m.Description}
		for _, ver := range sh.Versions[m.Name] {
			row.Versions = append(row.Versions, version(m, ver, sh.Runs))
		}
		for _, p := range sh.History[m.Name] {
			row.History = append(row.History, models.Move{
				At: p.At.Local(), Who: p.Who, Why: p.Why, Alias: model.Champion, From: p.From, To: p.Version, Back: p.Rollback,
			})
		}
		v.Models = append(v.Models, row)
	}
	if name := w.station.Settings().Model; sh.Server && !sh.Offline && !slices.ContainsFunc(sh.Models, func(m model.Model) bool { return m.Name == name }) {
		v.Missing = name
	}
	if sh.Offline && len(sh.Models) == 0 {
		v.Say, v.Hint = sh.Say, sh.Hint
	}
	w.progress(&v)
	w.models.Set(v)
}

func version(m model.Model, v model.Version, rs []model.Run) models.Version {
	out := models.Version{Number: v.Version, Stage: v.Stage, Run: v.Run, By: v.User, Created: v.Created.Local()}
	for alias, to := range m.Aliases {
		if to == v.Version {
			out.Aliases = append(out.Aliases, alias)
		}
	}
	slices.Sort(out.Aliases)
	for _, r := range rs {
		if r.ID != v.Run {
			continue
		}
		for name, value := range r.Metrics {
			out.Metrics = append(out.Metrics, kit.Fact{Name: name, Value: number(value)})
		}
		slices.SortFunc(out.Metrics, func(a, b kit.Fact) int { return cmp.Compare(a.Name, b.Name) })
	}
	if v.Source != "" {
		out.Facts = append(out.Facts, kit.Fact{Name: "Source", Value: v.Source})
	}
	return out
}

// progress says how the newest release goes.
func (w *window) progress(v *models.Values) {
	var newest flow.Item
	for _, it := range w.station.Items().All() {
		if it.Line == release.LineName && it.Created.After(newest.Created) {
			newest = it
		}
	}
	if newest.ID == "" || newest.Behind("promote") {
		return
	}
	for i, stage := range []string{"load", "probe", "promote"} {
		p := newest.Passes[stage]
		if newest.Behind(stage) {
			continue
		}
		v.Say, v.Hint, v.Pending = p.Say, p.Hint, newest.ID
		if p.State != flow.Failed {
			v.Progress, v.Done = newest.Title+": "+stage, float64(i)/3
		}
		return
	}
}

// withdraw takes back a promotion that is not carried out yet, or a capture off the list.
func (w *window) withdraw(id string) {
	w.work.do(func(ctx context.Context) error { return w.station.Withdraw(ctx, id) })
}

// register registers the workspace's own model at the server.
func (w *window) register(name string) {
	w.slow.do(func(ctx context.Context) error { return w.station.Share(ctx, name) })
}

func (w *window) promote(name, version, reason string) {
	w.decide(func(ctx context.Context) (string, error) { return w.station.Promote(ctx, name, version, reason) })
}

func (w *window) rollback(name, reason string) {
	w.decide(func(ctx context.Context) (string, error) { return w.station.Rollback(ctx, name, reason) })
}

func (w *window) decide(f func(context.Context) (string, error)) {
	w.work.do(func(ctx context.Context) error {
		_, err := f(ctx)
		return err
	})
}

func (w *window) fillRuns() {
	sh := w.shelf()
	v := runs.Values{Source: source(sh), Offline: sh.Offline, Say: sh.Say, Hint: sh.Hint, Curve: w.curve}
	for _, r := range sh.Runs {
		v.Runs = append(v.Runs, runs.Run{
			ID: r.ID, Name: r.Name, Experiment: r.Experiment, Status: r.Status, User: r.User,
			Started: r.Started.Local(), Ended: r.Ended.Local(), Params: r.Params, Metrics: r.Metrics,
		})
	}
	w.runs.Set(v)
}

// askCurve brings the course of a metric to the runs screen. Where nobody has it, that is said there: it is
// asked for also when a run comes up by itself.
func (w *window) askCurve(run, metric string) {
	if w.shelf().Server != (w.station.Settings().MLflow.URL != "") {
		return // the run is of another registry than would be asked, which has said nothing yet
	}
	w.slow.do(func(ctx context.Context) error {
		ms, err := w.station.Curve(ctx, run, metric)
		c := runs.Curve{Run: run, Metric: metric}
		if err != nil {
			w.opt.Log.Warn("no curve", slog.String("run", run), slog.Any("error", err))
			c.Say, _ = fault.Explain(err)
		}
		for _, m := range ms {
			c.Points = append(c.Points, runs.Point{Step: float64(m.Step), Value: m.Value})
		}
		bind.Screen(func() {
			w.curve = c
			w.fillRuns()
		})
		return nil
	})
}
