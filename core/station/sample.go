package station

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"time"

	"coverslip.dev/coverslip/assets/sample"
	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/model"
	"coverslip.dev/coverslip/core/model/local"
)

// sampleInstrument is the simulated one's name.
const sampleInstrument = "Sample microscope"

// furnish gives a new workspace the sample bench's settings; one that has settings keeps
// them.
func (s *Station) furnish() error {
	set := s.file.Settings()
	if len(set.Folders) > 0 {
		return nil
	}
	ws := s.opt.Workspace
	folder, nas := filepath.Join(ws, "instrument"), filepath.Join(ws, "nas")
	for _, d := range []string{folder, nas} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	set.Folders = []config.Folder{{Path: folder, Instrument: sampleInstrument, Quiet: 2 * time.Second}}
	set.Remote = nas
	if set.Person.Name == "" {
		set.Person = config.Person{Name: "Robin Sample", Email: "robin@example.org"}
	}
	return s.file.Save(set)
}

// play runs the simulated instrument.
func (s *Station) play(ctx context.Context) error {
	return instrument{
		captures: sample.Captures(), folder: filepath.Join(s.opt.Workspace, "instrument"),
		every: 3 * time.Second, chunk: 128 << 10, pause: 150 * time.Millisecond,
	}.run(ctx)
}

func sampleNames() ([]string, error) { return fs.Glob(sample.Captures(), "*") }

// training is the run that made the bundled model, as packaging/training wrote it down.
type training struct {
	Experiment string                     `json:"experiment"`
	Run        string                     `json:"run"`
	Params     map[string]any             `json:"params"`
	Tags       map[string]string          `json:"tags"`
	Metrics    map[string][]trainingPoint `json:"metrics"`
}

type trainingPoint struct {
	Step  int64   `json:"step"`
	Value float64 `json:"value"`
}

// bundled puts the bundled model and the run that made it into the workspace's own
// tracker and registry, once.
func bundled(ctx context.Context, own *local.Store) error {
	ms, err := own.Models(ctx)
	if err != nil || len(ms) > 0 {
		return err
	}
	files := map[string][]byte{}
	for _, name := range []string{"model.onnx", "coverslip.yaml", "training.json"} {
		if files[name], err = fs.ReadFile(sample.Model(), name); err != nil {
			return err
		}
	}
	var t training
	if err := json.Unmarshal(files["training.json"], &t); err != nil {
		return fmt.Errorf("training.json: %w", err)
	}
	run, err := logTraining(ctx, own, t)
	if err != nil {
		return err
	}
	name := config.Default().Model
	v, err := own.Register(ctx, name, run, files, map[string]string{"coverslip.bundled": "true"})
	if err != nil {
		return err
	}
	return own.SetAlias(ctx, name, model.Champion, v.Version)
}

func logTraining(ctx context.Context, own *local.Store, t training) (string, error) {
	params := map[string]string{}
	for k, v := range t.Params {
		params[k] = fmt.Sprint(v)
	}
	run, err := own.Start(ctx, t.Experiment, t.Run, params, t.Tags)
	if err != nil {
		return "", err
	}
	var points []model.Metric
	for name, ps := range t.Metrics {
		for _, p := range ps {
			points = append(points, model.Metric{Name: name, Value: p.Value, Step: p.Step, At: run.Started})
		}
	}
	sort.Slice(points, func(i, j int) bool { return points[i].Step < points[j].Step })
	if err := own.Log(ctx, run.ID, points...); err != nil {
		return "", err
	}
	return run.ID, own.Finish(ctx, run.ID, false)
}
