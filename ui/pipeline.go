package ui

import (
	"context"
	"fmt"
	"path"
	"strings"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/pipeline"
	"coverslip.dev/coverslip/core/station"
	"coverslip.dev/coverslip/ui/bind"
	"coverslip.dev/coverslip/ui/datasets"
)

// stages are what was last read of the pipeline. It is touched on the screen's thread.
type stages struct {
	asked     bool
	reading   bool
	all       []datasets.Stage
	say, hint string
}

// askPipeline reads how the pipeline stands; a reading that is under way is enough.
func (w *window) askPipeline() {
	if w.stages.reading {
		return
	}
	w.stages.reading = true
	w.longs.do(func(ctx context.Context) error {
		all, err := w.station.Pipeline(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		now := stages{asked: true, all: stageValues(all)}
		if err != nil {
			now.say, now.hint = fault.Explain(err)
		}
		bind.Screen(func() {
			w.stages = now
			w.showPlaces()
		})
		return nil
	})
}

// runPipeline runs what has changed, or everything.
func (w *window) runPipeline(force bool) {
	w.long(func(ctx context.Context) error {
		err := w.station.Repro(ctx, "", force)
		bind.Screen(w.askPipeline)
		return err
	})
}

// pipeline is the graph with what goes on in it now.
func (w *window) pipeline() datasets.Pipeline {
	v := datasets.Pipeline{Asked: w.stages.asked, Say: w.stages.say, Hint: w.stages.hint}
	for _, j := range w.station.Jobs().Jobs.All() {
		if what, _, ok := station.WorkOf(j); ok && what == station.Reproducing && j.Ended.IsZero() {
			v.Job = &j
		}
	}
	run := w.station.Running()
	for _, l := range run.Log {
		v.Log = append(v.Log, l.Stage+"  "+l.Text)
	}
	shown := map[pipeline.Step]datasets.StageState{
		pipeline.Running: datasets.StageRunning, pipeline.Done: datasets.StageDone, pipeline.Restored: datasets.StageDone,
		pipeline.Unchanged: datasets.StageClean, station.StepFailed: datasets.StageFailed, station.StepStopped: datasets.StageStopped,
	}
	for _, s := range w.stages.all {
		step, came := shown[run.Steps[s.Name]]
		switch over := v.Job == nil; {
		case !came || s.State == datasets.StageData:
		case !over, s.State == datasets.StageChanged && (step == datasets.StageFailed || step == datasets.StageStopped):
			s.State = step // what it has changed since then would say more
		}
		v.Stages = append(v.Stages, s)
	}
	return v
}

// stageValues are the stages as the screen shows them, and of the versioned files those
// that feed one: each as a box of its own, or as one box for many.
func stageValues(all []station.StageState) []datasets.Stage {
	data := map[string]station.StageState{}
	for _, s := range all {
		if len(s.Cmd) == 0 {
			data[s.Name] = s
		}
	}
	var sources, out []datasets.Stage
	made := map[string]bool{}
	for _, s := range all {
		if len(s.Cmd) == 0 {
			continue
		}
		v := stageValue(s)
		var files []string
		for _, up := range s.Upstream {
			if _, ok := data[up]; ok {
				files = append(files, up)
			} else {
				v.Upstream = append(v.Upstream, up)
			}
		}
		if box, ok := dataBox(s.Name, files, data); ok {
			v.Upstream = append(v.Upstream, box.Name)
			if !made[box.Name] {
				made[box.Name] = true
				sources = append(sources, box)
			}
		}
		out = append(out, v)
	}
	return append(sources, out...)
}

// stageValue is a stage without what feeds it.
func stageValue(s station.StageState) datasets.Stage {
	v := datasets.Stage{Name: s.Name, Title: s.Name, Desc: s.Desc, Commands: s.Cmd, State: datasets.StageClean}
	for _, d := range s.Deps {
		v.Reads = append(v.Reads, d.Path)
	}
	for _, p := range s.Params {
		v.Reads = append(v.Reads, strings.TrimSuffix(p.Path+": "+strings.Join(p.Keys, ", "), ": "))
	}
	for _, o := range s.Outs {
		v.Made = append(v.Made, o.Path)
	}
	for _, r := range s.Reasons {
		v.State = datasets.StageChanged
		v.Why = append(v.Why, why(r))
	}
	return v
}

// why says in a person's words why a stage would run.
func why(r pipeline.Reason) string {
	what := r.Path
	if r.Key != "" {
		what += ": " + r.Key
	}
	switch r.Kind {
	case pipeline.ChangedCommand:
		return "Its command has changed"
	case pipeline.AlwaysChanged:
		return "It runs each time"
	case pipeline.ChangedOuts:
		what = "Its result " + what
	}
	switch r.State {
	case dataset.Deleted:
		return what + " is not there"
	case dataset.NotInCache:
		return what + " is not on this computer"
	case dataset.Modified:
		return what + " has changed"
	}
	return what + " is " + r.State
}

// dataBox is a box for the versioned files that feed a stage.
func dataBox(stage string, files []string, data map[string]station.StageState) (datasets.Stage, bool) {
	if len(files) == 0 {
		return datasets.Stage{}, false
	}
	box := datasets.Stage{Name: files[0], Title: path.Base(strings.TrimSuffix(files[0], ".dvc")), Desc: "versioned data"}
	if len(files) > 1 {
		box = datasets.Stage{Name: "data of " + stage, Title: fmt.Sprintf("%d versioned files", len(files)), Desc: "versioned data"}
	}
	for _, f := range files {
		for _, o := range data[f].Outs {
			box.Made = append(box.Made, o.Path)
		}
		for _, r := range data[f].Reasons {
			box.State, box.Why = datasets.StageChanged, append(box.Why, why(r))
		}
	}
	return box, true
}
