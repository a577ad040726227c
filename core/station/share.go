package station

import (
	"context"
	"maps"
	"slices"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/model"
)

// Share registers the workspace's own model at the connected server, with the run that
// made it, and puts it in force there if nothing is. A server that has the model already
// is left as it is.
func (s *Station) Share(ctx context.Context, name string) error {
	s.shelves.mu.Lock()
	own, server := s.shelves.local, s.shelves.server
	s.shelves.mu.Unlock()
	if server == nil {
		return fault.New(fault.Invalid, "No MLflow server is connected.", "Give its address under Settings, MLflow.", nil)
	}
	there, err := server.Models(ctx)
	if err != nil {
		return err
	}
	for _, m := range there {
		if m.Name == name {
			return nil
		}
	}
	versions, err := own.Versions(ctx, name)
	if err != nil {
		return err
	}
	last := ""
	for _, v := range slices.Backward(versions) { // the oldest first, so that numbers keep their order
		if last, err = share(ctx, own, server, v); err != nil {
			return err
		}
	}
	if last == "" {
		return fault.New(fault.NotFound, "This workspace has no model named "+name+".", "", nil)
	}
	if err := server.SetAlias(ctx, name, model.Champion, last); err != nil {
		return err
	}
	s.shelves.refreshSoon()
	return nil
}

// share copies one version and its run, and returns its number at the server.
func share(ctx context.Context, from, to platform, v model.Version) (string, error) {
	run, err := shareRun(ctx, from, to, v.Run)
	if err != nil {
		return "", err
	}
	files, err := from.Fetch(ctx, v.Model, v.Version)
	if err != nil {
		return "", err
	}
	made, err := to.Register(ctx, v.Model, run, files, v.Tags)
	return made.Version, err
}

// shareRun copies a run with the whole course of its metrics.
func shareRun(ctx context.Context, from, to platform, id string) (string, error) {
	es, err := from.Experiments(ctx)
	if err != nil {
		return "", err
	}
	for _, e := range es {
		rs, err := from.Runs(ctx, e.ID, runsShown)
		if err != nil {
			return "", err
		}
		for _, r := range rs {
			if r.ID == id {
				return copyRun(ctx, from, to, e.Name, r)
			}
		}
	}
	return "", nil // a version without a run is registered without one
}

func copyRun(ctx context.Context, from, to platform, experiment string, r model.Run) (string, error) {
	tags := maps.Clone(r.Tags)
	if tags == nil {
		tags = map[string]string{}
	}
	tags["coverslip.run"] = r.ID
	made, err := to.Start(ctx, experiment, r.Name, r.Params, tags)
	if err != nil {
		return "", err
	}
	for name := range r.Metrics {
		points, err := from.History(ctx, r.ID, name)
		if err != nil {
			return "", err
		}
		if err := to.Log(ctx, made.ID, points...); err != nil {
			return "", err
		}
	}
	return made.ID, to.Finish(ctx, made.ID, r.Status == "FAILED")
}
