package local

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// experiment is an entry of experiments.json, and run is run.json.
type (
	experiment struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	run struct {
		ID         string            `json:"id"`
		Name       string            `json:"name"`
		Experiment string            `json:"experiment"` // its id
		Status     string            `json:"status"`
		User       string            `json:"user"`
		Started    time.Time         `json:"started"`
		Ended      time.Time         `json:"ended,omitzero"`
		Params     map[string]string `json:"params,omitempty"`
		Tags       map[string]string `json:"tags,omitempty"`
	}
)

const experimentsFile = "experiments.json"

// Experiments returns all experiments, the oldest first.
func (s *Store) Experiments(ctx context.Context) ([]model.Experiment, error) {
	if err := live(ctx, "experiments"); err != nil {
		return nil, err
	}
	var es []experiment
	if err := s.load(&es, experimentsFile); err != nil {
		return nil, err
	}
	out := make([]model.Experiment, 0, len(es))
	for _, e := range es {
		out = append(out, model.Experiment(e))
	}
	return out, nil
}

// Runs returns the newest runs of the experiment with that id.
func (s *Store) Runs(ctx context.Context, experiment string, limit int) ([]model.Run, error) {
	es, err := s.Experiments(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(es, func(e model.Experiment) bool { return e.ID == experiment })
	if i < 0 {
		return nil, missing("experiment with the number " + experiment)
	}
	dirs, err := os.ReadDir(s.path(runsDir))
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var out []model.Run
	for _, d := range dirs {
		if err := live(ctx, "list runs"); err != nil {
			return nil, err
		}
		if !isID(d.Name()) {
			continue
		}
		r, err := s.run(d.Name())
		if err != nil {
			return nil, err
		}
		if r.Experiment == experiment {
			out = append(out, r.shown(es[i].Name))
		}
	}
	slices.SortFunc(out, func(a, b model.Run) int {
		return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(a.ID, b.ID))
	})
	out = out[:min(len(out), max(limit, 0))]
	for i := range out {
		if out[i].Metrics, err = s.last(out[i].ID); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r run) shown(experiment string) model.Run {
	return model.Run{
		ID: r.ID, Name: r.Name, Experiment: experiment, Status: r.Status, User: r.User,
		Started: r.Started, Ended: r.Ended, Params: r.Params, Tags: r.Tags,
	}
}

// Start makes a run, and the experiment if need be.
func (s *Store) Start(ctx context.Context, experiment, name string, params, tags map[string]string) (model.Run, error) {
	if experiment == "" {
		return model.Run{}, fault.New(fault.Invalid, "The experiment of a run has no name.", "Name it.", nil)
	}
	r := run{
		ID: freshID(), Name: name, Status: "RUNNING", User: s.person,
		Started: time.Now().UTC().Truncate(time.Millisecond), Params: params, Tags: tags,
	}
	err := s.writing(ctx, func() error {
		var err error
		if r.Experiment, err = s.experiment(experiment); err != nil {
			return err
		}
		tmp, err := os.MkdirTemp(s.path(runsDir), newPrefix+"*")
		if err != nil {
			return fmt.Errorf("start run: %w", err)
		}
		if err := os.Chmod(tmp, 0o755); err != nil { //nolint:gosec // a lab shares it
			return fmt.Errorf("start run: %w", err)
		}
		if err := s.save(r, runsDir, filepath.Base(tmp), "run.json"); err != nil {
			return err
		}
		if err := os.Rename(tmp, s.path(runsDir, r.ID)); err != nil {
			return fmt.Errorf("start run: %w", err)
		}
		return syncDir(s.path(runsDir))
	})
	return r.shown(experiment), err
}

// experiment returns the id of a named experiment, which it makes. The lock is held.
func (s *Store) experiment(name string) (string, error) {
	var es []experiment
	if err := s.load(&es, experimentsFile); err != nil {
		return "", err
	}
	for _, e := range es {
		if e.Name == name {
			return e.ID, nil
		}
	}
	id := strconv.Itoa(len(es) + 1)
	return id, s.save(append(es, experiment{ID: id, Name: name}), experimentsFile)
}

// run reads run.json.
func (s *Store) run(id string) (run, error) {
	var r run
	if !isID(id) {
		return r, missing("run with the number " + id)
	}
	if err := s.load(&r, runsDir, id, "run.json"); err != nil {
		return r, err
	}
	if r.ID != id {
		return r, missing("run with the number " + id)
	}
	return r, nil
}

// Put keeps a file with a run; one of that name is replaced.
func (s *Store) Put(ctx context.Context, run, path string, r io.Reader) error {
	if err := live(ctx, "put "+path); err != nil {
		return err
	}
	if _, err := s.run(run); err != nil {
		return err
	}
	to, err := place(s.path(runsDir, run, "files"), path)
	if err != nil {
		return err
	}
	if err := pour(ctx, to, r); err != nil {
		return fmt.Errorf("put %s: %w", path, err)
	}
	return nil
}

// Open opens a file of a run.
func (s *Store) Open(ctx context.Context, run, path string) (io.ReadCloser, error) {
	if err := live(ctx, "open "+path); err != nil {
		return nil, err
	}
	if _, err := s.run(run); err != nil {
		return nil, err
	}
	from, err := place(s.path(runsDir, run, "files"), path)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(from) //nolint:gosec // place has checked the name
	if errors.Is(err, fs.ErrNotExist) {
		return nil, missing("file " + path + " in that run")
	}
	return f, err
}

// Finish ends a run.
func (s *Store) Finish(ctx context.Context, id string, failed bool) error {
	return s.writing(ctx, func() error {
		r, err := s.run(id)
		if err != nil {
			return err
		}
		r.Status, r.Ended = "FINISHED", time.Now().UTC().Truncate(time.Millisecond)
		if failed {
			r.Status = "FAILED"
		}
		return s.save(r, runsDir, id, "run.json")
	})
}
