package dataset

import (
	"embed"
	"os"
	"path/filepath"
)

// template is what a new dataset carries so that the lab's CI works on it at each push.
//
//go:embed ci
var template embed.FS

// skeleton writes the files that a dataset begins with, and returns those that were not
// there. Only one that is all new gets the template for the lab's CI.
func (r *Repository) skeleton(withCI bool) (made []string, err error) {
	files := []struct{ name, text string }{{".dvc/config", ""}, {".dvc/.gitignore", dvcGitignore}, {".dvcignore", dvcIgnore}}
	for _, f := range files {
		if made, err = r.begin(made, f.name, []byte(f.text)); err != nil {
			return nil, err
		}
	}
	if !withCI || len(made) < len(files) {
		return made, nil
	}
	for _, f := range []struct{ from, to string }{
		{"ci/run", "ci/run"},
		{"ci/register.py", "ci/register.py"},
		{"ci/requirements.txt", "ci/requirements.txt"},
		{"ci/gitlab-ci.yml", ".gitlab-ci.yml"},
		{"ci/workflow.yml", ".github/workflows/dataset.yml"},
	} {
		text, err := template.ReadFile(f.from)
		if err != nil {
			return nil, err
		}
		if made, err = r.begin(made, f.to, text); err != nil {
			return nil, err
		}
	}
	return made, os.Chmod(r.abs("ci/run"), 0o755) //nolint:gosec // a program
}

// begin writes a file that is not there yet, and adds its name to made.
func (r *Repository) begin(made []string, name string, text []byte) ([]string, error) {
	if _, err := os.Lstat(r.abs(name)); err == nil {
		return made, nil
	}
	if err := os.MkdirAll(filepath.Dir(r.abs(name)), 0o755); err != nil { //nolint:gosec // a lab shares it
		return made, err
	}
	return append(made, name), writeFile(r.tmp(), r.abs(name), text)
}
