package station

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/pipeline"
)

// IsWorkspace reports whether a station has worked in dir.
func IsWorkspace(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "session.db"))
	return err == nil
}

// OpenDataset opens the dataset at or above dir: that of a workspace, or any repository
// that git and dvc made. Its commits are signed by the person of the workspace, or by the
// one that git knows.
func OpenDataset(ctx context.Context, dir string, log *slog.Logger) (*dataset.Repository, error) {
	return dataset.Open(ctx, datasetDir(dir), dataset.Options{Log: log, Made: pipeline.Outputs})
}

// InitDataset makes dir a dataset.
func InitDataset(ctx context.Context, dir string, log *slog.Logger) (*dataset.Repository, error) {
	return dataset.Init(ctx, dir, dataset.Options{Log: log, CI: true, Made: pipeline.Outputs})
}

func datasetDir(dir string) string {
	in := filepath.Join(dir, "dataset")
	if _, err := os.Stat(filepath.Join(in, ".dvc")); err == nil {
		return in
	}
	return dir
}

// Author returns who works in the workspace at dir; the name is empty if nobody is named.
func Author(dir string) (dataset.Author, error) {
	f, err := config.Load(filepath.Join(dir, "settings.json"))
	if err != nil {
		return dataset.Author{}, err
	}
	p := f.Settings().Person
	return dataset.Author{Name: p.Name, Email: p.Email}, nil
}
