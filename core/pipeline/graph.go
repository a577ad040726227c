package pipeline

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"coverslip.dev/coverslip/core/dataset"
	"coverslip.dev/coverslip/core/fault"
)

// Graph is the stages of a dataset, and what feeds what. It does not change; its methods
// may be called from any goroutine.
type Graph struct {
	Stages []Stage // as the files have them; after them the .dvc files
	Files  []string

	// What is shown of the pipeline besides its stages' own: files, and names of plots.
	Params, Metrics, Plots []string

	repo  *dataset.Repository
	files func(rel string) ([]byte, error) // reads a file of the dataset
	byID  map[string]int
}

// Load reads the dvc.yaml files of a dataset. One that can't be used, such as one with a
// circle in it, is a fault.
func Load(ctx context.Context, repo *dataset.Repository) (*Graph, error) {
	g := &Graph{repo: repo, byID: map[string]int{}}
	g.files = g.read
	files, err := repo.Find(ctx, "dvc.yaml")
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(files, func(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") })
	left := maxText
	for _, name := range files {
		if g.makes(name) {
			continue
		}
		if err := g.load(name, &left); err != nil {
			return nil, unusable(name, err)
		}
		g.Files = append(g.Files, name)
	}
	outs, err := repo.Outputs(ctx)
	if err != nil {
		return nil, err
	}
	for _, o := range outs {
		if !g.makes(o.File) {
			g.addSource(o)
		}
	}
	if err := g.connect(); err != nil {
		return nil, err
	}
	return g, nil
}

// makes reports whether a file is part of what a stage makes: such ones are no pipelines.
func (g *Graph) makes(name string) bool {
	for _, s := range g.Stages {
		for _, o := range s.Outs {
			if strings.HasPrefix(name, o.Path+"/") {
				return true
			}
		}
	}
	return false
}

// unusable says what is wrong with a dvc.yaml.
func unusable(name string, err error) error {
	if fault.KindOf(err) != fault.Internal { // it says already what is wrong
		return fmt.Errorf("%s: %w", name, err)
	}
	return fault.New(fault.Invalid, name+" can't be used: "+err.Error()+".", "Correct it with a text editor.", nil)
}

// Stage returns the stage of that name, or the one that makes the file or folder of that
// name.
func (g *Graph) Stage(name string) (Stage, bool) {
	if i, ok := g.byID[name]; ok {
		return g.Stages[i], true
	}
	for _, s := range g.Stages {
		for _, o := range s.Outs {
			if o.Path == path.Clean(name) {
				return s, true
			}
		}
	}
	return Stage{}, false
}

func (g *Graph) load(name string, left *int) error {
	text, err := g.files(name)
	if err != nil {
		return err
	}
	v, err := parseYAML(text)
	if err != nil {
		return err
	}
	file, ok := v.(*object)
	if v != nil && !ok {
		return fmt.Errorf("it is no mapping")
	}
	if file == nil { // nothing but comments
		file = newObject()
	}
	s := &scope{read: g.contained, vars: newObject(), imports: map[string][]string{}, left: left}
	defs, err := s.expand(file, path.Dir(name))
	if err != nil {
		return err
	}
	for _, d := range defs {
		st, err := d.stage(name)
		if err != nil {
			return fmt.Errorf("stage %s: %w", d.name, err)
		}
		if _, twice := g.byID[st.Name]; twice {
			return fmt.Errorf("the stage %s is there twice", st.Name)
		}
		g.add(*st)
	}
	return g.tops(s, file, path.Dir(name))
}

func (g *Graph) add(s Stage) {
	g.byID[s.Name] = len(g.Stages)
	g.Stages = append(g.Stages, s)
}

// addSource takes over an output of a .dvc file; one file is one stage.
func (g *Graph) addSource(o dataset.Output) {
	out := Out{Path: o.Path, Kind: "out", Cached: true, as: path.Base(o.Path)}
	if i, ok := g.byID[o.File]; ok {
		g.Stages[i].Outs = append(g.Stages[i].Outs, out)
		return
	}
	g.add(Stage{Name: o.File, File: o.File, Dir: path.Dir(o.File), Outs: []Out{out}})
}

// contained is read for names that a dvc.yaml has.
func (g *Graph) contained(rel string) ([]byte, error) {
	if !inside(rel) {
		return nil, fmt.Errorf("the file %s is outside of the dataset", rel)
	}
	return g.files(rel)
}

// read returns a file of the dataset.
func (g *Graph) read(rel string) ([]byte, error) {
	f, err := os.Open(filepath.Join(g.repo.Dir(), filepath.FromSlash(rel)))
	if err != nil {
		return nil, fmt.Errorf("read pipeline: %w", err)
	}
	defer f.Close() //nolint:errcheck // read only
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", rel)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err != nil {
		return nil, fmt.Errorf("read pipeline: %w", err)
	}
	return text, nil
}
