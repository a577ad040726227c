// Package ruamel writes YAML as Python's ruamel.yaml does with its usual settings, and so
// DVC: what stands where, in which quotes, and where a line is folded. The rules are its
// emitter's, one for one: DVC's files are compared byte by byte.
package ruamel

import "strings"

// width is the column after which a line is folded.
const width = 80

// Writer writes texts and signs; what they are of is its caller's.
type Writer struct {
	b          strings.Builder
	column     int
	indent     int
	whitespace bool // the last that was written is blank
	indention  bool // the line holds nothing but indention yet
}

// NewWriter returns a writer at the given indention, whose blanks are not written.
func NewWriter(indent int) Writer {
	return Writer{column: indent, indent: indent, whitespace: true, indention: true}
}

// Value returns a text as the value of a key that ends before the given column, in a mapping
// with the given indention; the blank after the key's colon is not a part of it.
func Value(s string, column, indent int) string {
	w := Writer{column: column, indent: indent + 2}
	w.Text(s, false)
	return strings.TrimPrefix(w.b.String(), " ")
}

// String returns what was written.
func (w *Writer) String() string { return w.b.String() }

// End ends the line.
func (w *Writer) End() {
	w.whitespace, w.indention, w.column = true, true, 0
	w.b.WriteByte('\n')
}

// WriteIndent goes to the present indention, on a new line if need be.
func (w *Writer) WriteIndent() {
	if !w.indention || w.column > w.indent || w.column == w.indent && !w.whitespace {
		w.End()
	}
	if w.column < w.indent {
		w.whitespace = true
		w.b.WriteString(strings.Repeat(" ", w.indent-w.column))
		w.column = w.indent
	}
}

// Indicator writes a sign of YAML's own, after a blank if it needs one.
func (w *Writer) Indicator(s string, needSpace, indention bool) {
	if !w.whitespace && needSpace {
		s = " " + s
	}
	w.whitespace = false
	w.indention = w.indention && indention
	w.write(s)
}

func (w *Writer) write(s string) {
	w.column += len([]rune(s))
	w.b.WriteString(s)
}

// Nested has do write what is indented further.
func (w *Writer) Nested(do func()) {
	w.indent += 2
	do()
	w.indent -= 2
}

// Text writes a text in the quotes that it needs, as a key or as a value, whose lines are
// folded.
func (w *Writer) Text(s string, isKey bool) {
	switch quotes(s, isKey) {
	case 0:
		w.Plain(s, !isKey)
	case '"':
		w.double([]rune(s), !isKey)
	default:
		w.single([]rune(s), !isKey)
	}
}

// Quotes returns the quotes that a text needs as a value, 0 for none.
func Quotes(s string) byte { return quotes(s, false) }

func quotes(s string, isKey bool) byte {
	a := analyze(s)
	switch {
	case Tag(s) == "str" && a.plain && (!isKey || !a.multiline):
		return 0
	case strings.ContainsAny(s, "'\n"), !a.single, isKey && a.multiline:
		return '"'
	}
	return '\''
}

// Multiline reports whether a text has line breaks.
func Multiline(s string) bool { return strings.ContainsFunc(s, isBreak) }

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
