package pipeline

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// width is the column after which DVC's writer (ruamel.yaml) folds a line.
const width = 80

// emitter writes YAML as ruamel.yaml does with its usual settings: blocks, lists not
// indented, long texts folded. The rules below are its emitter's, one for one; DVC's files
// are compared byte by byte.
type emitter struct {
	b          strings.Builder
	column     int
	indent     int
	whitespace bool // the last that was written is blank
	indention  bool // the line holds nothing but indention yet

	names   map[any]string // of what stands at several places, by its identity
	written map[any]bool
}

// emitYAML returns the text of a mapping that starts at the given indention; the blanks
// before its first key are not written.
func emitYAML(o *object, indent int) string {
	e := &emitter{column: indent, indent: indent, whitespace: true, indention: true, names: anchors(o), written: map[any]bool{}}
	e.mapping(o)
	e.newline()
	return e.b.String()
}

func (e *emitter) newline() {
	e.whitespace, e.indention, e.column = true, true, 0
	e.b.WriteByte('\n')
}

func (e *emitter) writeIndent() {
	if !e.indention || e.column > e.indent || e.column == e.indent && !e.whitespace {
		e.newline()
	}
	if e.column < e.indent {
		e.whitespace = true
		e.b.WriteString(strings.Repeat(" ", e.indent-e.column))
		e.column = e.indent
	}
}

func (e *emitter) indicator(s string, needSpace, indention bool) {
	if !e.whitespace && needSpace {
		s = " " + s
	}
	e.whitespace = false
	e.indention = e.indention && indention
	e.write(s)
}

func (e *emitter) write(s string) {
	e.column += len([]rune(s))
	e.b.WriteString(s)
}

// mapping writes a mapping whose keys stand at the present indention.
func (e *emitter) mapping(o *object) {
	for _, k := range o.keys {
		e.writeIndent()
		simple := e.key(k, o.plain[k])
		if e.anchor(o.values[k]) {
			continue
		}
		switch v := o.values[k].(type) {
		case *object:
			if len(v.keys) == 0 {
				e.indicator("{}", true, false)
				continue
			}
			e.nested(func() { e.mapping(v) })
		case []any:
			switch {
			case len(v) == 0:
				e.indicator("[]", true, false)
			case simple:
				e.sequence(v)
			default:
				e.nested(func() { e.sequence(v) })
			}
		default:
			e.nested(func() { e.scalar(v, false) })
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
		e.nested(func() { e.plain(k, false) })
	case len([]rune(k)) < maxKey && !analyze(k).multiline:
		e.nested(func() { e.scalar(k, true) })
	default:
		simple = false
		e.indicator("?", true, true)
		e.nested(func() { e.scalar(k, false) })
		e.writeIndent()
	}
	e.indicator(":", !simple, !simple)
	return simple
}

// sequence writes a list whose dashes stand at the present indention.
func (e *emitter) sequence(list []any) {
	for _, v := range list {
		e.writeIndent()
		e.indicator("-", true, true)
		if e.anchor(v) {
			continue
		}
		switch x := v.(type) {
		case *object:
			if len(x.keys) == 0 {
				e.indicator("{}", true, false)
				continue
			}
			e.nested(func() { e.mapping(x) })
		case []any:
			if len(x) == 0 {
				e.indicator("[]", true, false)
				continue
			}
			e.nested(func() { e.sequence(x) })
		default:
			e.nested(func() { e.writeIndent(); e.scalar(x, false) })
		}
	}
}

func (e *emitter) nested(do func()) {
	e.indent += 2
	do()
	e.indent -= 2
}

func (e *emitter) scalar(v any, isKey bool) {
	switch x := v.(type) {
	case nil:
		return
	case bool:
		e.plain(strconv.FormatBool(x), !isKey)
	case int64, *big.Int, date:
		e.plain(pythonText(x), !isKey)
	case float64:
		e.plain(yamlFloat(x), !isKey)
	case string:
		e.text(x, isKey)
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

func (e *emitter) text(s string, isKey bool) {
	a := analyze(s)
	switch {
	case plainTag(s) == "str" && a.plain && (!isKey || !a.multiline):
		e.plain(s, !isKey)
	case strings.ContainsAny(s, "'\n"), !a.single, isKey && a.multiline:
		e.double([]rune(s), !isKey)
	default:
		e.single([]rune(s), !isKey)
	}
}

// styles says how a text may be written.
type styles struct{ plain, single, multiline bool }

func isBreak(c rune) bool { return c == '\n' || c == 0x85 || c == 0x2028 || c == 0x2029 }

func isBlank(c rune) bool { return c == 0 || c == ' ' || c == '\t' || c == '\r' || isBreak(c) }

func printable(c rune) bool {
	return c == '\n' || c >= ' ' && c <= '~' || c == 0x85 || c >= 0xa0 && c <= 0xd7ff || c >= 0xe000 && c <= 0xfffd && c != 0xfeff || c >= 0x10000
}

// indicates reports whether a sign has a meaning of its own where it stands: at the start
// of the text or not, after a blank, before one.
func indicates(c rune, first, before, after bool) bool {
	if first {
		return strings.ContainsRune("#,[]{}&*!|>'\"%@`", c) || strings.ContainsRune("?:-", c) && after
	}
	return c == ':' && after || c == '#' && before
}

func analyze(s string) styles {
	if s == "" {
		return styles{single: true}
	}
	text := []rune(s)
	plain, single := !strings.HasPrefix(s, "---") && !strings.HasPrefix(s, "..."), true
	var out styles
	var wasSpace, wasBreak bool
	before := true
	for i, c := range text {
		after := i+1 >= len(text) || isBlank(text[i+1])
		plain = plain && !indicates(c, i == 0, before, after)
		out.multiline = out.multiline || isBreak(c)
		space, br := c == ' ', isBreak(c)
		if !printable(c) || space && wasBreak || br && wasSpace {
			plain, single = false, false
		}
		if edge := i == 0 || i == len(text)-1; edge && (space || br) {
			plain = false
		}
		wasSpace, wasBreak, before = space, br, isBlank(c)
	}
	out.plain, out.single = plain && !out.multiline, single
	return out
}
