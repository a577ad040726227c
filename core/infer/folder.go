package infer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// Descriptions are the names that a model's description may have, the first that is there
// counts.
func descriptions() []string { return []string{recipe.FileName, recipe.RDFName, "bioimageio.yaml"} }

// ReadFolder reads a model from a folder, as bioimage.io hands it out or with a
// coverslip.yaml beside one network. A coverslip.yaml alone describes a model that its engine
// has already, in the version that it has. Nothing but plain files of the folder itself is read.
func ReadFolder(dir string) (Bundle, *recipe.Model, error) {
	root, err := os.OpenRoot(dir) // names in a description come from a stranger
	if err != nil {
		return Bundle{}, nil, fault.New(fault.NotFound, "There is no model folder "+dir+".", "", err)
	}
	defer root.Close() //nolint:errcheck // read only
	b := Bundle{Ref: Ref{Model: filepath.Base(filepath.Clean(dir)), Version: "1"}}
	for _, name := range descriptions() {
		if b.Recipe, err = fs.ReadFile(root.FS(), name); err == nil || !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return b, nil, fault.New(fault.NotFound, "The folder "+dir+" has no description of a model.",
			"Put an rdf.yaml (bioimage.io) or a coverslip.yaml into it.", err)
	}
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return b, nil, err
	}
	name, err := network(root.FS(), m)
	if err == nil && name == "" {
		b.Version = ""
		return b, m, nil
	}
	if err == nil {
		b.ONNX, err = fs.ReadFile(root.FS(), name)
	}
	if err != nil {
		return b, m, fault.New(fault.NotFound, "The model in "+dir+" has no network in ONNX.",
			"Ask whoever made it, or bioimage.io, for ONNX weights.", err)
	}
	b.Tests, err = tests(root.FS(), m)
	return b, m, err
}

// network is the file of the network: what the description names, or the only one; empty if
// the description is Coverslip's own, and all that there is.
func network(dir fs.FS, m *recipe.Model) (string, error) {
	if w, ok := m.Weights["onnx"]; ok {
		return local(w.Source)
	}
	all, err := fs.Glob(dir, "*.onnx")
	if err == nil && len(all) == 0 && m.Format == "" {
		return "", nil
	}
	if err != nil || len(all) != 1 {
		return "", fmt.Errorf("networks %v: %w", all, err)
	}
	return all[0], nil
}

// tests reads the test tensors that the description names and that are there.
func tests(dir fs.FS, m *recipe.Model) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, t := range slices.Concat(m.Inputs, m.Outputs) {
		name, err := local(t.Test.Source)
		if err != nil {
			continue // none, or on a server
		}
		b, err := fs.ReadFile(dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fault.New(fault.Corrupt, "A test image of the model can't be read.", "Ask whoever made the model for a new copy.", err)
		}
		out[t.Test.Source] = b
	}
	return out, nil
}

// local is a path inside the model's folder.
func local(source string) (string, error) {
	name := path.Clean(source)
	if source == "" || strings.Contains(source, "://") || !fs.ValidPath(name) {
		return "", fmt.Errorf("%q is no file of the folder", source)
	}
	return name, nil
}
