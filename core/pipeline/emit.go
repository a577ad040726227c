package pipeline

import (
	"math"
	"math/big"
	"strconv"

	"coverslip.dev/coverslip/core/ruamel"
)

// emitter writes YAML as DVC does: blocks, lists not indented, long texts folded.
type emitter struct {
	ruamel.Writer

	names   map[any]string // of what stands at several places, by its identity
	written map[any]bool
}

// emitYAML returns the text of a mapping that starts at the given indention; the blanks
// before its first key are not written.
func emitYAML(o *object, indent int) string {
	e := &emitter{Writer: ruamel.NewWriter(indent), names: anchors(o), written: map[any]bool{}}
	e.mapping(o)
	e.End()
	return e.String()
}

// mapping writes a mapping whose keys stand at the present indention.
func (e *emitter) mapping(o *object) {
	for _, k := range o.keys {
		e.WriteIndent()
		simple := e.key(k, o.plain[k])
		if e.anchor(o.values[k]) {
			continue
		}
		switch v := o.values[k].(type) {
		case *object:
			if len(v.keys) == 0 {
				e.Indicator("{}", true, false)
				continue
			}
			e.Nested(func() { e.mapping(v) })
		case []any:
			switch {
			case len(v) == 0:
				e.Indicator("[]", true, false)
			case simple:
				e.sequence(v)
			default:
				e.Nested(func() { e.sequence(v) })
			}
		default:
			e.Nested(func() { e.scalar(v, false) })
		}
	}
}

// maxKey is how long a key may be that stands in one line with its value; ruamel.yaml
// counts the tag that it does not write.
const maxKey = 128 - len("!!str")

func (e *emitter) key(k string, plain bool) (simple bool) {
	simple = true
	switch {
	case plain:
		e.Nested(func() { e.Plain(k, false) })
	case len([]rune(k)) < maxKey && !ruamel.Multiline(k):
		e.Nested(func() { e.scalar(k, true) })
	default:
		simple = false
		e.Indicator("?", true, true)
		e.Nested(func() { e.scalar(k, false) })
		e.WriteIndent()
	}
	e.Indicator(":", !simple, !simple)
	return simple
}

// sequence writes a list whose dashes stand at the present indention.
func (e *emitter) sequence(list []any) {
	for _, v := range list {
		e.WriteIndent()
		e.Indicator("-", true, true)
		if e.anchor(v) {
			continue
		}
		switch x := v.(type) {
		case *object:
			if len(x.keys) == 0 {
				e.Indicator("{}", true, false)
				continue
			}
			e.Nested(func() { e.mapping(x) })
		case []any:
			if len(x) == 0 {
				e.Indicator("[]", true, false)
				continue
			}
			e.Nested(func() { e.sequence(x) })
		default:
			e.Nested(func() { e.WriteIndent(); e.scalar(x, false) })
		}
	}
}

func (e *emitter) scalar(v any, isKey bool) {
	switch x := v.(type) {
	case nil:
		return
	case bool:
		e.Plain(strconv.FormatBool(x), !isKey)
	case int64, *big.Int, date:
		e.Plain(pythonText(x), !isKey)
	case float64:
		e.Plain(yamlFloat(x), !isKey)
	case string:
		e.Text(x, isKey)
	}
}

func yamlFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return ".nan"
	case math.IsInf(f, 1):
		return ".inf"
	case math.IsInf(f, -1):
		return "-.inf"
	}
	return floatText(f)
}
