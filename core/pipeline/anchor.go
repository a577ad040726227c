package pipeline

import "fmt"

// identity tells lists and mappings apart even if they are equal; nil for other values.
func identity(v any) any {
	switch x := v.(type) {
	case *object:
		return x
	case []any:
		if cap(x) > 0 {
			return &x[:1][0]
		}
	}
	return nil
}

// anchors names what stands at more than one place in a value, in the order in which it
// is met for the second time, as ruamel.yaml does.
func anchors(v any) map[any]string {
	names := map[any]string{}
	met := map[any]bool{}
	var visit func(v any)
	visit = func(v any) {
		id := identity(v)
		if id == nil {
			return
		}
		if met[id] {
			if names[id] == "" {
				names[id] = fmt.Sprintf("id%03d", len(names)+1)
			}
			return
		}
		met[id] = true
		switch x := v.(type) {
		case *object:
			for _, k := range x.keys {
				visit(x.values[k])
			}
		case []any:
			for _, e := range x {
				visit(e)
			}
		}
	}
	visit(v)
	return names
}

// anchor writes the name of a value that has one, and reports whether that is all: it was
// written out before.
func (e *emitter) anchor(v any) bool {
	id := identity(v)
	name := e.names[id]
	switch {
	case id == nil || name == "":
		return false
	case e.written[id]:
		e.Indicator("*"+name, true, false)
		return true
	}
	e.written[id] = true
	e.Indicator("&"+name, true, false)
	return false
}
