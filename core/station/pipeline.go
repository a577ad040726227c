package station

import (
	"context"
	"maps"
	"slices"
	"sync"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/job"
	"coverslip.dev/coverslip/core/pipeline"
)

// StageState is a stage of the dataset's pipeline and whether it would run now.
type StageState struct {
	pipeline.Stage

	Reasons []pipeline.Reason // why it would; none: nothing has changed
}

// Running says how the pipeline's last run goes, or went.
type Running struct {
	Steps map[string]pipeline.Step // of the stages that it came to; StepFailed of the one that went wrong
	Log   []LogLine                // what the commands wrote, the end of it
}

// LogLine is a line that a stage's command wrote.
type LogLine struct{ Stage, Text string }

// StepFailed is what became of a stage that went wrong, StepStopped of one that was stopped.
const (
	StepFailed  pipeline.Step = "failed"
	StepStopped pipeline.Step = "stopped"
)

// logKept is how many lines of a run are kept.
const logKept = 1000

// repro is the pipeline's last run.
type repro struct {
	mu    sync.Mutex // guards below
	last  string     // the stage that runs
	steps map[string]pipeline.Step
	log   []LogLine
}

// Pipeline returns the stages of the dataset's pipeline, none if it has no dvc.yaml. After
// them come the .dvc files that feed them. It hashes what has changed since it was last
// looked at.
func (s *Station) Pipeline(ctx context.Context) ([]StageState, error) {
	g, err := pipeline.Load(ctx, s.repo)
	if err != nil || len(g.Files) == 0 {
		return nil, err
	}
	states, err := g.Status(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]StageState, len(states))
	for i, st := range states {
		out[i] = StageState{g.Stages[i], st.Reasons}
	}
	return out, nil
}

// Running returns how the pipeline's last run goes.
func (s *Station) Running() Running {
	r := &s.repro
	r.mu.Lock()
	defer r.mu.Unlock()
	return Running{maps.Clone(r.steps), slices.Clone(r.log)}
}

// Repro runs the stages of the pipeline that have changed, all of them if forced; a target
// alone with what it needs.
func (s *Station) Repro(ctx context.Context, target string, force bool) error {
	title, targets := "Run the pipeline", []string(nil)
	if target != "" {
		title, targets = "Run "+target, []string{target}
	}
	return s.works(ctx, Reproducing, ThePipeline, title, func(ctx context.Context, p *job.Progress) error {
		g, err := pipeline.Load(ctx, s.repo)
		if err != nil {
			return err
		}
		r := &s.repro
		r.begin()
		_, err = g.Repro(ctx, targets, pipeline.Options{Force: force, Log: r.say, Step: r.step}, p)
		r.end(err)
		return err
	})
}

func (r *repro) begin() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.steps, r.log = "", map[string]pipeline.Step{}, nil
}

func (r *repro) step(stage string, what pipeline.Step) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last, r.steps[stage] = stage, what
}

func (r *repro) say(stage, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log = append(r.log, LogLine{stage, line}); len(r.log) > 2*logKept {
		r.log = slices.Clone(r.log[len(r.log)-logKept:])
	}
}

// end marks the stage that was under way when the run broke off.
func (r *repro) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil || r.steps[r.last] != pipeline.Running {
		return
	}
	r.steps[r.last] = StepFailed
	if fault.KindOf(err) == fault.Canceled {
		r.steps[r.last] = StepStopped
	}
}
