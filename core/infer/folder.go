package infer

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"coverslip.dev/coverslip/core/fault"
	"coverslip.dev/coverslip/core/recipe"
)

// descriptions are the names that a model's description may have, the first that is there
// counts.
func descriptions() []string { return []string{recipe.FileName, recipe.RDFName, "bioimageio.yaml"} }

// ReadFolder reads a model from a folder: as bioimage.io hands it out, with a coverslip.yaml
// beside one network, or a model's folder of a Triton repository. A description without a
// network in ONNX is of a model that its engine has already, in the version that it has.
// Nothing but plain files of the folder itself is read.
func ReadFolder(dir string) (Bundle, *recipe.Model, error) {
	root, err := os.OpenRoot(dir) // names in a description come from a stranger
	if err != nil {
		return Bundle{}, nil, fault.New(fault.NotFound, "There is no model folder "+dir+".", "", err)
	}
	defer root.Close() //nolint:errcheck // read only
	names, err := listed(root.FS())
	if err != nil {
		return Bundle{}, nil, err
	}
	var refused error
	b, m, err := ReadModel(dir, names, func(name string) ([]byte, error) {
		st, err := root.Stat(name)
		if err != nil {
			return nil, err
		}
		if refused = readable(name, st); refused != nil {
			return nil, refused
		}
		return fs.ReadFile(root.FS(), name)
	})
	if refused != nil {
		return b, nil, refused
	}
	if whole, aerr := filepath.Abs(dir); aerr == nil { // or "." would be its name
		dir = whole
	}
	b.Model = filepath.Base(dir)
	return b, m, err
}

// listed are the descriptions and networks of a folder, and the networks one folder deeper. What is no
// folder is not opened, as fs.Glob does: it may be a pipe.
func listed(folder fs.FS) (names []string, err error) {
	top, err := fs.ReadDir(folder, ".")
	for _, e := range top {
		if ext := path.Ext(e.Name()); ext == ".yaml" || ext == ".onnx" {
			names = append(names, e.Name())
		}
		if st, err := fs.Stat(folder, e.Name()); err != nil || !st.IsDir() {
			continue
		}
		deeper, _ := fs.ReadDir(folder, e.Name()) // nothing of the model is in what nobody may read
		for _, d := range deeper {
			if path.Ext(d.Name()) == ".onnx" {
				names = append(names, path.Join(e.Name(), d.Name()))
			}
		}
	}
	return names, err
}

// How large a model's files may be: no network in one file is larger, as its format has it, and nobody
// has written such a description.
const (
	mostOfFile  = 2 << 30
	mostOfWords = 4 << 20
)

// readable refuses what would fill the memory, or what whoever opens it waits for.
func readable(name string, st fs.FileInfo) error {
	most := int64(mostOfFile)
	if path.Ext(name) == ".yaml" {
		most = mostOfWords
	}
	switch {
	case !st.Mode().IsRegular():
		return fault.New(fault.Invalid, "“"+name+"” of the model is not a file.", "Ask whoever made the model for another copy.", nil)
	case st.Size() > most:
		return fault.New(fault.Invalid, fmt.Sprintf("“%s” of the model is too large: %d MB, of at most %d.", name, st.Size()>>20, most>>20),
			"Check that it is the right file.", nil)
	}
	return nil
}

// ReadModel reads a model from files whose names are paths in one place, which is called that
// in what people are told. The description that lies highest counts, and paths in it are
// from its own folder. read is fs.ErrNotExist for a file that is not there.
func ReadModel(place string, names []string, read func(name string) ([]byte, error)) (Bundle, *recipe.Model, error) {
	b := Bundle{Ref: Ref{Version: "1"}}
	at := describing(names)
	if at == "" {
		return b, nil, fault.New(fault.NotFound, "There is no description of a model in "+place+".",
			"Put an rdf.yaml (bioimage.io) or a coverslip.yaml beside the network.", nil)
	}
	var err error
	if b.Recipe, err = read(at); err != nil {
		return b, nil, fault.New(fault.NotFound, "The description of the model in "+place+" can't be read.", "", err)
	}
	m, err := recipe.Read(b.Recipe)
	if err != nil {
		return b, nil, err
	}
	beside := func(name string) ([]byte, error) { return read(path.Join(path.Dir(at), name)) }
	name, err := network(below(names, path.Dir(at)), m)
	if err == nil && name == "" {
		b.Version = ""
		return b, m, nil
	}
	if err != nil {
		return b, m, fault.New(fault.Invalid, "It is not clear which network is the model in "+place+".",
			"Leave one file .onnx beside its description, or name it there under weights, onnx, source.", err)
	}
	if b.ONNX, err = beside(name); err != nil {
		return b, m, fault.New(fault.NotFound, "The network "+name+" of the model in "+place+" can't be read.",
			"Ask whoever made it, or bioimage.io, for ONNX weights.", err)
	}
	if b.ONNX, err = complete(b.ONNX, name, m.Weights["onnx"], beside); err != nil {
		return b, m, err
	}
	if v := path.Dir(name); versionOf(v) > 0 {
		b.Version = v
	}
	b.Tests, err = tests(beside, m)
	return b, m, err
}

