package dataset

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"coverslip.dev/coverslip/core/fault"
)

// output is what a .dvc file names: a file or a folder, and its object.
type output struct {
	oid     string // empty: nothing versioned yet
	size    int64
	unsized bool // no one has written down its size
	files   int  // of a folder
	exec    bool // a file that may be run
	legacy  bool // hashed and stored as DVC 2 did
	path    string
	git     bool   // cache: false: git keeps it, as what DVC 1 ran
	stays   bool   // push: false
	remote  string // the only one that it goes to; empty: any
}

func (o output) isDir() bool { return strings.HasSuffix(o.oid, dirSuffix) }

// file is a parsed .dvc file.
type file struct {
	text     []byte
	doc      *yaml.Node // the top mapping
	wdir     string
	imported bool // has deps: it came from somewhere else
	outs     []output
}

// parseFile reads a .dvc file that may come from anywhere.
func parseFile(text []byte) (*file, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, corruptFile(err)
	}
	if root.Kind != yaml.DocumentNode || len(root.Content) != 1 || root.Content[0].Kind != yaml.MappingNode {
		return nil, corruptFile(fmt.Errorf("no mapping"))
	}
	f := &file{text: text, doc: root.Content[0]}
	if err := distinctKeys(f.doc); err != nil {
		return nil, corruptFile(err)
	}
	f.imported = child(f.doc, "deps") != nil
	if w := child(f.doc, "wdir"); w != nil {
		f.wdir = w.Value
	}
	outs := child(f.doc, "outs")
	if outs == nil {
		return f, nil
	}
	if outs.Kind != yaml.SequenceNode {
		return nil, corruptFile(fmt.Errorf("outs is no list"))
	}
	for _, n := range outs.Content {
		o, err := parseOutput(n)
		if err != nil {
			return nil, corruptFile(err)
		}
		f.outs = append(f.outs, o)
	}
	return f, nil
}

func parseOutput(n *yaml.Node) (o output, err error) {
	if n.Kind != yaml.MappingNode {
		return o, fmt.Errorf("an output is no mapping")
	}
	if err := distinctKeys(n); err != nil {
		return o, err
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i].Value, n.Content[i+1]
		switch k {
		case "md5":
			o.oid = v.Value
		case "path":
			o.path = v.Value
		case "size":
			o.size, err = strconv.ParseInt(v.Value, 10, 64)
		case "nfiles":
			o.files, err = strconv.Atoi(v.Value)
		case "isexec":
			o.exec, err = strconv.ParseBool(v.Value)
		case "cache":
			o.git = strings.EqualFold(v.Value, "false")
		case "push":
			o.stays = !strings.EqualFold(v.Value, "true") // what is in doubt stays
		case "remote":
			o.remote = v.Value
		}
		if err != nil {
			return o, fmt.Errorf("output's %s: %w", k, err)
		}
	}
	o.unsized = child(n, "size") == nil
	hash := child(n, "hash")
	o.legacy = o.oid != "" && (hash == nil || hash.Value != "md5")
	if o.oid != "" && !oidForm.MatchString(o.oid) {
		return o, fmt.Errorf("output's md5 %q", o.oid)
	}
	if o.path == "" || o.size < 0 || o.files < 0 {
		return o, fmt.Errorf("output %q of %d bytes", o.path, o.size)
	}
	return o, nil
}

// distinctKeys refuses a mapping that has a key twice, as DVC does: which of them counts is
// anyone's guess.
func distinctKeys(m *yaml.Node) error {
	seen := map[string]bool{}
	for i := 0; i+1 < len(m.Content); i += 2 {
		k := m.Content[i].Value
		if seen[k] {
			return fmt.Errorf("key %q twice", k)
		}
		seen[k] = true
	}
	return nil
}

// place returns where an output of the .dvc file at name lies in the dataset.
func (f *file) place(name string, o output) (string, error) {
	rel := path.Join(path.Dir(name), f.wdir, o.path)
	if path.IsAbs(o.path) || path.IsAbs(f.wdir) || rel == "." || !fs.ValidPath(rel) ||
		!filepath.IsLocal(filepath.FromSlash(rel)) || reserved(rel) {
		return "", corruptFile(fmt.Errorf("%s: path %q leads outside of the dataset", name, o.path))
	}
	return rel, nil
}

// child returns the value of a mapping's key, nil if it has none.
func child(m *yaml.Node, key string) *yaml.Node {
	if m.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(m.Content); i += 2 {
		if m.Content[i].Value == key {
			return m.Content[i+1]
		}
	}
	return nil
}

// damagedFile says which file it is.
func damagedFile(name string, err error) error {
	return fault.New(fault.Corrupt, "The file "+name+" of the dataset is damaged.",
		"Take an older version of it, in the dataset's folder: git checkout HEAD -- and its name.", err)
}

func corruptFile(err error) error {
	return fault.New(fault.Corrupt, "A .dvc file of the dataset is damaged.",
		"Look at its history in git and take an older version of it.", err)
}
