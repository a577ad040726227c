package pipeline

import (
	"fmt"
	"strings"

	"coverslip.dev/coverslip/core/fault"
)

// maxStages bounds what foreach and matrix may make of one dvc.yaml.
const maxStages = 10_000

// definition is a stage of a dvc.yaml after foreach, matrix and ${} are resolved.
type definition struct {
	name, group string
	body        *object
	dir         string // its working folder
}

// expand returns the stages of a dvc.yaml in its folder dir, in order.
func (s *scope) expand(file *object, dir string) ([]definition, error) {
	if err := s.loadFile("params.yaml", dir); err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	vars, _ := file.get("vars")
	if err := s.load(vars, dir); err != nil {
		return nil, err
	}
	raw, there := file.get("stages")
	stages, ok := raw.(*object)
	if there && !ok {
		return nil, fmt.Errorf("stages is no mapping")
	}
	if stages == nil {
		return nil, nil
	}
	var all []definition
	for _, name := range stages.keys {
		if stages.plain[name] || strings.Contains(name, "@") {
			return nil, fmt.Errorf("the stage %s has a name that stages can't have", name)
		}
		body, ok := stages.values[name].(*object)
		if !ok {
			return nil, fmt.Errorf("the stage %s is no mapping", name)
		}
		more, err := s.group(name, body, dir, maxStages-len(all))
		if err != nil {
			return nil, fmt.Errorf("stage %s: %w", name, err)
		}
		all = append(all, more...)
	}
	return all, nil
}

// group returns what one entry of stages stands for: itself, or a stage for each round.
func (s *scope) group(name string, body *object, dir string, most int) ([]definition, error) {
	rounds, template, err := s.rounds(body, most)
	if err != nil {
		return nil, err
	}
	if template == nil {
		template = body
	}
	if err := checkStage(template); err != nil {
		return nil, err
	}
	if template == body {
		if most < 1 {
			return nil, fmt.Errorf("more than %d stages", maxStages)
		}
		d, err := s.define(body, dir)
		d.name = name
		return []definition{d}, err
	}
	var all []definition
	for _, r := range rounds {
		d, err := s.with(r.names).define(template, dir)
		if err != nil {
			return nil, err
		}
		if strings.Contains(r.key, "@") {
			return nil, fmt.Errorf("%s can't be part of a stage's name", r.key)
		}
		d.name, d.group = name+"@"+r.key, name
		all = append(all, d)
	}
	return all, nil
}

// define resolves one stage.
func (s *scope) define(body *object, dir string) (definition, error) {
	d := definition{dir: dir, body: newObject()}
	if w, _ := body.get("wdir"); w != nil {
		v, err := s.resolve(w, "wdir", false)
		if err != nil {
			return d, err
		}
		name, ok := v.(string)
		if !ok {
			return d, fmt.Errorf("wdir is no text")
		}
		d.dir = joinPath(dir, name)
	}
	if vars, ok := body.get("vars"); ok {
		s = s.clone()
		if err := s.load(vars, d.dir); err != nil {
			return d, err
		}
	}
	for _, k := range body.keys {
		if k == "vars" {
			continue
		}
		v, err := s.resolve(body.values[k], k, false)
		if err != nil {
			return d, fmt.Errorf("%s: %w", k, err)
		}
		d.body.set(k, v)
	}
	return d, nil
}
