package pipeline

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// round is one turn of a foreach or matrix.
type round struct {
	key   string
	names *object
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
	if raw, isMap := m.(*object); !ok || !isMap || len(axes.keys) == 0 || slices.ContainsFunc(raw.keys, func(k string) bool { return interpolates(k) }) {
		return nil, fmt.Errorf("matrix needs a mapping of lists")
	}
	points := []point{{nil, newObject()}}
	for _, axis := range axes.keys {
		list, ok := listed(axes.values[axis])
		if !ok {
			return nil, fmt.Errorf("%s of matrix is no list", axis)
		}
		if len(points)*len(list) > most {
			return nil, fmt.Errorf("more than %d stages", maxStages)
		}
		points = along(points, axis, list)
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

// point is a combination of a matrix's values, and the words of its name.
type point struct {
	words []string
	item  *object
}

// along combines each point with each value of one more axis.
func along(points []point, axis string, list []any) []point {
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
	return next
}

// listed is a list, or the letters of a text: that is what Python, and so DVC, takes it for.
func listed(v any) ([]any, bool) {
	list, ok := v.([]any)
	if text, isText := v.(string); isText {
		for _, c := range text {
			list = append(list, string(c))
		}
		return list, true
	}
	return list, ok
}
