package station

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"coverslip.dev/coverslip/core/config"
	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/remote"
	"coverslip.dev/coverslip/core/remote/folder"
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
	return dataset.Open(ctx, datasetDir(dir), dataset.Options{Log: log})
}

// InitDataset makes dir a dataset.
func InitDataset(ctx context.Context, dir string, log *slog.Logger) (*dataset.Repository, error) {
	return dataset.Init(ctx, dir, dataset.Options{Log: log})
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

// OpenRemote opens a DVC remote of the dataset: the named one, or the default for "".
func OpenRemote(r *dataset.Repository, name string) (remote.Remote, error) {
	all, err := r.Remotes()
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if c.Name != name && (name != "" || !c.Default) {
			continue
		}
		if !c.Local {
			return nil, fault.New(fault.Invalid, "The remote "+c.Name+" is not a folder.", "This version pushes to folders; dvc pushes to the others.", nil)
		}
		return remote.Retrying(folder.Open(c.URL), remote.Usual()), nil
	}
	if name == "" {
		name = "that is the default"
	}
	return nil, fault.New(fault.NotFound, "The dataset has no remote "+name+".", "Add one with: dvc remote add -d NAME FOLDER.", nil)
}
