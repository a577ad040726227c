package pipeline

import (
	"fmt"
	"slices"
	"strings"
)

// topKeys are what a dvc.yaml may have.
const topKeys = " datasets plots stages vars params metrics artifacts "

// tops reads what a dvc.yaml names beside its stages.
func (g *Graph) tops(s *scope, file *object, dir string) error {
	for _, k := range file.keys {
		if !strings.Contains(topKeys, " "+k+" ") || file.plain[k] {
			return fmt.Errorf("%s is nothing that a pipeline has", k)
		}
	}
	if v, there := file.get("artifacts"); there && !artifacts(v) {
		return fmt.Errorf("an entry of artifacts has no path")
	}
	for k, to := range map[string]*[]string{"params": &g.Params, "metrics": &g.Metrics, "plots": &g.Plots} {
		list, err := listOf(file, k)
		if err != nil {
			return err
		}
		for _, v := range list {
			names, err := s.top(v, k, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
			*to = append(*to, names...)
		}
	}
	return nil
}

// top reads an entry: a path, or of plots also names.
func (s *scope) top(v any, key, dir string) ([]string, error) {
	v, err := s.resolve(v, key, true)
	if err != nil {
		return nil, err
	}
	switch x := v.(type) {
	case string:
		return []string{joinPath(dir, x)}, nil
	case *object:
		if key == "plots" {
			return x.keys, nil
		}
	}
	return nil, fmt.Errorf("an entry is no path")
}

func artifacts(v any) bool {
	o, ok := v.(*object)
	return ok && !slices.ContainsFunc(o.keys, func(k string) bool {
		a, ok := o.values[k].(*object)
		return !ok || !isText(a.values["path"])
	})
}
