package pipeline

import (
	"fmt"
	"slices"
	"strconv"
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
	raw, _ := file.get("stages")
	if raw == nil {
		raw = newObject()
	}
	stages, ok := raw.(*object)
	if !ok {
		return nil, fmt.Errorf("stages is no mapping")
	}
	var all []definition
	for _, name := range stages.keys {
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

// round is one turn of a foreach or matrix.
type round struct {
	key   string
	names *object
}

// group returns what one entry of stages stands for: itself, or a stage for each round.
func (s *scope) group(name string, body *object, dir string, most int) ([]definition, error) {
	rounds, template, err := s.rounds(body, most)
	if err != nil {
		return nil, err
	}
	if template == nil {
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
		d.name, d.group = name+"@"+r.key, name
		all = append(all, d)
	}
	return all, nil
}

// rounds returns the turns of a foreach or matrix, and what is done in each; no template
// for a stage that is neither.
func (s *scope) rounds(body *object, most int) ([]round, *object, error) {
	if each, ok := body.get("foreach"); ok {
		do, _ := body.get("do")
		template, ok := do.(*object)
		if !ok || len(body.keys) != 2 {
			return nil, nil, fmt.Errorf("foreach needs do, and nothing else")
		}
		rounds, err := s.foreach(each, most)
		return rounds, template, err
	}
	m, ok := body.get("matrix")
	if !ok {
		return nil, nil, nil
	}
	template := newObject()
	for _, k := range body.keys {
		if k != "matrix" {
			template.set(k, body.values[k])
		}
	}
	rounds, err := s.matrix(m, most)
	return rounds, template, err
}

func isNested(v any) bool {
	switch v.(type) {
	case *object, []any:
		return true
	}
	return false
}

func (s *scope) foreach(each any, most int) ([]round, error) {
	v, err := s.resolve(each, "", true)
	if err != nil {
		return nil, err
	}
	turns := newObject() // a key that comes twice keeps its place and takes the later value
	o, isMap := v.(*object)
	list, isList := v.([]any)
	switch {
	case isMap:
		turns = o
	case isList:
		nested := false
		for _, e := range list {
			nested = nested || isNested(e)
		}
		for i, e := range list {
			key := strconv.Itoa(i)
			if !nested {
				key = plainText(e)
			}
			turns.set(key, e)
		}
	default:
		return nil, fmt.Errorf("foreach needs a list or a mapping")
	}
	if len(turns.keys) > most {
		return nil, fmt.Errorf("more than %d stages", maxStages)
	}
	var all []round
	for _, k := range turns.keys {
		names := newObject()
		names.set("item", turns.values[k])
		if isMap {
			names.set("key", k)
		}
		all = append(all, round{k, names})
	}
	return all, nil
}

func (s *scope) matrix(m any, most int) ([]round, error) {
	v, err := s.resolve(m, "", true)
	if err != nil {
		return nil, err
	}
	axes, ok := v.(*object)
	if !ok {
		return nil, fmt.Errorf("matrix needs a mapping of lists")
	}
	type point struct {
		words []string
		item  *object
	}
	points := []point{{nil, newObject()}}
	for _, axis := range axes.keys {
		list, ok := axes.values[axis].([]any)
		if !ok {
			return nil, fmt.Errorf("%s of matrix is no list", axis)
		}
		if len(points)*len(list) > most {
			return nil, fmt.Errorf("more than %d stages", maxStages)
		}
		var next []point
		for _, p := range points {
			for i, e := range list {
				word := axis + strconv.Itoa(i)
				if !isNested(e) {
					word = plainText(e)
				}
				item := p.item.clone()
				item.set(axis, e)
				next = append(next, point{append(slices.Clip(p.words), word), item})
			}
		}
		points = next
	}
	turns := newObject()
	for _, p := range points {
		turns.set(strings.Join(p.words, "-"), p.item)
	}
	var all []round
	for _, k := range turns.keys {
		names := newObject()
		names.set("key", k)
		names.set("item", turns.values[k])
		all = append(all, round{k, names})
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
		d.dir = joinPath(dir, plainText(v))
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
		v, err := s.resolve(body.values[k], k, k == "meta" || k == "desc")
		if err != nil {
			return d, fmt.Errorf("%s: %w", k, err)
		}
		d.body.set(k, v)
	}
	return d, nil
}