// complete is a network as its description names it, with all its numbers. The hashes are those of the
// description's own files only: what lies in the place of one that is elsewhere may be another.
func complete(onnx []byte, name string, w recipe.Weights, beside func(name string) ([]byte, error)) ([]byte, error) {
	check := func(of recipe.File, file string, b []byte) error {
		if own, err := local(of.Source); err != nil || own != file {
			return nil //nolint:nilerr // nothing is said of it
		}
		if err := packed(of, b); err != nil {
			return fault.New(fault.Corrupt, "The network "+file+" is not the one that its maker packed.",
				"Fetch the model again. If the network was changed on purpose, write its SHA-256 into the description.", err)
		}
		return nil
	}
	if err := check(w.File, name, onnx); err != nil {
		return nil, err
	}
	return gather(name, onnx, func(second string) ([]byte, error) {
		file := path.Join(path.Dir(name), second)
		b, err := beside(file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil {
			return nil, fault.New(fault.NotFound, "The numbers of the network, "+file+", can't be read.", "Fetch the model again.", err)
		}
		return b, check(w.External, file, b)
	})
}

// packed tells if a file is not the one that a description names.
func packed(of recipe.File, b []byte) error {
	if h := sha256.Sum256(b); of.SHA256 != "" && !strings.EqualFold(of.SHA256, hex.EncodeToString(h[:])) {
		return fmt.Errorf("%s has hash %x", of.Source, h)
	}
	return nil
}

// describing is the description among names that lies highest, empty if there is none.
func describing(names []string) string {
	rank := func(name string) int { return slices.Index(descriptions(), path.Base(name)) }
	all := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return rank(name) < 0 })
	if len(all) == 0 {
		return ""
	}
	return slices.MinFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(strings.Count(a, "/"), strings.Count(b, "/")), cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b))
	})
}

// below are the names of a folder, from there.
func below(names []string, dir string) []string {
	if dir == "." {
		return names
	}
	var out []string
	for _, n := range names {
		if rest, ok := strings.CutPrefix(n, dir+"/"); ok {
			out = append(out, rest)
		}
	}
	return out
}

// network is the file of the network: what the description names, the only one beside it, the
// latest version of a Triton repository, or the only one below; empty if there is none.
func network(names []string, m *recipe.Model) (string, error) {
	if name, err := local(m.Weights["onnx"].Source); err == nil {
		return name, nil
	}
	all := slices.DeleteFunc(slices.Clone(names), func(n string) bool { return path.Ext(n) != ".onnx" })
	here := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return path.Dir(n) != "." })
	latest := ""
	for _, n := range all {
		if path.Base(n) == "model.onnx" && versionOf(path.Dir(n)) > versionOf(path.Dir(latest)) {
			latest = n
		}
	}
	switch {
	case len(here) == 1:
		return here[0], nil
	case len(here) == 0 && latest != "":
		return latest, nil
	case len(all) == 1:
		return all[0], nil
	case len(all) == 0:
		return "", nil
	}
	return "", fmt.Errorf("networks %v", all)
}

// versionOf is the number of a version's folder in a Triton repository, 0 if it is none.
func versionOf(dir string) int {
	n, err := strconv.Atoi(dir)
	if err != nil {
		return 0
	}
	return n
}

// tests reads the test tensors that the description names and that are there.
func tests(read func(name string) ([]byte, error), m *recipe.Model) (map[string][]byte, error) {
	out := map[string][]byte{}
	for _, t := range slices.Concat(m.Inputs, m.Outputs) {
		name, err := local(t.Test.Source)
		if err != nil {
			continue // none, or on a server
		}
		b, err := read(name)
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
