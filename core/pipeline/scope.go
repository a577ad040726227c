package pipeline

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// scope is what ${names} in a dvc.yaml may stand for: the values of params.yaml, of vars:,
// and of the round of a foreach or matrix.
type scope struct {
	read     func(rel string) ([]byte, error) // a file of the dataset
	vars     *object
	imports  map[string][]string // keys taken from a file; nil: all
	reserved map[string]bool
	left     *int // bytes that may still come out of ${}
}

func (s *scope) clone() *scope {
	c := *s
	c.vars = deepClone(s.vars)
	c.imports = maps.Clone(s.imports)
	return &c
}

func deepClone(o *object) *object {
	c := o.clone()
	for k, v := range c.values {
		if sub, ok := v.(*object); ok {
			c.values[k] = deepClone(sub)
		}
	}
	return c
}

// with returns a scope with more names, that vars: may not use then.
func (s *scope) with(names *object) *scope {
	c := *s
	c.vars = s.vars.clone()
	c.reserved = maps.Clone(s.reserved)
	if c.reserved == nil {
		c.reserved = map[string]bool{}
	}
	for _, k := range names.keys {
		c.vars.set(k, names.values[k])
		c.reserved[k] = true
	}
	return &c
}

// load takes over the entries of a vars: list; files are relative to dir.
func (s *scope) load(vars any, dir string) error {
	list, ok := vars.([]any)
	if vars != nil && !ok {
		return fmt.Errorf("vars is no list")
	}
	for _, v := range list {
		if interpolates(v) {
			return fmt.Errorf("${} is not allowed in vars")
		}
		switch x := v.(type) {
		case string:
			if err := s.loadFile(x, dir); err != nil {
				return err
			}
		case *object:
			if err := s.merge(deepClone(x)); err != nil {
				return err
			}
		default:
			return fmt.Errorf("an entry of vars is neither a file nor a mapping")
		}
	}
	return nil
}

// loadFile takes over FILE, or FILE:KEY,KEY of it.
func (s *scope) loadFile(item, dir string) error {
	name, list, _ := strings.Cut(item, ":")
	name = path.Join(dir, name)
	keys := slices.DeleteFunc(strings.Split(list, ","), func(k string) bool { return k == "" })
	had, again := s.imports[name]
	switch {
	case again && had == nil && len(keys) == 0:
		return nil
	case again && (had == nil) != (len(keys) == 0):
		return fmt.Errorf("%s is in vars both as a whole and in part", name)
	}
	text, err := s.read(name)
	if err != nil {
		return err
	}
	o, err := parseParams(name, text)
	if err != nil {
		return err
	}
	if len(keys) > 0 {
		part := newObject()
		for _, k := range keys {
			v, ok := o.get(k)
			if !ok || slices.Contains(had, k) {
				return fmt.Errorf("%s of %s is missing, or twice in vars", k, name)
			}
			part.set(k, v)
		}
		o = part
		s.imports[name] = append(had, keys...)
	} else {
		s.imports[name] = nil
	}
	return s.merge(o)
}

// merge adds names; mappings are joined, and nothing is defined twice.
func (s *scope) merge(more *object) error {
	for _, k := range more.keys {
		if s.reserved[k] {
			return fmt.Errorf("%s can't be defined here", k)
		}
	}
	return mergeObjects(s.vars, more, "")
}

func mergeObjects(into, more *object, at string) error {
	for _, k := range more.keys {
		if more.plain[k] {
			continue // DVC leaves out keys that are no texts
		}
		old, there := into.get(k)
		a, isA := old.(*object)
		b, isB := more.values[k].(*object)
		switch {
		case isA && isB:
			if err := mergeObjects(a, b, at+k+"."); err != nil {
				return err
			}
		case there:
			return fmt.Errorf("%s is defined twice", at+k)
		case hasDate(more.values[k]):
			return fmt.Errorf("%s holds a date, which ${} can't stand for: put it in quotes", at+k)
		default:
			into.set(k, more.values[k])
		}
	}
	return nil
}

// hasDate reports whether there is a date somewhere in a value.
func hasDate(v any) bool {
	switch x := v.(type) {
	case date:
		return true
	case []any:
		return slices.ContainsFunc(x, hasDate)
	case *object:
		return slices.ContainsFunc(x.keys, func(k string) bool { return !x.plain[k] && hasDate(x.values[k]) })
	}
	return false
}

// find returns what an expression such as train.sizes[0] stands for.
func (s *scope) find(expr string) (any, error) {
	if !wellFormed(expr) {
		return nil, fmt.Errorf("${%s} is not understood", expr)
	}
	var v any = s.vars
	for part := range strings.SplitSeq(strings.ReplaceAll(strings.ReplaceAll(expr, "[", "."), "]", ""), ".") {
		part = strings.TrimSpace(part)
		ok := false
		switch x := v.(type) {
		case *object:
			v, ok = x.get(part)
		case []any:
			i, err := strconv.Atoi(part)
			if i < 0 {
				i += len(x)
			}
			if ok = err == nil && i >= 0 && i < len(x); ok {
				v = x[i]
			}
		}
		if !ok {
			return nil, fmt.Errorf("${%s} is not defined", expr)
		}
	}
	return v, nil
}

// wellFormed reports whether an expression is WORD, then .WORD or [WORD] any times.
func wellFormed(expr string) bool {
	word := func() bool {
		n := strings.IndexAny(expr, ".[]")
		if n < 0 {
			n = len(expr)
		}
		expr = expr[n:]
		return n > 0
	}
	if !word() {
		return false
	}
	for expr != "" {
		open := expr[0]
		expr = expr[1:]
		if open == ']' || !word() {
			return false
		}
		if open == '[' {
			if expr == "" || expr[0] != ']' {
				return false
			}
			expr = expr[1:]
		}
	}
	return true
}
