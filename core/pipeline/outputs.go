package pipeline

import (
	"context"

	"coverslip.dev/coverslip/core/dataset"
)

// Outputs returns what the stages of a dataset have made and DVC versions, as their lock
// files record it. It is made for [dataset.Options].
func Outputs(ctx context.Context, repo *dataset.Repository) ([]dataset.Output, error) {
	files, err := repo.Find(ctx, "dvc.yaml")
	if err != nil || len(files) == 0 {
		return nil, err
	}
	g, err := Load(ctx, repo)
	if err != nil {
		return nil, err
	}
	locks, err := g.locks(nil)
	if err != nil {
		return nil, err
	}
	var all []dataset.Output
	for _, s := range g.Stages {
		if s.source() {
			continue
		}
		l := locks[s.File]
		rec := l.records[s.key]
		if rec == nil {
			continue
		}
		for _, o := range s.Outs {
			if it, ok := rec.outs[o.as]; ok && o.Cached && !it.legacy && it.MD5 != "" {
				made := dataset.Made(o.Path, l.name, it.Object)
				made.Stays, made.Remote = o.Stays, o.Remote
				all = append(all, made)
			}
		}
	}
	return all, nil
}
