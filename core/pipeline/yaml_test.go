package pipeline

import (
	"cmp"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// readStage is a stage as DVC's own reader understood it.
type readStage struct {
	Name   string              `json:"name"`
	Cmd    any                 `json:"cmd"`
	Dir    string              `json:"wdir"`
	Deps   []string            `json:"deps"`
	Params map[string][]string `json:"params"`
	Outs   [][]any             `json:"outs"`
	Frozen bool                `json:"frozen"`
	Always bool                `json:"always"`
	Desc   string              `json:"desc"`
	Up     []string            `json:"up"`
}

// What DVC 3.67.1 made of each dvc.yaml, or why it refused it.
func TestYAMLIsReadAsDVCReadsIt(t *testing.T) {
	var cases []struct {
		Files  map[string]string `json:"files"`
		Stages []readStage       `json:"stages"`
		Error  string            `json:"error"`
	}
	text, err := os.ReadFile("testdata/yaml.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, nil)
	for _, c := range cases {
		b.empty()
		for name, text := range c.Files {
			b.put(name, text)
		}
		g, err := Load(t.Context(), b.repo)
		if stricter(c.Stages) {
			if err == nil {
				t.Errorf("not refused:\n%s", c.Files["dvc.yaml"])
			}
			continue
		}
		switch {
		case c.Error != "" && err == nil:
			t.Errorf("DVC refuses (%s):\n%s", c.Error, c.Files["dvc.yaml"])
		case c.Error == "" && err != nil:
			t.Errorf("refused (%v):\n%s", err, c.Files["dvc.yaml"])
		case c.Error == "":
			if got := readStages(g); !reflect.DeepEqual(got, c.Stages) {
				t.Errorf("%s\nours   %+v\ntheirs %+v", c.Files["dvc.yaml"], got, c.Stages)
			}
		}
	}
}

// stricter reports whether DVC reads what it can't run: commands that are no text, and
// outputs or folders outside of the dataset.
func stricter(stages []readStage) bool {
	for _, s := range stages {
		list, ok := s.Cmd.([]any)
		if text, isText := s.Cmd.(string); isText {
			list, ok = []any{text}, text != ""
		}
		if !ok || len(list) == 0 || slices.ContainsFunc(list, func(v any) bool { _, ok := v.(string); return !ok }) || s.Dir == ".." {
			return true
		}
		for _, o := range s.Outs {
			if as, _ := o[0].(string); strings.HasPrefix(as, "/") || strings.HasPrefix(as, "..") {
				return true
			}
		}
	}
	return false
}

// empty removes all but git's and DVC's own files.
func (b *bench) empty() {
	b.Helper()
	list, err := os.ReadDir(b.repo.Dir())
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range list {
		if !strings.HasPrefix(e.Name(), ".") {
			if err := os.RemoveAll(b.path(e.Name())); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func readStages(g *Graph) []readStage {
	all := []readStage{}
	for _, s := range g.Stages {
		r := readStage{s.Name, s.cmd, s.Dir, []string{}, map[string][]string{}, [][]any{}, s.Frozen, s.Always, s.Desc, []string{}}
		for _, d := range s.Deps {
			r.Deps = append(r.Deps, d.as)
		}
		for _, p := range s.Params {
			r.Params[p.as] = append([]string{}, p.Keys...)
		}
		for _, o := range s.Outs {
			r.Outs = append(r.Outs, []any{o.as, o.Cached, o.Persist, o.Kind})
		}
		r.Up = append(r.Up, s.Upstream...)
		slices.Sort(r.Up)
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b readStage) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
